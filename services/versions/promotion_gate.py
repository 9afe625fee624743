"""The gate before a promotion: recall and Dice must not be worse beyond a margin, by interval.

This is a test of non-inferiority: that nothing worse was seen is not enough; the 95 % interval of
the paired difference must lie above what would be tolerated. With too few truths it cannot, and
then the gate says that it cannot tell, which is not a pass.
"""

from __future__ import annotations

from dataclasses import dataclass

from data.records import Check, Gate, GateVerdict, Paired, Rehearsal
from models.statistics.paired import same_in_all
from services.versions.rehearser import DICE, RECALL

NAMES = {RECALL: "recall", DICE: "Dice"}


@dataclass(frozen=True)
class Margins:
    """By how much a number may be worse, and how many truths are needed at least."""

    recall: float = 0.05
    dice: float = 0.03
    least_truths: int = 20

    def of(self, name: str) -> float:
        """The margin of recall or Dice."""
        return self.recall if name == RECALL else self.dice


def judged(rehearsal: Rehearsal, margins: Margins, *, draws: bool) -> Gate:
    """What the gate says of a rehearsal; `draws` where the task draws masks, so that Dice counts."""
    known = {one.name: one for one in rehearsal.paired}
    checks = tuple(
        _check(name, known.get(name), margins) for name in (RECALL, DICE) if draws or name == RECALL
    )
    failed = [check for check in checks if check.verdict is GateVerdict.FAIL]
    unknown = [check for check in checks if check.verdict is GateVerdict.CANNOT_TELL]
    unread = len(rehearsal.failed)
    if unread:
        sentence = f"It could not read {unread} of {unread + len(rehearsal.differences)} scans."
        verdict = GateVerdict.FAIL
    elif failed:
        verdict, sentence = GateVerdict.FAIL, " ".join(one.sentence for one in failed)
    elif unknown:
        verdict, sentence = GateVerdict.CANNOT_TELL, " ".join(one.sentence for one in unknown)
    else:
        verdict, sentence = GateVerdict.PASS, " ".join(check.sentence for check in checks)
    return Gate(verdict, _on_what(rehearsal) + sentence, rehearsal.id, checks)


def truths_needed(margin: float) -> int:
    """How many truths with a finding make recall pass if the versions differ on none of them."""
    return same_in_all(margin)


def _check(name: str, pair: Paired | None, margins: Margins) -> Check:
    margin = margins.of(name)
    if pair is None or pair.n < margins.least_truths:
        n = 0 if pair is None else pair.n
        return Check(name, None, None, None, n, margin, GateVerdict.CANNOT_TELL, _too_few(name, n, margins))
    verdict = _verdict(pair, margin)
    return Check(
        name,
        pair.difference,
        pair.low,
        pair.high,
        pair.n,
        margin,
        verdict,
        _sentence(name, pair, margin, verdict),
    )


def _verdict(pair: Paired, margin: float) -> GateVerdict:
    if pair.low > -margin:
        return GateVerdict.PASS
    worse = pair.difference < -margin or pair.high < 0
    return GateVerdict.FAIL if worse else GateVerdict.CANNOT_TELL


def _sentence(name: str, pair: Paired, margin: float, verdict: GateVerdict) -> str:
    changed = f"{NAMES[name].capitalize() if name == RECALL else 'Dice'} changes by {pair.difference:+.3f}"
    interval = f"(95 % interval {pair.low:+.3f} to {pair.high:+.3f}, n = {pair.n})"
    if verdict is GateVerdict.PASS:
        return f"{changed} {interval}, which is not worse beyond the margin of {margin:.2f}."
    if verdict is GateVerdict.FAIL:
        return f"{changed} {interval}, which is worse than the margin of {margin:.2f} allows."
    return (
        f"{changed} {interval}: the interval reaches below the margin of -{margin:.2f}, so more scans with a "
        "known truth are needed to tell."
    )


def _too_few(name: str, n: int, margins: Margins) -> str:
    if name == RECALL:
        needed = max(margins.least_truths, truths_needed(margins.recall))
        known = f"{n} scans with a finding and a known truth"
        return f"Recall cannot be told from {known}; about {needed} are needed."
    return f"Dice cannot be told from {n} scans with a mask by a person; {margins.least_truths} are needed."


def _on_what(rehearsal: Rehearsal) -> str:
    return "On SYNTHETIC scans only: " if rehearsal.synthetic else ""
