"""What was made for a demonstration, told apart from what is of real people: the word for it, and counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

SYNTHETIC = "SYNTHETIC"
"""What stands beside whatever is of nobody."""


@dataclass(frozen=True)
class KindCount:
    """How many there are of real scans, and of those that were made for a demonstration."""

    real: int = 0
    synthetic: int = 0

    @property
    def any(self) -> bool:
        """Whether there is one at all."""
        return bool(self.real or self.synthetic)

    @property
    def words(self) -> str:
        """The numbers side by side, never their sum: "12", "12 and 3 SYNTHETIC", "3 SYNTHETIC", "0"."""
        made = [f"{grouped(self.synthetic)} {SYNTHETIC}"] if self.synthetic else []
        real = [grouped(self.real)] if self.real or not made else []
        return " and ".join([*real, *made])

    def of(self, singular: str, plural: str) -> str:
        """The same of things: "12 scans and 1 SYNTHETIC scan", "0 scans"."""
        kinds = ((self.real, ""), (self.synthetic, f"{SYNTHETIC} "))
        said = [f"{grouped(n)} {kind}{singular if n == 1 else plural}" for n, kind in kinds if n]
        return " and ".join(said) or f"0 {plural}"

    @classmethod
    def counted(cls, made: Iterable[bool]) -> KindCount:
        """Of things, of each of which is said whether it is made."""
        kinds = Counter(map(bool, made))
        return cls(kinds[False], kinds[True])

    def plus(self, other: KindCount) -> KindCount:
        """Both together, each kind for itself."""
        return KindCount(self.real + other.real, self.synthetic + other.synthetic)


def grouped(number: int) -> str:
    """A count with its thousands apart, as pages write it."""
    return f"{number:,}".replace(",", "\u202f")


def marked_name(name: str, synthetic: bool) -> str:
    """A file's name, or how it begins, that says first where it is of a made scan."""
    return f"{SYNTHETIC}-{name}" if synthetic else name


def marked(title: str, synthetic: bool) -> str:
    """A title that says first where it is of made scans."""
    return f"{SYNTHETIC}: {title}" if synthetic else title
