"""A signed record of local acceptance on paper: what was signed, for the committee that reads it.

It is made of the record as the audience may read it, so that PDF and JSON say the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from data.codec import from_json
from data.database import now
from data.records import NOTICE, VERSION, AcceptanceLimits, AcceptanceVerdict, User
from models.statistics.estimate import Estimate
from reports.document import Block, Cell, Chapter, Document, Paragraph, Table
from reports.time_words import clock
from services.acceptance.findings import REFUSED, Criterion
from services.acceptance.testing import AcceptanceTests
from services.acceptance.words import (
    EARLIER_RULE,
    HOW_MANY,
    TRUTH,
    VERDICT_WORDS,
    asked_words,
    limits_words,
    more_words,
)
from services.cohort.small_numbers import WITHHELD, audience_asked
from services.evaluations.trained_on import FEW_NOT_COUNTED, UNKNOWN_TRAINING, trained_on_words
from services.performance.metrics import WITH_GOALS
from services.performance.number_words import interval_words, value_words
from services.reporting.reports import File, Reporting
from services.standing.acceptances import scanner_words, sha256_of
from services.task_words import words_of

PDF = "application/pdf"
_AGAINST = {"recall": "missed", "specificity": "false alarms", REFUSED: "not read"}


def record_pdf(
    tests: AcceptanceTests, reporting: Reporting, test_id: str, user: User, audience: str | None
) -> File:
    """The record as PDF, signed with the house's certificate where one is set.

    For handing on unless `audience` is "inside". Raises as `AcceptanceTests.record` does.
    """
    record = tests.record(test_id, user, audience).decode()
    said, readers = json.loads(record), audience_asked(audience, user)
    # For handing on it names the record that the house keeps; inside the house it is that record.
    sha256 = said.get("record_sha256") or sha256_of(record)
    content = reporting.signed_pdf(document(said, sha256, readers.words, now()))
    return File(f"lightbox-acceptance-{test_id[:8]}.pdf", content, PDF)


def document(said: Mapping[str, Any], sha256: str, small_numbers: str, at: datetime) -> Document:
    """The record's words and numbers; `sha256` is of the whole record, which the house keeps."""
    task, scanner = words_of(said["task"]).label, scanner_words(said["scanner"])
    signed, verdict = said["signed_by"], AcceptanceVerdict(said["verdict"])
    facts = {
        "Verdict": VERDICT_WORDS[verdict],
        "Task": task,
        "Version": said["version"],
        "Scanner": scanner,
        "Signed by": f"{signed['name']}, {signed['role']}",
        "Signed": _time(said["signed_at"]),
        "Why": said["why"],
        "Weights, SHA-256": said["weights_sha256"],
        "Record, SHA-256": sha256,
        "Small numbers": small_numbers,
        "Made": clock(at),
        "Lightbox": VERSION,
    }
    title = f"Local acceptance of {task}, version {said['version']}, on {scanner}"
    chapters = [_verdict(said, verdict), _protocol(said), _cases(said), _people(said), _hash(sha256)]
    return Document(title, facts, chapters, facts["Made"], NOTICE)


def _verdict(said: Mapping[str, Any], verdict: AcceptanceVerdict) -> Chapter:
    criteria = [_criterion(each) for each in said["criteria"]]
    hidden = [bool(each.get("withheld")) for each in said["criteria"]]
    head = ("Figure", "Interval asked", "Reached", "95 % interval", "n", "Least n", "Verdict")
    rows = [_row(each, few) for each, few in zip(criteria, hidden, strict=True)]
    more = [
        Paragraph(f"{WITH_GOALS[each.metric].label}: {words}", "point")
        for each, few in zip(criteria, hidden, strict=True)
        if not few and (words := more_words(each))
    ]
    rule = said.get("rule") or EARLIER_RULE
    blocks: list[Block] = [
        Paragraph(VERDICT_WORDS[verdict], "heading"),
        Table(head, rows, texts=len(head)),
        *more,
        Paragraph(f"{rule} {HOW_MANY}" if more else rule, "small"),
    ]
    return Chapter("What the test came to", blocks)


def _row(criterion: Criterion, few: bool) -> list[Cell]:
    metric, figure = WITH_GOALS[criterion.metric], criterion.figure
    reached: list[Cell] = [WITHHELD] * 3 if few else [
        value_words(metric, figure.value if figure.n else None),
        interval_words(metric, figure.low, figure.high) if figure.n else "–",
        f"{figure.n:,}",
    ]  # fmt: skip
    verdict = VERDICT_WORDS[criterion.verdict]
    asked = asked_words(criterion).removeprefix("interval ")
    return [metric.label, asked, *reached, f"{criterion.least:,}", verdict]


def _protocol(said: Mapping[str, Any]) -> Chapter:
    protocol = said["protocol"]
    limits: AcceptanceLimits = from_json(AcceptanceLimits, json.dumps(protocol["limits"]))
    by = f"Revision {protocol['revision']}, fixed by {protocol['fixed_by']} on {_time(protocol['fixed_at'])}"
    began = _time(said["begun_at"])
    return Chapter(
        "The protocol, fixed before the test",
        [
            Paragraph(f"{by}: “{protocol['why']}”"),
            *(Paragraph(words, "point") for words in limits_words(limits)),
            Paragraph(f"The test began on {began}, after that. {_before(said['earlier_tests'])}"),
        ],
    )


def _cases(said: Mapping[str, Any]) -> Chapter:
    blocks: list[Block] = [Paragraph(TRUTH)]
    for each in said["criteria"]:
        if "scan_ids" in each and each["scan_ids"]:  # inside the house alone
            named = ", ".join(scan_id[:8] for scan_id in each["scan_ids"])
            blocks.append(Paragraph(f"{len(each['scan_ids'])} {_AGAINST[each['metric']]}: {named}", "point"))
    trained = said.get("trained_on")
    if trained is None:
        words = "The record was signed before it said whether the version was trained on any of the cases."
    elif not trained["known"]:
        words = UNKNOWN_TRAINING
    elif trained["count"] is None:
        words = FEW_NOT_COUNTED
    else:
        words = trained_on_words(trained["count"])
        named = ", ".join(scan_id[:8] for scan_id in trained.get("scan_ids", ()))
        words = f"{words} {named}".strip()
    return Chapter("The cases", [*blocks, Paragraph(words)])


def _people(said: Mapping[str, Any]) -> Chapter:
    signed = f"{said['signed_by']['name']}, {said['signed_by']['role']}"
    rows: list[list[Cell]] = [
        ["Fixed the limits", said["protocol"]["fixed_by"], _time(said["protocol"]["fixed_at"])],
        ["Began the test", said["begun_by"], _time(said["begun_at"])],
        ["Signed", signed, _time(said["signed_at"])],
    ]
    blocks: list[Block] = [Table(("What", "Who", "When"), rows, texts=3)]
    duties = said.get("duties")
    if duties is not None:
        demanded = "demanded" if duties["second_person_demanded"] else "did not demand"
        blocks.append(Paragraph(f"{duties['words']} The house {demanded} a second person for signing."))
    blocks.append(Paragraph(f"{said['signed_by']['name']} signed with these words: “{said['why']}”"))
    return Chapter("Who did what", blocks)


def _hash(sha256: str) -> Chapter:
    return Chapter(
        "The record behind this paper",
        [
            Paragraph(
                f"The house keeps the record that was signed. Its SHA-256 is {sha256}; the same stands in "
                "the audit trail, at the moment of signing. A record that was changed since accepts nothing."
            )
        ],
    )


def _criterion(said: Mapping[str, Any]) -> Criterion:
    figure = Estimate(0.0, 0.0, 1.0, 0) if said["figure"] is None else Estimate.of_plain(said["figure"])
    verdict = AcceptanceVerdict(said["verdict"])
    more = said.get("more")
    return Criterion(said["metric"], figure, said["limit"], said["least"], verdict, (), more)


def _before(n: int) -> str:
    if not n:
        return "It is the first test of this version on this scanner."
    return f"The version was tested on this scanner {'once' if n == 1 else f'{n} times'} before."


def _time(moment: str) -> str:
    return clock(datetime.fromisoformat(moment))
