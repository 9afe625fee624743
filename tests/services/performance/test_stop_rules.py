"""Stop rules: what suspends a version, what never does, and who may lift it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine

from data.database import new_id, now
from data.errors import InvalidInput, NotAllowed, NotFound
from data.ledger.blinding import NOTHING_HIDDEN, Hidden
from data.ledger.judgements import JudgementStore
from data.records import (
    BRAIN_TUMOUR,
    SYNTHETIC_REFUSALS,
    AlertState,
    KeptRefusal,
    Refusal,
    Result,
    Review,
    Role,
    Scan,
    Severity,
    StopReason,
    StopSwitch,
    Suspension,
    User,
    Verdict,
)
from data.stores.alerts import AlertStore
from data.stores.audit import AuditLog
from data.stores.goals import GoalStore
from data.stores.refusals import RefusalStore
from data.stores.results import ResultStore
from data.stores.reviews import ReviewStore
from data.stores.scans import ScanStore
from data.stores.suspensions import SuspensionStore
from models.statistics.cusum import cusum
from services.alerts.alerts import Alerts
from services.alerts.delivery import Delivery
from services.assembly.performance import stop_rules_on
from services.performance.goals import Goals
from services.performance.metrics import REFUSED
from services.performance.stop_rules import StopRules
from services.performance.stop_statistics import BETWEEN
from services.standing.suspensions import Standing, Suspensions
from tests.data.builders import a_header, a_kept_scan, a_result, a_review
from tests.databases import migrated

HEAD, OTHER_HEAD = User("h", "head", "Dr Head", Role.HEAD), User("o", "other", "Dr Other", Role.HEAD)
MLOPS = User("m", "mlops", "Mel Ops", Role.MLOPS)
CLINICIAN = User("c", "grey", "Dr Grey", Role.CLINICIAN)
SKYRA, PRISMA = "Siemens Skyra", "Siemens Prisma"
WHY = "The coil was exchanged, ten phantoms are right."
HIT, MISS, CLEAR, FALSE = (True, True), (False, True), (False, False), (True, False)
TEST = cusum(0.03, 0.15, BETWEEN[StopReason.MISSES])
ENOUGH = [MISS] * 6  # 6 x 12 points reach the limit of 63; 5 do not


class House:
    """Stop rules on a database, with goals, and scans that are read and reviewed one after the other."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.audit = engine, AuditLog(engine)
        self.alerts = Alerts(AlertStore(engine), self.audit, Delivery())
        self.goals = Goals(GoalStore(engine), self.audit)
        self.store = SuspensionStore(engine)
        self.scans, self.results, self.reviews = ScanStore(engine), ResultStore(engine), ReviewStore(engine)
        self.hidden = NOTHING_HIDDEN
        self.live: str | None = "3"
        self.standing = Suspensions(self.store, self.scans.changes_token)
        self.rules = self.restarted()
        self.goals.set_typed(BRAIN_TUMOUR, "recall", "97", "85", HEAD)
        self.begun, self.minute = now() - timedelta(days=20), 0.0

    def restarted(self) -> StopRules:
        judgements = JudgementStore(self.engine)
        return stop_rules_on(
            self.engine,
            judgements,
            self.goals,
            self.alerts,
            self.audit,
            [BRAIN_TUMOUR],
            lambda _: self.hidden,
            lambda _task: self.live,
        )

    def switch_on(self) -> None:
        """Let the rules act since before anything was read."""
        at = self.begun - timedelta(days=1)
        self.store.set_switch(
            StopSwitch(new_id(), BRAIN_TUMOUR, True, "h", "Dr Head", at, "We watch recall.")
        )

    def read(
        self,
        answers: Sequence[tuple[bool, bool]],
        *,
        version: str = "3",
        scanner: str = "Skyra",
        synthetic: bool = False,
        reviewed: bool = True,
    ) -> list[Result]:
        made = []
        for called, ill in answers:
            scan = self.scan(scanner, synthetic=synthetic)
            made.append(self.answer(scan, called, version))
            if reviewed:
                self.review(made[-1], ill)
        return made

    def scan(self, scanner: str = "Skyra", *, synthetic: bool = False) -> Scan:
        self.minute += 1
        at = self.begun + timedelta(minutes=self.minute)
        header = a_header(scanner=scanner)
        return a_kept_scan(self.engine, header=header, created_at=at, synthetic=synthetic)

    def answer(self, scan: Scan, called: bool, version: str = "3") -> Result:
        result = a_result(scan.id, created_at=scan.created_at, positive=called)
        return self.results.add(replace(result, provenance=replace(result.provenance, model_version=version)))

    def review(self, result: Result, ill: bool, **changes: object) -> Review:
        self.minute += 0.01
        right = result.positive == ill
        verdict = Verdict.ACCEPTED if right else Verdict.REJECTED
        said = a_review(result.scan_id, result.id, verdict=verdict, truth_positive=ill, reviewer_id="c")
        said = replace(said, created_at=self.begun + timedelta(minutes=self.minute), **changes)
        return self.reviews.add(said)

    def refuse(self, n: int, *, scanner: str = SKYRA, modality: str = "MR", prefix: str = "") -> None:
        for _ in range(n):
            self.minute += 1
            refusal = Refusal("a.dcm", "sequence", "Not read.", modality, scanner, None)
            at = self.begun + timedelta(minutes=self.minute)
            RefusalStore(self.engine).put(KeptRefusal((prefix + new_id())[:32], refusal, at))

    def suspended(self) -> list[Suspension]:
        self.rules.tick()
        return [stopped for stopped in self.store.all(BRAIN_TUMOUR) if stopped.is_active]

    def of(self, result: Result) -> Standing | None:
        scan = self.scans.existing(result.scan_id)
        reviews = self.reviews.of_scan(scan.id)
        return self.standing.of_result(scan, result, reviews[0] if reviews else None)


@pytest.fixture
def new_house(tmp_path: Path) -> Iterator[House]:
    """Nobody has switched its rules on."""
    engine = migrated(f"sqlite:///{tmp_path / 'house.db'}")
    yield House(engine)
    engine.dispose()


@pytest.fixture
def house(new_house: House) -> House:
    new_house.switch_on()
    return new_house


def test_it_stops_where_the_limit_is_reached_and_not_a_case_before(house: House) -> None:
    assert (TEST.added, TEST.taken, TEST.limit) == (12, 1, 63)
    house.read(ENOUGH[:-1])
    assert house.suspended() == []
    house.read([MISS])
    (version,) = house.suspended()
    assert (version.version, version.scanner, version.reason) == ("3", "", StopReason.MISSES)
    assert version.because == "6 of the last 6 reviewed scans with tumour were missed"
    assert len(version.evidence.scan_ids) == 6 and version.evidence.points == 72


def test_right_calls_take_points_away_so_that_a_share_as_agreed_stops_nothing(house: House) -> None:
    house.read(([HIT] * 32 + [MISS]) * 3)
    assert house.suspended() == []


def test_the_evidence_begins_where_the_figures_began_to_fall(house: House) -> None:
    house.read([MISS] + [HIT] * 30)
    later = house.read(ENOUGH)
    (version,) = house.suspended()
    assert version.evidence.n == 6 and version.began_at == later[0].created_at


def test_one_alarm_calls_and_later_looks_and_restarts_add_none(house: House) -> None:
    house.read(ENOUGH)
    house.suspended()
    house.read([MISS] * 3)
    house.rules = house.restarted()
    assert len(house.suspended()) == 1
    (alert,) = house.alerts.unfinished()
    assert (alert.severity, alert.times) == (Severity.CRITICAL, 1)
    assert alert.title == "Version 3 of brain tumour is suspended"
    assert "6 of the last 6" in alert.sentence and alert.link.endswith("#performance-stop-rules")


def test_rules_that_nobody_switched_on_only_show_what_they_would_do(new_house: House) -> None:
    new_house.read(ENOUGH)
    assert new_house.suspended() == []
    view = new_house.rules.view(BRAIN_TUMOUR, "3", HEAD)
    assert not view.acting and {watched.stop for watched in view.watched} == {5}


def test_what_was_read_before_they_were_switched_on_does_not_count(house: House) -> None:
    house.read(ENOUGH[:-1])
    house.rules.switch(BRAIN_TUMOUR, False, "Stop.", HEAD)
    house.rules.switch(BRAIN_TUMOUR, True, "Go.", HEAD)
    house.begun = now()
    house.read(ENOUGH[:-1])
    assert house.suspended() == []
    house.read([MISS])
    assert house.suspended()[0].evidence.n == 6


@pytest.mark.parametrize("goal", [("97", ""), ("", "85"), ("", "")])
def test_without_goal_and_limit_there_is_no_test(house: House, goal: tuple[str, str]) -> None:
    house.goals.set_typed(BRAIN_TUMOUR, "recall", *goal, HEAD)
    house.read([MISS] * 20)
    assert house.suspended() == []


def test_reviews_may_come_in_any_order(house: House) -> None:
    results = house.read([HIT] * 20 + [MISS] * 6, reviewed=False)
    order = np.random.default_rng(7).permutation(26)
    for row in order:
        house.review(results[row], True)
    (version,) = house.suspended()
    assert version.evidence.n == 6 and version.began_at == results[20].created_at


def test_a_changed_review_counts_as_it_is_now(house: House) -> None:
    results = house.read(ENOUGH[:-1] + [CLEAR])
    assert house.suspended() == []
    house.review(results[-1], True)  # it was ill after all: a miss
    assert len(house.suspended()) == 1


def test_a_review_that_was_taken_back_counts_no_more(house: House) -> None:
    results = house.read(ENOUGH[:-1])
    said = house.reviews.of_scan(results[0].scan_id)[0]
    house.review(results[0], True, verdict=Verdict.TAKING_BACK, takes_back=said.id)
    house.read([MISS])
    assert house.suspended() == []


def test_what_is_suspended_stays_so_when_its_evidence_is_taken_back(house: House) -> None:
    results = house.read(ENOUGH)
    assert len(house.suspended()) == 1
    said = house.reviews.of_scan(results[0].scan_id)[0]
    house.review(results[0], True, verdict=Verdict.TAKING_BACK, takes_back=said.id)
    assert len(house.suspended()) == 1


def test_synthetic_scans_suspend_nothing(house: House) -> None:
    house.read([MISS] * 20, synthetic=True)
    assert house.suspended() == []


def test_a_scanner_alone_is_suspended_for_the_version_where_the_others_are_well(house: House) -> None:
    for _ in range(6):
        house.read([HIT] * 14)
        house.read([MISS], scanner="Prisma")
    (stopped,) = house.suspended()
    assert (stopped.scanner, stopped.evidence.n) == (PRISMA, 6)
    (there,) = house.read([MISS], scanner="Prisma", reviewed=False)
    (here,) = house.read([HIT], reviewed=False)
    told = house.of(there)
    assert told is not None and told.withheld and house.of(here) is None


def test_what_a_suspended_scanner_reads_on_does_not_suspend_the_whole_version(house: House) -> None:
    for _ in range(6):
        house.read([HIT] * 14)
        house.read([MISS], scanner="Prisma")
    assert len(house.suspended()) == 1
    house.read([MISS] * 12, scanner="Prisma")
    assert len(house.suspended()) == 1


def test_false_alarms_are_watched_by_specificity_too(house: House) -> None:
    house.goals.set_typed(BRAIN_TUMOUR, "specificity", "90", "80", HEAD)
    test = cusum(0.1, 0.2, BETWEEN[StopReason.FALSE_ALARMS])
    n = -(-test.limit // test.added)
    house.read([FALSE] * (n - 1))
    assert house.suspended() == []
    house.read([FALSE])
    (version,) = house.suspended()
    assert version.reason is StopReason.FALSE_ALARMS
    assert version.because == f"{n} of the last {n} reviewed scans without tumour were called tumour"


def test_refused_scans_of_the_tasks_modality_suspend_the_version_that_read_before_them(house: House) -> None:
    house.goals.set_typed(BRAIN_TUMOUR, REFUSED, "10", "40", HEAD)
    test = cusum(0.1, 0.4, BETWEEN[StopReason.REFUSALS])
    n = -(-test.limit // test.added)
    house.read([CLEAR], version="3", reviewed=False)
    house.refuse(40, modality="DX")
    house.refuse(40, prefix=SYNTHETIC_REFUSALS)
    house.refuse(n - 1)
    assert house.suspended() == []
    house.refuse(1)
    (version,) = house.suspended()
    assert (version.version, version.because) == ("3", f"{n} of the last {n} scans that came were refused")
    assert version.evidence.scan_ids == ()


def test_another_version_has_its_own_test(house: House) -> None:
    house.read(ENOUGH[:-1], version="3")
    house.read(ENOUGH[:-1], version="4")
    assert house.suspended() == []
    house.read([MISS], version="4")
    assert [stopped.version for stopped in house.suspended()] == ["4"]
    assert house.of(house.read([HIT], version="3", reviewed=False)[0]) is None


def test_new_readings_are_kept_and_are_no_answer_until_somebody_judged_them(house: House) -> None:
    before = house.read([HIT] * 3, reviewed=False)
    house.read([HIT])  # the points stand at nothing
    evidence = house.read(ENOUGH)
    house.suspended()
    (new,) = house.read([HIT], reviewed=False)
    told = house.of(new)
    assert told is not None and told.withheld
    assert told.sentence.startswith("Suspended since ")
    assert told.sentence.endswith(
        "not for use, because 6 of the last 6 reviewed scans with tumour were missed."
    )
    earlier = house.of(before[0])
    assert earlier is not None and not earlier.withheld and "was suspended later" in earlier.sentence
    judged = house.of(evidence[0])
    assert judged is not None and not judged.withheld
    assert house.standing.withheld_scans() == {new.scan_id}


def test_an_unsure_review_does_not_make_it_an_answer(house: House) -> None:
    house.read(ENOUGH)
    house.suspended()
    (new,) = house.read([HIT], reviewed=False)
    house.review(new, True, verdict=Verdict.UNSURE, truth_positive=None)
    told = house.of(new)
    assert told is not None and told.withheld and house.standing.withheld_scans() == {new.scan_id}


def _stopped(house: House) -> Suspension:
    house.read(ENOUGH)
    (version,) = house.suspended()
    return version


def test_two_people_lift_it_and_its_tests_begin_anew(house: House) -> None:
    stopped = _stopped(house)
    asked = house.rules.ask_to_lift(stopped.id, WHY, MLOPS)
    assert (asked.asked_name, asked.why, asked.is_active) == ("Mel Ops", WHY, True)
    (told,) = [alert for alert in house.alerts.unfinished() if "asks that version 3" in alert.title]
    assert WHY not in told.sentence and "department head" in told.sentence  # what it says leaves the house
    lifted = house.rules.decide(stopped.id, True, HEAD)
    assert (lifted.lifted_name, lifted.asked_name, lifted.why) == ("Dr Head", "Mel Ops", WHY)
    assert house.alerts.unfinished() == [] and house.suspended() == []
    assert all(alert.state is AlertState.CLOSED for alert in house.alerts.past())
    (during,) = [each for each in house.store.all() if not each.is_active]
    assert during.evidence == stopped.evidence


def test_once_another_version_answers_the_end_of_the_alarm_is_proposed_and_taken_back(house: House) -> None:
    house.read(ENOUGH)
    house.rules.tick()
    (alert,) = house.alerts.unfinished()
    assert alert.end_sentence is None
    house.live = "4"
    for _ in range(2):
        house.rules.tick()
        (alert,) = house.alerts.unfinished()  # a person closes it
        assert alert.end_sentence == "Version 4 answers now: version 3 is suspended, and not in use."
    house.live = None  # nothing is loaded yet: that says nothing
    house.rules.tick()
    house.live = "3"
    for _ in range(2):
        house.rules.tick()
        (alert,) = house.alerts.unfinished()
        assert alert.end_sentence is None and alert.times == 2


def test_after_the_end_the_cases_of_before_count_no_more(house: House) -> None:
    stopped = _stopped(house)
    house.rules.ask_to_lift(stopped.id, WHY, MLOPS)
    house.rules.decide(stopped.id, True, HEAD)
    house.begun = now()
    house.read(ENOUGH[:-1])
    assert house.suspended() == []
    house.read([MISS])
    (again,) = house.suspended()
    assert again.id != stopped.id and again.evidence.n == 6


def test_what_was_read_meanwhile_says_so_afterwards(house: House) -> None:
    stopped = _stopped(house)
    (new,) = house.read([HIT], reviewed=False)
    house.rules.ask_to_lift(stopped.id, WHY, MLOPS)
    house.rules.decide(stopped.id, True, HEAD)
    told = house.of(new)
    assert told is not None and not told.withheld and "Two people lifted" in told.sentence
    house.begun = now()
    assert house.of(house.read([HIT], reviewed=False)[0]) is None


def test_who_asked_does_not_confirm_and_only_a_head_does(house: House) -> None:
    stopped = _stopped(house)
    with pytest.raises(InvalidInput, match="Nobody has asked"):
        house.rules.decide(stopped.id, True, HEAD)
    house.rules.ask_to_lift(stopped.id, WHY, HEAD)
    for who in (HEAD, MLOPS, CLINICIAN):
        with pytest.raises(NotAllowed):
            house.rules.decide(stopped.id, True, who)
    assert len(house.suspended()) == 1
    house.rules.decide(stopped.id, True, OTHER_HEAD)
    assert house.suspended() == []


def test_the_bell_calls_the_heads_who_may_decide_and_not_who_asked(house: House) -> None:
    stopped = _stopped(house)
    for asker, called in ((MLOPS, [HEAD, OTHER_HEAD]), (HEAD, [OTHER_HEAD])):
        house.rules.ask_to_lift(stopped.id, WHY, asker)
        asking = {
            who.id: any("asks that version" in alert.title for alert in house.alerts.calling(who))
            for who in (MLOPS, HEAD, OTHER_HEAD)
        }
        assert asking == {who.id: who in called for who in (MLOPS, HEAD, OTHER_HEAD)}
        assert any("asks that version" in alert.title for alert in house.alerts.unfinished(asker))
        house.rules.take_back(stopped.id, asker)


def test_who_asked_may_take_it_back_so_that_somebody_else_asks(house: House) -> None:
    stopped = _stopped(house)
    with pytest.raises(InvalidInput, match="Nobody has asked"):
        house.rules.take_back(stopped.id, HEAD)
    house.rules.ask_to_lift(stopped.id, WHY, HEAD)
    for who in (MLOPS, OTHER_HEAD, CLINICIAN):
        with pytest.raises(NotAllowed):
            house.rules.take_back(stopped.id, who)
    kept = house.rules.take_back(stopped.id, HEAD)
    assert kept.is_active and (kept.asked_by, kept.asked_name, kept.asked_at, kept.why) == (None,) * 4
    assert not any("asks that version" in alert.title for alert in house.alerts.unfinished())
    house.rules.ask_to_lift(stopped.id, WHY, MLOPS)
    house.rules.decide(stopped.id, True, HEAD)  # the only head, who had asked first, may now decide
    assert house.suspended() == []


def test_a_refusal_keeps_it_suspended_and_may_be_asked_against(house: House) -> None:
    stopped = _stopped(house)
    house.rules.ask_to_lift(stopped.id, WHY, MLOPS)
    kept = house.rules.decide(stopped.id, False, HEAD)
    assert kept.is_active and kept.asked_by is None
    house.rules.ask_to_lift(stopped.id, "Once more.", MLOPS)
    assert len(house.suspended()) == 1


def test_asking_needs_a_reason_and_something_to_lift(house: House) -> None:
    stopped = _stopped(house)
    with pytest.raises(InvalidInput, match="Say why"):
        house.rules.ask_to_lift(stopped.id, "  ", MLOPS)
    with pytest.raises(NotFound):
        house.rules.ask_to_lift("nothing", WHY, MLOPS)
    with pytest.raises(NotAllowed):
        house.rules.ask_to_lift(stopped.id, WHY, CLINICIAN)
    with pytest.raises(NotAllowed):
        house.rules.switch(BRAIN_TUMOUR, False, WHY, MLOPS)


def test_what_somebody_reads_blind_is_in_no_chart_and_no_evidence_of_theirs(house: House) -> None:
    results = house.read(ENOUGH)
    house.suspended()
    blind = results[0].scan_id
    whole = house.rules.view(BRAIN_TUMOUR, "3", HEAD)
    assert blind in whole.shown_ids and {len(each.points) for each in whole.watched} == {6}
    house.hidden = Hidden(reviews=frozenset({blind}))
    seen = house.rules.view(BRAIN_TUMOUR, "3", CLINICIAN)
    assert blind not in seen.shown_ids and {len(each.points) for each in seen.watched} == {5}


def test_recall_that_falls_to_85_is_stopped_within_60_reviewed_ill_at_the_median(house: House) -> None:
    generator = np.random.default_rng(16)
    after = []
    for _ in range(400):
        healthy = generator.random(200) < 0.03
        fallen = generator.random(400) < 0.15
        stop = TEST.first_stop(TEST.run(np.concatenate([healthy, fallen])))
        after.append(400 if stop is None else stop - 199)
    assert np.median(after) <= 60
