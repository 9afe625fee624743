"""Numbers as people read them, on pages and on paper: shares in per cent, Dice and AUC as fractions of 1."""

from __future__ import annotations


class Worded(float):
    """A number that knows how it is printed; a report's JSON has it as it is."""

    def words(self) -> str:
        """The number as it is printed."""
        raise NotImplementedError


class Fraction(Worded):
    """What is no share (Dice, AUC, a calibration error), of 1: always three decimals."""

    def words(self) -> str:
        """The fraction as it is printed."""
        return fraction_words(self)


class FractionDifference(Worded):
    """A difference of two fractions, -1 to 1, with its sign."""

    def words(self) -> str:
        """The difference as it is printed."""
        return f"{self:+.3f}"


class Share(Worded):
    """A share, 0 to 1: a report prints it in per cent, and its JSON has it as it is."""

    def words(self) -> str:
        """The share as it is printed."""
        return share_words(self)


class ShareDifference(Share):
    """A difference of two shares, -1 to 1: it is printed in percentage points."""

    def words(self) -> str:
        """The difference as it is printed."""
        return points_words(self)


def share_words(share: float) -> str:
    """A share, 0 to 1, in per cent: "85.7 %"."""
    return f"{100 * share:.1f} %"


def share_interval_words(low: float, high: float) -> str:
    """The interval of a share in per cent: "3.5 to 36.0 %"."""
    return f"{100 * low:.1f} to {share_words(high)}"


def points_words(difference: float, unit: str = " points") -> str:
    """A difference of two shares in percentage points, with its sign: "+3.2 points"."""
    return f"{100 * difference:+.1f}{unit}"


def fraction_words(value: float) -> str:
    """What is no share (Dice, AUC, a calibration error, a probability), of 1: "0.857"."""
    return f"{value:.3f}"
