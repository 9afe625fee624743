"""A version is accepted on a scanner by fixed limits and a signed record, and marked until then."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import event, update

from data.database import writing
from data.errors import InvalidInput, NotAllowed
from data.records import BRAIN_TUMOUR, AcceptanceLimits, AcceptanceVerdict, EvaluationState, Role, Scan
from data.stores.acceptance import AcceptanceStore
from data.stores.alerts import AlertStore
from data.stores.evaluations import EvaluationStore
from data.stores.refusals import RefusalStore
from data.stores.suspensions import SuspensionStore
from data.tables import acceptance_tests
from models.statistics.estimate import Estimate
from models.statistics.proportions import proportion
from services.acceptance.findings import Criterion, ScannerFigures, criteria, verdict_over
from services.acceptance.protocols import AcceptanceProtocols, TypedLimits
from services.acceptance.records import AcceptanceView, for_audience, of_earlier_rule
from services.acceptance.standings import Standing, Standings
from services.acceptance.testing import AcceptanceTests
from services.acceptance.watch import AcceptanceWatch
from services.acceptance.words import more_words
from services.alerts.alerts import Alerts
from services.alerts.delivery import Delivery
from services.cohort.small_numbers import Audience
from services.evaluations.trained_on import TrainedOn
from services.standing.acceptances import Acceptances, sha256_of
from tests.services.small_models import PATIENCE_S, Department, somebody

PASSED, NOT_PASSED, CANNOT_TELL, TOO_FEW = (
    AcceptanceVerdict.PASSED,
    AcceptanceVerdict.NOT_PASSED,
    AcceptanceVerdict.CANNOT_TELL,
    AcceptanceVerdict.TOO_FEW,
)
LIMITS = AcceptanceLimits(least_with=6, least_without=6, recall=0.6, specificity=0.6)
SKYRA = "Skyra"


@dataclass
class Place:
    """A department with local acceptance."""

    house: Department

    def __post_init__(self) -> None:
        house, live = self.house, self.house.serving.live
        store = self.store = AcceptanceStore(house.database)
        self.protocols = AcceptanceProtocols(store, house.audit, house.serving.draws)
        self.rule = Acceptances(store, live)
        self.tests = self.testing()
        self.standings = Standings(store, self.tests, live)
        self.alerts = Alerts(AlertStore(house.database), house.audit, Delivery((), ""), None, "")
        self.watch = AcceptanceWatch(store, self.rule, live, self.alerts, [BRAIN_TUMOUR])

    def testing(self, *, second_person: bool = False) -> AcceptanceTests:
        house, database = self.house, self.house.database
        evaluations = EvaluationStore(database)
        trained_on = TrainedOn(house.registry.trained_patients, evaluations, house.scans, house.patients)
        return AcceptanceTests(
            self.store,
            house.evaluations,
            house.outcomes,
            house.scans,
            RefusalStore(database),
            SuspensionStore(database),
            house.audit,
            trained_on,
            second_person=second_person,
        )

    def tested(self, version: str = "1", scanner: str = SKYRA) -> AcceptanceView:
        begun = self.tests.begin(BRAIN_TUMOUR, version, scanner, self.house.ada)
        assert self.house.jobs.wait_idle(PATIENCE_S)
        return self.tests.view(begun.id, self.house.bob)

    def signed(self, version: str = "1") -> AcceptanceView:
        view = self.tested(version)
        self.tests.sign(view.test.id, view.numbers_sha256, "Seen with the physicist.", self.house.bob)
        return self.tests.view(view.test.id, self.house.bob)

    def standing(self) -> dict[str, Standing]:
        of_task = self.standings.of(BRAIN_TUMOUR, self.house.bob)
        return {each.scanner: each.standing for each in of_task.scanners}

    def said(self, scan: Scan) -> str | None:
        (result, *_) = self.house.results.of_scan(scan.id)
        word = self.rule.of_result(scan, result)
        assert (word is not None) == (scan.id in self.rule.marked([scan.id]))
        return word


@pytest.fixture
def place(house: Department) -> Place:
    return Place(house)


def figure(low: float, n: int = 100, high: float = 1.0) -> Estimate:
    return Estimate((low + high) / 2, low, high, n)


GOOD = ScannerFigures(figure(0.8), figure(0.8), figure(0.8), 200, 3, (), (), ())
BELOW, ASTRIDE = figure(0.6, high=0.799), figure(0.6, high=0.8)
FULL = AcceptanceLimits(100, 100, 0.8, 0.8, 0.8, 100, 0.05)


@pytest.mark.parametrize(
    ("tested", "verdict"),
    [
        (GOOD, PASSED),
        (replace(GOOD, recall=figure(0.799)), CANNOT_TELL),
        (replace(GOOD, recall=ASTRIDE), CANNOT_TELL),
        (replace(GOOD, recall=BELOW), NOT_PASSED),
        (replace(GOOD, specificity=figure(0.799)), CANNOT_TELL),
        (replace(GOOD, specificity=BELOW), NOT_PASSED),
        (replace(GOOD, dice=figure(0.799)), CANNOT_TELL),
        (replace(GOOD, dice=BELOW), NOT_PASSED),
        (replace(GOOD, refused=4), CANNOT_TELL),  # 2.0 %, up to 5.03 %
        (replace(GOOD, refused=16), CANNOT_TELL),  # 8.0 %, from 4.98 % on
        (replace(GOOD, refused=17), NOT_PASSED),
        (replace(GOOD, recall=figure(0.8, 99)), TOO_FEW),
        (replace(GOOD, specificity=figure(0.8, 99)), TOO_FEW),
        (replace(GOOD, dice=figure(0.8, 99)), TOO_FEW),
        (replace(GOOD, came=199, refused=0), TOO_FEW),
        (replace(GOOD, came=0, refused=0), TOO_FEW),
        (replace(GOOD, recall=figure(0.1, 99)), TOO_FEW),  # too few to say that it is bad
        (replace(GOOD, recall=figure(0.1, 99), dice=BELOW), NOT_PASSED),
        (replace(GOOD, recall=figure(0.8, 99), dice=ASTRIDE), TOO_FEW),
    ],
)
def test_each_limit_decides_on_both_its_sides(tested: ScannerFigures, verdict: AcceptanceVerdict) -> None:
    assert verdict_over(criteria(FULL, tested)) is verdict


def test_what_cannot_be_told_says_how_many_more_cases_would() -> None:
    limits = replace(FULL, dice=None)
    tested = replace(GOOD, recall=proportion(90, 100), specificity=proportion(78, 100), came=200, refused=4)
    told = {each.metric: more_words(each) for each in criteria(limits, tested)}
    assert told == {
        # 90 of 100 reach 82.6 % already; 78 of 100 are below, and to settle it takes 1,537 in all
        "recall": "",
        "specificity": "About 1,437 more cases would tell (not passed), if the figure stays as it is.",
        "refused": "About 3 more scans would tell (passed), if the figure stays as it is.",
    }
    near = criteria(limits, replace(tested, recall=proportion(81, 100)))[0]
    assert near.verdict is CANNOT_TELL and "would hardly tell" in more_words(near)
    few = criteria(limits, replace(tested, recall=proportion(60, 60)))[0]
    assert few.verdict is TOO_FEW and more_words(few) == "At least 40 more cases needed."


def test_what_is_not_asked_for_decides_nothing() -> None:
    asked = replace(FULL, dice=None, most_refused=None)
    bad = replace(GOOD, dice=figure(0.0), refused=200)
    assert [each.metric for each in criteria(asked, bad)] == ["recall", "specificity"]


def test_limits_that_are_none_are_asked_back(place: Place) -> None:
    for wrong in (
        replace(LIMITS, least_with=4),
        replace(LIMITS, least_without=4),
        replace(LIMITS, recall=1.0),
        replace(LIMITS, specificity=0.0),
        replace(LIMITS, dice=0.7),  # without a least number of masks
        replace(LIMITS, most_refused=5.0),
        replace(LIMITS, most_refused=0.0007),  # which takes more scans than a set holds
        replace(LIMITS, recall=0.61),  # that six of six do not reach
        replace(LIMITS, specificity=0.61),
    ):
        with pytest.raises(InvalidInput):
            place.protocols.fix(BRAIN_TUMOUR, wrong, "Agreed.", place.house.bob)
    assert place.protocols.revisions(BRAIN_TUMOUR, place.house.bob) == []


def test_a_scanner_is_marked_until_a_passed_test_is_signed(place: Place) -> None:
    house = place.house
    scan, *_ = house.add(8, bright=800, scanner=SKYRA)
    house.add(8, bright=0, scanner=SKYRA)
    (other,) = house.add(1, bright=800, scanner="Prisma")
    house.add(9, bright=800, truth=True, synthetic=True, scanner=SKYRA)
    assert place.said(scan) is None  # a house without a protocol sees no mark
    with pytest.raises(InvalidInput, match="Fix a protocol first"):
        place.tests.begin(BRAIN_TUMOUR, "1", SKYRA, house.ada)
    place.protocols.fix(BRAIN_TUMOUR, LIMITS, "Agreed in the committee.", house.bob)
    assert "Not yet accepted here: version 1" in (place.said(scan) or "")
    place.watch.tick()
    place.watch.tick()
    starting = AcceptanceWatch(place.store, place.rule, lambda _: None, place.alerts, [BRAIN_TUMOUR])
    starting.tick()  # no network is loaded yet: nothing is known, and nothing is closed
    titles = {alert.title.split(" on ")[-1]: alert.times for alert in place.alerts.calling()}
    assert titles == {SKYRA: 1, "Prisma": 1}
    assert {alert.link for alert in place.alerts.calling()} == {f"/acceptance?task={BRAIN_TUMOUR}"}
    assert place.standing() == {SKYRA: Standing.NOT_TESTED, "Prisma": Standing.NOT_TESTED}

    view = place.tested()
    assert view.verdict is PASSED and view.as_signed is None and view.before == 0
    assert {each.metric: each.figure.n for each in view.criteria} == {"recall": 8, "specificity": 8}
    assert place.said(scan) is not None  # passed, and nobody has signed
    assert place.standing()[SKYRA] is Standing.AWAITS_SIGNATURE
    signed = place.signed()
    assert signed.as_signed and signed.before == 1 and signed.criteria == place.tested().criteria
    assert place.said(scan) is None and place.said(other) is not None
    assert place.standing() == {SKYRA: Standing.ACCEPTED, "Prisma": Standing.NOT_TESTED}
    place.watch.tick()
    assert [alert.title.split(" on ")[-1] for alert in place.alerts.calling()] == ["Prisma"]
    assert {"acceptance.protocol", "acceptance.begin", "acceptance.sign"} <= set(house.events())


def test_a_list_of_tests_asks_the_database_as_often_for_many_as_for_one(place: Place) -> None:
    house, asked = place.house, list[str]()
    house.add(8, bright=800, scanner=SKYRA)
    house.add(8, bright=0, scanner=SKYRA)
    place.protocols.fix(BRAIN_TUMOUR, LIMITS, "Agreed.", house.bob)
    place.signed()

    def listed() -> tuple[list[tuple[EvaluationState, AcceptanceVerdict | None, bool | None]], int]:
        asked.clear()
        tests = place.tests.listed(BRAIN_TUMOUR, house.bob)
        return [(each.evaluation.state, each.test.verdict, each.as_signed) for each in tests], len(asked)

    event.listen(house.database, "before_cursor_execute", lambda *said: asked.append(said[2]))
    signed = (EvaluationState.DONE, PASSED, True)
    only, often = listed()
    assert only == [signed]
    unsigned = place.tested()
    assert unsigned.verdict is PASSED
    place.tested()
    unknown = (EvaluationState.DONE, None, None)  # what it comes to is counted where one test is opened
    assert listed() == ([unknown, unknown, signed], often)


def test_another_version_has_to_be_accepted_anew(place: Place) -> None:
    house = place.house
    house.add(8, bright=600, scanner=SKYRA)
    house.add(8, bright=0, scanner=SKYRA)
    place.protocols.fix(BRAIN_TUMOUR, LIMITS, "Agreed.", house.bob)
    place.signed()
    assert place.rule.accepted(BRAIN_TUMOUR, "1", SKYRA)
    other = house.version(above=700, name="candidate").version
    assert not place.rule.accepted(BRAIN_TUMOUR, other, SKYRA)
    worse = place.signed(other)  # it misses what is dimmer than 700
    assert worse.verdict is NOT_PASSED and len(worse.criteria[0].scan_ids) == 8
    _told_outside(place, worse)
    assert not place.rule.accepted(BRAIN_TUMOUR, other, SKYRA)
    assert place.rule.accepted(BRAIN_TUMOUR, "1", SKYRA)


def test_limits_stand_once_a_test_has_begun(place: Place) -> None:
    house = place.house
    house.add(8, bright=800, scanner=SKYRA)
    house.add(8, bright=0, scanner=SKYRA)
    first = place.protocols.fix(BRAIN_TUMOUR, LIMITS, "Agreed.", house.bob)
    begun = place.tested()
    stricter = replace(LIMITS, least_with=16, recall=0.8)
    second = place.protocols.fix(BRAIN_TUMOUR, stricter, "Stricter.", house.bob)
    assert (first.revision, second.revision) == (1, 2)
    again = place.tests.view(begun.test.id, house.bob)
    assert (again.protocol, again.verdict) == (first, PASSED)
    later = place.tested()
    assert (later.protocol.id, later.verdict) == (second.id, TOO_FEW)
    place.protocols.end(BRAIN_TUMOUR, "No more.", house.bob)
    assert place.rule.since(BRAIN_TUMOUR) is None
    assert place.tests.view(begun.test.id, house.bob).protocol == first


def test_a_version_of_before_is_marked_for_what_it_read_under_the_protocol(place: Place) -> None:
    house = place.house
    (before,) = house.add(1, bright=800, scanner=SKYRA)
    place.protocols.fix(BRAIN_TUMOUR, LIMITS, "Agreed.", house.bob)
    (since,) = house.add(1, bright=800, scanner=SKYRA)
    place.protocols.fix(BRAIN_TUMOUR, LIMITS, "Said again.", house.bob)  # without a gap
    another_is_live = Acceptances(place.store, lambda _: "2")
    assert another_is_live.marked([before.id, since.id]) == {since.id}
    assert place.rule.marked([before.id, since.id]) == {before.id, since.id}
    assert place.rule.token() != another_is_live.token()  # so that open pages look again
    place.protocols.end(BRAIN_TUMOUR, "No more.", house.bob)
    assert place.rule.marked([before.id, since.id]) == set()


def test_a_record_that_was_changed_accepts_nothing(place: Place) -> None:
    house = place.house
    house.add(8, bright=800, scanner=SKYRA)
    house.add(8, bright=0, scanner=SKYRA)
    place.protocols.fix(BRAIN_TUMOUR, replace(LIMITS, least_with=9), "Agreed.", house.bob)
    signed = place.signed().test
    assert signed.verdict is TOO_FEW and signed.content is not None
    passed = {"verdict": "passed"}
    for change in (
        passed,
        passed | {"content": signed.content.replace("too-few", "passed")},
        {"scanner": "Prisma"},
        {"sha256": "0" * 64},
    ):
        _tamper(house, signed.id, change)
        assert place.tests.view(signed.id, house.bob).as_signed is False
        with pytest.raises(InvalidInput, match="is not what was signed"):
            place.tests.record(signed.id, house.bob)
        assert Standing.ALTERED in place.standing().values()
        assert not any(Place(house).rule.accepted(BRAIN_TUMOUR, "1", name) for name in (SKYRA, "Prisma"))
        names = ("verdict", "content", "scanner", "sha256")
        _tamper(house, signed.id, {name: getattr(signed, name) for name in names})
    assert place.tests.view(signed.id, house.bob).as_signed
    assert place.standing() == {SKYRA: Standing.TOO_FEW}


def test_only_passed_accepts_and_records_of_before_keep_their_verdict(place: Place) -> None:
    house = place.house
    house.add(8, bright=800, scanner=SKYRA)
    house.add(8, bright=0, scanner=SKYRA)
    limits = replace(LIMITS, most_refused=0.1)  # none of 16 was refused: up to 19.4 %
    place.protocols.fix(BRAIN_TUMOUR, limits, "Agreed.", house.bob)
    place.watch.tick()
    signed = place.signed().test
    assert signed.verdict is CANNOT_TELL and signed.content is not None
    assert place.standing() == {SKYRA: Standing.CANNOT_TELL}
    assert not place.rule.accepted(BRAIN_TUMOUR, "1", SKYRA)
    place.watch.tick()
    (alert,) = place.alerts.calling()
    assert "“Cannot tell: the limit lies within the interval”" in alert.sentence and alert.times == 2
    assert not of_earlier_rule(signed) and json.loads(signed.content)["criteria"][2]["more"] == 19

    said = json.loads(signed.content)
    del said["rule"]
    for criterion in said["criteria"]:
        del criterion["more"]
        criterion["verdict"] = criterion["verdict"].replace("cannot-tell", "not-passed")
    content = json.dumps(said | {"verdict": "not-passed"})
    before = {"content": content, "sha256": sha256_of(content), "verdict": "not-passed"}
    _tamper(house, signed.id, before)  # as it was signed by the release before
    view = place.tests.view(signed.id, house.bob)
    assert view.as_signed and view.verdict is NOT_PASSED and of_earlier_rule(view.test)
    assert [each.verdict for each in view.criteria] == [PASSED, PASSED, NOT_PASSED]
    assert place.standing() == {SKYRA: Standing.NOT_PASSED}


def test_the_record_says_who_did_what_and_a_house_may_demand_a_second_person(place: Place) -> None:
    house = place.house
    house.add(8, bright=800, scanner=SKYRA)
    house.add(8, bright=0, scanner=SKYRA)
    place.protocols.fix(BRAIN_TUMOUR, LIMITS, "Agreed.", house.bob)
    signed = place.signed().test  # Bob fixed and signs, Ada began
    assert signed.content is not None
    duties = json.loads(signed.content)["duties"]
    assert [(duty["did"], duty["name"]) for duty in duties["done"]] == [
        ("fixed the limits", "Bob"), ("began the test", "Ada"), ("signed", "Bob"),
    ]  # fmt: skip
    assert duties["words"] == "The same person did two of them: Bob fixed the limits and signed."
    assert duties["second_person_demanded"] is False

    strict, other = place.testing(second_person=True), somebody(Role.HEAD, "eve")
    view = place.tested()
    with pytest.raises(InvalidInput, match="a second person signs: you fixed the limits yourself"):
        strict.sign(view.test.id, view.numbers_sha256, "Good.", house.bob)
    assert place.tests.why_not_sign(view, house.bob) is None  # not where nobody demands it
    again = strict.sign(view.test.id, view.numbers_sha256, "Good.", other)
    assert again.content is not None
    duties = json.loads(again.content)["duties"]
    assert duties["words"] == "Limits, test and signature are of different people."
    assert duties["second_person_demanded"] is True
    begun = strict.begin(BRAIN_TUMOUR, "1", SKYRA, other)
    assert house.jobs.wait_idle(PATIENCE_S)
    mine = strict.view(begun.id, other)
    with pytest.raises(InvalidInput, match="you began the test yourself"):
        strict.sign(begun.id, mine.numbers_sha256, "Good.", other)


def test_cases_that_the_version_was_trained_on_are_named_and_not_counted(
    place: Place, tmp_path: Path
) -> None:
    house = place.house
    ill = house.add(8, bright=800, scanner=SKYRA)
    house.add(8, bright=0, scanner=SKYRA)
    place.protocols.fix(BRAIN_TUMOUR, LIMITS, "Agreed.", house.bob)
    unknown = place.signed()
    assert unknown.test.trained_on is None and unknown.criteria[0].figure.n == 8
    assert unknown.test.content is not None
    assert json.loads(unknown.test.content)["trained_on"]["known"] is False

    names = house.patients.pseudonyms([scan.patient_id for scan in ill[:3]])
    seen = [names[scan.patient_id] for scan in ill[:3]]
    split = tmp_path / "split.csv"
    lines = [
        f"set,{seen[0]},training",
        f"set,normal:{seen[1]},validation",
        f"set,{seen[2]}_abc_0001,training",
    ]
    split.write_text("\n".join(["dataset,patient,part", *lines, "set,P-NOBODY,training", ""]))
    run_id = house.registry.version(BRAIN_TUMOUR, "1").run_id
    assert run_id is not None
    house.tracking.log_file(run_id, split)
    view = place.tested()
    assert view.test.trained_on == tuple(sorted(scan.id for scan in ill[:3]))
    assert {each.metric: each.figure.n for each in view.criteria} == {"recall": 5, "specificity": 8}
    place.tests.sign(view.test.id, view.numbers_sha256, "Seen.", house.bob)
    told = json.loads(place.tests.record(view.test.id, house.bob))
    assert told["trained_on"] == {"known": True, "count": None}  # three are few
    inside = json.loads(place.tests.record(view.test.id, house.bob, "inside"))
    assert inside["trained_on"]["scan_ids"] == list(view.test.trained_on)


def _told_outside(place: Place, view: AcceptanceView) -> None:
    """A record is handed on without scans; in the house it is byte for byte what was signed."""
    missed, admin = view.criteria[0].scan_ids, somebody(Role.ADMIN, "root")
    inside = place.tests.record(view.test.id, place.house.bob, "inside")
    assert hashlib.sha256(inside).hexdigest() == view.test.sha256 and missed[0].encode() in inside
    for user in (place.house.bob, admin):
        told = json.loads(place.tests.record(view.test.id, user))
        assert missed[0] not in str(told) and view.test.evaluation_id not in str(told)
        assert (told["verdict"], told["criteria"][0]["figure"]["n"]) == ("not-passed", 8)
    with pytest.raises(NotAllowed):
        place.tests.record(view.test.id, admin, "inside")


def figures(hits: int, n: int) -> tuple[Criterion, ...]:
    share = Estimate(hits / n, 0.5, 1.0, n)
    return (Criterion("recall", share, 0.5, 5, PASSED, ("scan",)),)


@pytest.mark.parametrize(
    ("hits", "n", "told"), [(10, 10, True), (5, 10, True), (9, 10, False), (4, 9, False), (4, 4, False)]
)
def test_numbers_of_few_cases_are_not_told_outside(hits: int, n: int, told: bool) -> None:
    (shown,) = for_audience(figures(hits, n), Audience.OUTSIDE)
    assert (shown.figure.n == n) is told and shown.scan_ids == ()
    assert for_audience(figures(hits, n), Audience.INSIDE) == figures(hits, n)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (TypedLimits("10", "10", "0.9", "80"), "Write 90"),
        (TypedLimits("ten", "10", "90", "80"), "a whole number"),
        (TypedLimits("10", "10", "", "80"), "Say what recall"),
        (TypedLimits("10", "10", "many", "80"), "not a number"),
        (TypedLimits("10", "10", "90", "80", dice="0.7"), "a whole number"),
        (TypedLimits("10", "10", "nan", "80"), "not a number"),
    ],
)
def test_what_was_typed_wrongly_is_asked_back(typed: TypedLimits, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        typed.limits()


def test_limits_are_typed_in_per_cent_and_dice_as_a_fraction() -> None:
    typed = TypedLimits("100", "1,200", "95 %", "80,5", "0.7", "60", "5")
    assert typed.limits() == AcceptanceLimits(100, 1200, 0.95, 0.805, 0.7, 60, 0.05)
    assert TypedLimits("6", "6", "60", "60").limits() == LIMITS


def _tamper(house: Department, test_id: str, values: dict[str, str]) -> None:
    with writing(house.database) as connection:
        changed = update(acceptance_tests).where(acceptance_tests.c.id == test_id).values(**values)
        connection.execute(changed)


def test_nobody_signs_what_they_did_not_see(place: Place) -> None:
    house = place.house
    house.add(8, bright=800, scanner=SKYRA)
    house.add(5, bright=0, scanner=SKYRA)
    place.protocols.fix(BRAIN_TUMOUR, LIMITS, "Agreed.", house.bob)
    view = place.tested()
    assert view.verdict is TOO_FEW
    with pytest.raises(InvalidInput, match="not those that you were shown"):
        place.tests.sign(view.test.id, "0" * 64, "Good.", house.bob)
    with pytest.raises(InvalidInput, match="Say why"):
        place.tests.sign(view.test.id, view.numbers_sha256, " ", house.bob)
    with pytest.raises(NotAllowed):
        place.tests.sign(view.test.id, view.numbers_sha256, "Good.", house.ada)
    with pytest.raises(NotAllowed):
        place.tests.view(view.test.id, somebody(Role.CLINICIAN, "carl"))
    place.tests.sign(view.test.id, view.numbers_sha256, "Too few.", house.bob)
    with pytest.raises(InvalidInput, match="signed this test already"):
        place.tests.sign(view.test.id, view.numbers_sha256, "Again.", house.bob)
