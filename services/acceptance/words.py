"""Local acceptance in words: limits, verdicts, and what more it takes; of pages, papers and alerts."""

from __future__ import annotations

from data.records import AcceptanceLimits, AcceptanceVerdict
from models.statistics.limits import cases_for_share
from reports.number_words import fraction_words, share_words
from services.acceptance.findings import DICE, REFUSED, Criterion

VERDICT_WORDS = {
    AcceptanceVerdict.PASSED: "Passed",
    AcceptanceVerdict.NOT_PASSED: "Not passed",
    AcceptanceVerdict.CANNOT_TELL: "Cannot tell: the limit lies within the interval",
    AcceptanceVerdict.TOO_FEW: "Cannot tell: too few cases",
}
RULE = (
    "Passed where the whole 95 % interval keeps the limit, not passed where none of it does, else it cannot "
    "be told. Only passed accepts."
)
EARLIER_RULE = (
    "This record was signed under an earlier rule: “not passed” was also said where the limit lies within "
    "the interval, and the share of refused scans was held against its limit without its interval. It "
    "keeps its verdict."
)
TRUTH = (
    "Counted are real scans of this scanner that somebody reviewed, against what the house holds to be true. "
    "A scan that nobody reviewed says nothing here, and reviewers had seen what the version that was live "
    "then said."
)
HOW_MANY = (
    "How many more cases would tell is an estimate: of shares by Wilson's interval (the score test, Wilson "
    "1927), of mean Dice by Student's, as if the figure stayed what it is now."
)


def limits_words(limits: AcceptanceLimits) -> list[str]:
    """Each limit as a sentence, with its unit."""
    low = "the lower end of its 95 % interval is"
    words = [
        f"Recall: {low} {_per_cent(limits.recall)} or more, of at least "
        f"{limits.least_with:,} cases with the finding.",
        f"Specificity: {low} {_per_cent(limits.specificity)} or more, of at least "
        f"{limits.least_without:,} cases without it.",
    ]
    if limits.dice is not None:
        words.append(
            f"Mean Dice: {low} {limits.dice:.3f} or more, of at least {limits.least_masks:,} cases "
            "with a mask that a person drew."
        )
    if limits.most_refused is not None:
        words.append(_refused_words(limits.most_refused))
    return words


def asked_words(criterion: Criterion) -> str:
    """What is asked of a figure's interval, for a cell."""
    limit = fraction_words(criterion.limit) if criterion.metric == DICE else share_words(criterion.limit)
    return f"interval up to {limit}" if criterion.metric == REFUSED else f"interval from {limit} on"


def more_words(criterion: Criterion) -> str:
    """About how many more cases would tell; nothing where it can be told."""
    if criterion.verdict is AcceptanceVerdict.TOO_FEW and criterion.more is not None:
        return f"At least {criterion.more:,} more {_cases(criterion)} needed."
    if criterion.verdict is not AcceptanceVerdict.CANNOT_TELL:
        return ""
    if criterion.more is None:
        return "More cases would hardly tell: what was reached is too near the limit."
    then = VERDICT_WORDS[AcceptanceVerdict.PASSED if criterion.keeps else AcceptanceVerdict.NOT_PASSED]
    return (
        f"About {criterion.more:,} more {_cases(criterion)} would tell ({then.lower()}), if the figure stays "
        "as it is."
    )


def _cases(criterion: Criterion) -> str:
    word = "scan" if criterion.metric == REFUSED else "case"
    return word if criterion.more == 1 else f"{word}s"


def _refused_words(limit: float) -> str:
    least = cases_for_share(0.0, limit)
    takes = "" if least is None else f", which takes {least:,} scans or more even where none is refused"
    return f"Refused scans: the upper end of its 95 % interval is {_per_cent(limit)} or less{takes}."


def _per_cent(share: float) -> str:
    return f"{100 * share:g} %"
