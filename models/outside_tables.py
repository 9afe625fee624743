"""Figures outside the training sources as tables: for the command line, and as a section of a model card."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import attrgetter

from data.labelled.outside import NOT_STATED, OutsideTruth
from models.outside import AnswerWord, OutsideCase, OutsideEvaluation
from models.statistics.estimate import Estimate
from models.statistics.proportions import proportion

HEADING = "## Figures outside the training sources"
_NEXT = "\n## "
_VERSION = "## This version"
_ALL = "all"
_PARTS: Mapping[str, Callable[[OutsideCase], str]] = {
    name: attrgetter(name) for name in ("kind", "sequence", "source", "age")
}
_ORDER = list(OutsideTruth)
_MOST_FAILURES = 40
MEANINGS = {
    "false_alarms": "healthy pictures in which the {finding} is said to be found",
    "specificity": "healthy pictures that are said to have none",
    "recall": "pictures with the {finding} in which it is found",
    "missed": "pictures with the {finding} that are said to have none",
    "other_disease_found": "pictures of other disease in which the {finding} is said to be found",
    "uncertain": 'pictures that should be read, answered with "uncertain"',
    "auc": "area under the ROC curve, healthy against {finding}",
    "dice": "Dice of the pictures whose tumour was outlined by a person, mean; a miss counts as 0",
    "refused": "pictures of the right part and view that are refused, mostly for their sequence",
    "wrong_refused": "wrong pictures that are refused, as they should be",
}
_RIM = (
    "Dice is of pictures that a person outlined. Where only the enhancing rim is outlined ({count} of {n} "
    "here, as the index says), Dice is too low by what lies inside and around the rim."
)

Table = list[list[str]]
"""Rows of cells; the first is the head."""


def figure_table(figures: Mapping[str, Estimate], finding: str) -> Table:
    """A row a figure, with its interval, n and meaning."""
    rows = [["figure", "value", "95 % interval", "n", "meaning"]]
    for name, figure in figures.items():
        what, _, part = name.partition(", ")
        meaning = MEANINGS[what].format(finding=finding) if not part else ""
        rows.append([name, f"{figure.value:.3f}", _interval(figure), str(figure.n), meaning])
    return rows


def answer_table(cases: Sequence[OutsideCase], finding: str) -> Table:
    """How each group was answered, then by kind, sequence, source and age; shares are of those read."""
    by = {name: of for name, of in _PARTS.items() if {of(case) for case in cases} != {NOT_STATED}}
    rows = [["group", *by, "n", "refused", f"{finding} found", "uncertain", "not found"]]
    for part in _parts(cases):
        group = finding if part[0].truth is OutsideTruth.ILL else part[0].truth.value
        read = [case for case in part if case.read]
        said = [
            _said(read, answer) for answer in (AnswerWord.FOUND, AnswerWord.UNCERTAIN, AnswerWord.NOT_FOUND)
        ]
        rows.append([group, *(_shared(part, of) for of in by.values()), str(len(part)), _unread(part), *said])
    return rows


def text(evaluation: OutsideEvaluation, finding: str) -> str:
    """All tables for a terminal."""
    tables = [figure_table(evaluation.figures(), finding), answer_table(evaluation.cases, finding)]
    if evaluation.groups():
        tables.insert(1, figure_table(evaluation.groups(), finding))
    return "\n\n".join(_aligned(table) for table in tables) + "\n"


def section(evaluation: OutsideEvaluation, finding: str) -> str:
    """The section of a model card, in markdown."""
    groups = evaluation.groups()
    lines = [
        HEADING,
        "",
        f"{len(evaluation.cases)} files from other sources than those that were trained on, each taken "
        "through the whole reading: decoder, suitability gate, network and decision. Shares are of what was "
        "read. Several pictures may be of the same patient, so that intervals are rather too narrow.",
        *_on_outlines(evaluation.cases),
        "",
        *_markdown(figure_table(evaluation.figures(), finding)),
        *(["", "### By source and age", "", *_markdown(figure_table(groups, finding))] if groups else []),
        "",
        "### Answers by group",
        "",
        *_markdown(answer_table(evaluation.cases, finding)),
        "",
        "### What went wrong",
        "",
        *_failures(evaluation.cases, finding),
    ]
    return "\n".join(lines) + "\n"


def _on_outlines(cases: Sequence[OutsideCase]) -> list[str]:
    """What to know of the masks, where there are any."""
    outlined = [case for case in cases if case.dice is not None]
    partly = sum("enhancing" in case.doubt for case in outlined)
    return ["", _RIM.format(count=partly, n=len(outlined))] if outlined else []


def on_card(card: str, outside: str) -> str:
    """The card with this section in the place of an earlier one, else before what is said of the version."""
    before, heading, after = card.partition(HEADING)
    if heading:
        _, following, rest = after.partition(_NEXT)
        card = before + (following.lstrip("\n") + rest if following else "")
    before, version, rest = card.partition(_VERSION)
    return f"{before.rstrip()}\n\n{outside}" + (f"\n{version}{rest}" if version else "")


def _parts(cases: Sequence[OutsideCase]) -> Iterator[list[OutsideCase]]:
    """Groups, and their parts, each set of cases once; what a part shares is told of it."""
    for truth in _ORDER:
        yield from _divided([case for case in cases if case.truth is truth], list(_PARTS.values()))


def _divided(
    cases: list[OutsideCase], by: Sequence[Callable[[OutsideCase], str]]
) -> Iterator[list[OutsideCase]]:
    if not cases:
        return
    yield cases
    for depth, of in enumerate(by):
        values = sorted({of(case) for case in cases})
        if len(values) > 1:
            for value in values:
                yield from _divided([case for case in cases if of(case) == value], by[depth + 1 :])
            return


def _shared(cases: Sequence[OutsideCase], of: Callable[[OutsideCase], str]) -> str:
    values = {of(case) for case in cases}
    return values.pop() if len(values) == 1 else _ALL


def _said(read: Sequence[OutsideCase], answer: AnswerWord) -> str:
    hits = sum(case.answer is answer for case in read)
    if not read:
        return ""
    share = proportion(hits, len(read))
    return f"{hits}: {share.value:.1%} ({share.low:.1%} to {share.high:.1%})"


def _unread(cases: Sequence[OutsideCase]) -> str:
    """How many were not read by this task, and why."""
    reasons = Counter(case.reason or case.answer.value for case in cases if not case.read)
    why = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common())
    return f"{reasons.total()} ({why})" if reasons else "0"


def _failures(cases: Sequence[OutsideCase], finding: str) -> list[str]:
    failed = [case for case in cases if _failure(case, finding)]
    failed.sort(key=lambda case: (_ORDER.index(case.truth), -abs((case.probability or 0.5) - 0.5), case.name))
    lines = [
        f"- `{case.name}` ({case.kind}, {case.sequence}, {case.source}; {case.words}): "
        + _failure(case, finding)
        + ("" if case.probability is None else f", probability {case.probability:.2f}")
        for case in failed[:_MOST_FAILURES]
    ]
    if len(failed) > _MOST_FAILURES:
        lines.append(f"- and {len(failed) - _MOST_FAILURES} others, named in `outside.json`")
    return lines or ["Nothing."]


def _failure(case: OutsideCase, finding: str) -> str:
    """What went wrong with a case in words; empty where nothing did."""
    if case.truth is OutsideTruth.WRONG:
        return "" if case.answer is AnswerWord.REFUSED else "should have been refused"
    if case.answer is AnswerWord.OTHER_TASK:
        return case.answer.value
    if case.truth is OutsideTruth.ILL:
        return f"{finding} missed" if case.answer is AnswerWord.NOT_FOUND else ""
    return f"called {finding}" if case.answer is AnswerWord.FOUND else ""


def _interval(figure: Estimate) -> str:
    return f"{figure.low:.3f} to {figure.high:.3f}" if math.isfinite(figure.low + figure.high) else ""


def _markdown(table: Table) -> list[str]:
    head, *rows = [[cell.replace("|", "/") for cell in row] for row in table]
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]


def _aligned(table: Table) -> str:
    widths = [max(len(cell) for cell in column) for column in zip(*table, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in table)
    return "\n".join(line.rstrip() for line in lines)
