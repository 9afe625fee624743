"""A test as people see it, the record that is signed of it, and the record as a file."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from data.records import AcceptanceProtocol, AcceptanceTest, AcceptanceVerdict, Evaluation, User
from models.statistics.estimate import Estimate, undefined
from services.acceptance.duties import Duty, duties_of, same_person_words
from services.acceptance.findings import DICE, Criterion
from services.acceptance.words import RULE
from services.cohort.small_numbers import Audience, small
from services.permissions import role_name
from services.standing.acceptances import is_as_signed, sha256_of

WITHOUT = (
    "Without the ids of scans, the evaluation and numbers that stand for fewer than 5 cases. The SHA-256 is "
    "of the whole record, which the house keeps."
)


@dataclass(frozen=True)
class ListedTest:
    """A test in a list: how far it is, and what was signed; nothing is counted for it."""

    test: AcceptanceTest
    protocol: AcceptanceProtocol
    evaluation: Evaluation
    as_signed: bool | None  # whether the record is what was signed; None where nobody has signed


@dataclass(frozen=True)
class AcceptanceView:
    """A test as people see it: as it stands, or, where it is signed, as it was signed."""

    test: AcceptanceTest
    protocol: AcceptanceProtocol
    evaluation: Evaluation
    criteria: tuple[Criterion, ...]  # none while it is being read
    verdict: AcceptanceVerdict | None
    as_signed: bool | None  # whether the record is what was signed; None where nobody has signed
    before: int  # tests of the same version on the same scanner that began earlier

    @property
    def duties(self) -> tuple[Duty, ...]:
        """Who did what for it so far."""
        return duties_of(self.protocol, self.test)

    @property
    def numbers_sha256(self) -> str:
        """The hash of the numbers, which whoever signs gives back."""
        return sha256_of(canonical([_plain(criterion) for criterion in self.criteria]))


@dataclass(frozen=True)
class Signature:
    """Who signed a record, in which role, and why."""

    name: str
    signed_as: str
    why: str


def signature(test: AcceptanceTest) -> Signature | None:
    """The signature in a test's record; None where nobody has signed, or it is not what was signed."""
    if test.content is None or not is_as_signed(test):
        return None
    said = json.loads(test.content)
    return Signature(said["signed_by"]["name"], said["signed_by"]["role"], said["why"])


def of_earlier_rule(test: AcceptanceTest) -> bool:
    """Whether a record was signed when "not passed" was also said where it cannot be told."""
    return test.content is not None and "rule" not in json.loads(test.content)


def withheld(criterion: Criterion, audience: Audience) -> bool:
    """Whether a figure stands for too few to be told this audience: its cases, its hits or its misses."""
    n, value = criterion.figure.n, criterion.figure.value
    if not audience.withholds or not n:
        return False
    hits = 0 if criterion.metric == DICE or not math.isfinite(value) else round(value * n)
    return small(n) or small(hits) or small(n - hits)


def for_audience(made: tuple[Criterion, ...], audience: Audience) -> tuple[Criterion, ...]:
    """The criteria as an audience may read them: outside without scans, and without figures of few."""
    if not audience.withholds:
        return made
    return tuple(
        replace(each, scan_ids=(), figure=undefined(), more=None)
        if withheld(each, audience)
        else replace(each, scan_ids=())
        for each in made
    )


def record_file(test: AcceptanceTest, audience: Audience) -> bytes:
    """A signed record as JSON: inside byte for byte what was signed, outside without what tells of few."""
    assert test.content is not None
    if not audience.withholds:
        return test.content.encode()
    said = json.loads(test.content)
    del said["evaluation"]
    if (trained := said.get("trained_on")) is not None:  # records of before do not say
        del trained["scan_ids"]
        trained["count"] = None if small(trained["count"]) else trained["count"]
    for criterion, each in zip(said["criteria"], signed_criteria(test.content), strict=True):
        del criterion["scan_ids"]
        criterion["withheld"] = withheld(each, audience)
        if criterion["withheld"]:
            criterion["figure"] = None
            criterion["more"] = None
    return json.dumps(said | {"record_sha256": test.sha256, "note": WITHOUT}, indent=1).encode()


def record_of(
    view: AcceptanceView,
    verdict: AcceptanceVerdict,
    why: str,
    user: User,
    at: datetime,
    *,
    second_person: bool = False,
) -> dict[str, Any]:
    """What is signed: the version, the limits and who fixed them, the numbers, and who signs.

    `second_person` says whether the house demanded one.
    """
    test, protocol = view.test, view.protocol
    duties = duties_of(protocol, test, user)
    return {
        "id": test.id,
        "task": test.task,
        "version": test.version,
        "weights_sha256": view.evaluation.weights_sha256,
        "scanner": test.scanner,
        "protocol": {
            "revision": protocol.revision,
            "limits": asdict(protocol.limits),
            "fixed_by": protocol.set_name,
            "fixed_at": protocol.set_at.isoformat(),
            "why": protocol.why,
        },
        "begun_by": test.asked_name,
        "begun_at": test.asked_at.isoformat(),
        "earlier_tests": view.before,
        "evaluation": test.evaluation_id,
        "criteria": [_plain(criterion) for criterion in view.criteria],
        "verdict": verdict.value,
        "rule": RULE,
        "signed_by": {"id": user.id, "name": user.display_name, "role": role_name(user)},
        "signed_at": at.isoformat(),
        "why": why,
        "duties": {
            "done": [asdict(duty) for duty in duties],
            "words": same_person_words(duties),
            "second_person_demanded": second_person,
        },
        "trained_on": {
            "known": test.trained_on is not None,
            "count": len(test.trained_on or ()),
            "scan_ids": list(test.trained_on or ()),
        },
    }


def _plain(criterion: Criterion) -> dict[str, Any]:
    said = {"figure": criterion.figure.plain(), "verdict": criterion.verdict.value}
    names = {"metric": criterion.metric, "limit": criterion.limit, "least": criterion.least}
    return names | said | {"more": criterion.more, "scan_ids": sorted(criterion.scan_ids)}


def signed_criteria(content: str) -> tuple[Criterion, ...]:
    """The criteria of a record that is as it was signed."""
    return tuple(
        Criterion(
            said["metric"],
            Estimate.of_plain(said["figure"]),
            said["limit"],
            said["least"],
            AcceptanceVerdict(said["verdict"]),
            tuple(said["scan_ids"]),
            said.get("more"),  # records of before do not say
        )
        for said in json.loads(content)["criteria"]
    )


def canonical(content: Any) -> str:
    """JSON that is always the same text for the same content, so that its hash is too."""
    return json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
