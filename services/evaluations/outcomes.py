"""What an evaluation comes to: figures of scans whose truth is known, and two evaluations side by side."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from data.errors import InvalidInput, NotFound, TrackingAway
from data.ledger.blinding import Hidden
from data.ledger.judgements import JudgementStore
from data.records import (
    Evaluation,
    EvaluationReading,
    EvaluationState,
    Judgement,
    Judgements,
    OtherReading,
    ScanSetKind,
    User,
    Verdict,
)
from data.stores.evaluations import EvaluationStore
from data.stores.reviews import ReviewStore
from data.stores.scans import ScanStore
from models.statistics.estimate import Estimate
from services import addresses
from services.cohort.cohort import HiddenFrom
from services.evaluations.evaluations import Evaluations
from services.evaluations.trained_on import TrainedOn
from services.permissions import Permission, require
from services.statistics.pairing import PairedVersions, paired
from services.statistics.scoring import scored, wrongness

UNFINISHED = "It is not finished, and what it comes to is said at its end."


@dataclass(frozen=True)
class SetCase:
    """One scan of a set: what was said of it, and what is true as far as that is known."""

    reading: EvaluationReading
    truth_positive: bool | None
    dice: float | None  # with what a person drew, where that still counts


@dataclass(frozen=True)
class SetOutcome:
    """A finished evaluation in numbers. `figures` are of the `known` scans, cases the most wrong first."""

    evaluation: Evaluation
    read: int
    known: int
    positives: int  # called positive, of all that were read
    failed: int
    figures: dict[str, Estimate]
    cases: tuple[SetCase, ...]
    trained_on: int = 0  # scans that are left out: the version was trained on their patients


class Outcomes:
    """Computes; changes nothing."""

    def __init__(
        self,
        evaluations: Evaluations,
        store: EvaluationStore,
        judgements: JudgementStore,
        reviews: ReviewStore,
        scans: ScanStore,
        hidden: HiddenFrom,
        trained_on: TrainedOn,
    ) -> None:
        """`hidden` says what a person is not to know yet, `trained_on` what a version knows already."""
        self._evaluations = evaluations
        self._store = store
        self._judgements = judgements
        self._reviews = reviews
        self._scans = scans
        self._hidden = hidden
        self._trained_on = trained_on

    def of(self, evaluation_id: str, user: User, without: Collection[str] = ()) -> SetOutcome:
        """What a person may know of a finished one, some of its scans left out.

        Those of patients whom the version was trained on always are, as far as its run says so.
        Raises NotAllowed, NotFound, InvalidInput.
        """
        require(user, Permission.SEE_MODELS)
        return self._outcome(self._finished(evaluation_id, user), self._hidden(user), frozenset(without))

    def for_everybody(self, evaluation: Evaluation) -> SetOutcome:
        """The same for the command line: without what any reader is not to know yet."""
        return self._outcome(evaluation, self._hidden(None))

    def others(self, evaluation: Evaluation, user: User) -> list[Evaluation]:
        """Finished ones of other versions on a set of the same name, newest first; raises NotAllowed."""
        require(user, Permission.SEE_MODELS)
        return [
            other
            for other in self._evaluations.recent(user, 500)
            if other.state is EvaluationState.DONE
            and other.task == evaluation.task
            and (other.chosen.kind, other.chosen.key) == (evaluation.chosen.kind, evaluation.chosen.key)
            and other.version != evaluation.version
        ]

    def beside(self, first_id: str, second_id: str, user: User) -> PairedVersions:
        """Two finished ones on the scans that both have read and whose truth is known; second less first.

        Raises NotAllowed, NotFound, and InvalidInput where they are of different tasks, or one of real scans
        and one of synthetic ones.
        """
        require(user, Permission.SEE_MODELS)
        first, second = (self._finished(each, user) for each in (first_id, second_id))
        if first.task != second.task or first.chosen.synthetic != second.chosen.synthetic:
            raise InvalidInput("These two cannot be compared: they are not of the same kind of scans.")
        sides = [self._counting_cases(each, self._hidden(user)) for each in (first, second)]
        both = sorted(sides[0].keys() & sides[1].keys())
        return paired(
            _judgements(first, [sides[0][name] for name in both]),
            _judgements(second, [sides[1][name] for name in both]),
        )

    def readings_of(self, task: str, version: str) -> dict[str, OtherReading]:
        """What a version said of scans of the house in finished evaluations, by scan; the latest counts.

        Without scans of patients whom it was trained on.
        """
        said: dict[str, OtherReading] = {}
        for evaluation in self._store.finished(task, version):
            if evaluation.chosen.kind is ScanSetKind.OUTSIDE:
                continue
            for each in self._store.readings(evaluation.id):
                if each.scan_id is not None and each.probability is not None:
                    said[each.scan_id] = _other(evaluation, each)
        learnt = self._learnt(task, version, list(said))
        return {scan_id: other for scan_id, other in said.items() if scan_id not in learnt}

    def _outcome(
        self, evaluation: Evaluation, hidden: Hidden, without: frozenset[str] = frozenset()
    ) -> SetOutcome:
        all_cases = self._cases(evaluation, hidden)
        learnt = self._learnt_of(evaluation, all_cases)
        cases = [case for case in all_cases if case.reading.scan_id not in without | learnt]
        answered = [case for case in cases if case.reading.failure is None]
        judged = _judgements(evaluation, answered)
        wrong = dict(zip(judged.scan_id, wrongness(judged), strict=True))
        return SetOutcome(
            evaluation=evaluation,
            read=len(answered),
            known=len(judged),
            positives=sum(bool(case.reading.positive) for case in answered),
            failed=len(cases) - len(answered),
            figures=scored(judged),
            cases=tuple(sorted(cases, key=lambda case: _place(case, wrong))),
            trained_on=sum(case.reading.scan_id in learnt for case in all_cases),
        )

    def _finished(self, evaluation_id: str, user: User) -> Evaluation:
        evaluation = self._evaluations.get(evaluation_id, user)
        if evaluation.state is not EvaluationState.DONE:
            raise InvalidInput(UNFINISHED)
        return evaluation

    def _counting_cases(self, evaluation: Evaluation, hidden: Hidden) -> dict[str, SetCase]:
        """By name those whose truth is known and which the version has not learnt from."""
        cases = self._cases(evaluation, hidden)
        learnt = self._learnt_of(evaluation, cases)
        return {_name(case): case for case in cases if _known(case) and case.reading.scan_id not in learnt}

    def _learnt_of(self, evaluation: Evaluation, cases: Sequence[SetCase]) -> frozenset[str]:
        ids = [case.reading.scan_id for case in cases]
        scan_ids = [scan_id for scan_id in ids if scan_id is not None]
        return self._learnt(evaluation.task, evaluation.version, scan_ids)

    def _learnt(self, task: str, version: str, scan_ids: Sequence[str]) -> frozenset[str]:
        """Of scans those that a version has learnt from, as far as that can be known now."""
        if not scan_ids:
            return frozenset()
        try:
            return frozenset(self._trained_on.among(task, version, scan_ids) or ())
        except (NotFound, TrackingAway):  # the version is gone, or MLflow is
            return frozenset()

    def _cases(self, evaluation: Evaluation, hidden: Hidden) -> list[SetCase]:
        readings = self._store.readings(evaluation.id)
        if evaluation.chosen.kind is ScanSetKind.OUTSIDE:
            return [SetCase(each, each.truth_positive, each.dice) for each in readings]
        here = self._scans.here([each.scan_id for each in readings if each.scan_id is not None])
        known = here - hidden.readings - hidden.reviews
        mine = [each for each in readings if each.scan_id in known]
        truths = self._judgements.truths(evaluation.task)
        since = self._reviews.truths_since([each.scan_id for each in mine if each.scan_id is not None])
        return [SetCase(each, truths.get(each.scan_id or ""), _counting(each, since)) for each in mine]


def _counting(each: EvaluationReading, since: Mapping[str, datetime]) -> float | None:
    """The Dice, unless somebody said something else of the scan after it was measured."""
    said_at = since.get(each.scan_id or "")
    return each.dice if said_at is not None and each.read_at is not None and said_at <= each.read_at else None


def _known(case: SetCase) -> bool:
    return case.reading.failure is None and case.truth_positive is not None


def _name(case: SetCase) -> str:
    return case.reading.scan_id or case.reading.name


def _place(case: SetCase, wrong: Mapping[str, float]) -> tuple[bool, float, int]:
    name = _name(case)
    return name not in wrong, -wrong.get(name, 0.0), case.reading.number


def _judgements(evaluation: Evaluation, cases: Sequence[SetCase]) -> Judgements:
    return Judgements.of(_judgement(evaluation, case) for case in cases if _known(case))


def _judgement(evaluation: Evaluation, case: SetCase) -> Judgement:
    said = case.reading
    assert said.read_at is not None and said.positive is not None and said.probability is not None
    assert said.threshold is not None and case.truth_positive is not None
    return Judgement(
        scan_id=_name(case),
        result_id=evaluation.id,
        task=evaluation.task,
        version=evaluation.version,
        created_at=said.read_at,
        positive=said.positive,
        probability=said.probability,
        threshold=said.threshold,
        truth_positive=case.truth_positive,
        verdict=Verdict.LABELLED,
        dice=case.dice if case.truth_positive else None,
        volume_ml=said.volume_ml,
        latency_ms=said.network_ms,
        synthetic=evaluation.chosen.synthetic,
    )


def _other(evaluation: Evaluation, each: EvaluationReading) -> OtherReading:
    assert each.scan_id and each.read_at and each.positive is not None and each.probability is not None
    return OtherReading(
        scan_id=each.scan_id,
        source=addresses.evaluation(evaluation.id),
        kind="evaluation",
        read_at=each.read_at,
        positive=each.positive,
        probability=each.probability,
        threshold=each.threshold,
        volume_ml=each.volume_ml,
        dice=each.dice,
        network_ms=each.network_ms,
    )
