from __future__ import annotations

from typing import Any

import pytest

from data.errors import InvalidInput
from data.ledger.in_memory import Ledger
from data.ledger.rows import recount
from data.ledger.worklist import WorklistStore
from data.records import (
    PNEUMONIA,
    Doubt,
    Identity,
    KindCount,
    Outcome,
    ScanStatus,
    Urgency,
    Verdict,
    WorklistQuery,
    prior_source,
)
from data.stores.patients import PatientStore
from data.stores.results import ResultStore
from data.stores.reviews import ReviewStore
from data.stores.scans import ScanStore
from data.stores.triage import TriageStore
from tests.data.builders import (
    MORNING,
    WORKLIST_COLUMNS,
    a_header,
    a_kept_scan,
    a_result,
    a_review,
    a_scan,
    measured,
)


@pytest.fixture
def house(engine):
    """Three scans: Jane's brain, read and corrected; John's chest, read negative; Zoë's brain, waiting."""
    results, reviews = ResultStore(engine), ReviewStore(engine)
    jane = a_kept_scan(engine, 1, "Doe^Jane", status=ScanStatus.READ)
    john = a_kept_scan(
        engine,
        2,
        "Roe^John",
        status=ScanStatus.READ,
        task=PNEUMONIA,
        header=a_header(modality="CR", sequence="PA_100%"),
    )
    zoe = a_kept_scan(engine, 3, "MÜLLER^Zoë", header=a_header(acquired_at=None, sequence=None))
    positive = results.add(a_result(jane.id, 4))
    results.add(a_result(john.id, 4, positive=False, probability=0.02, measurements=None, task=PNEUMONIA))
    corrected = a_review(
        jane.id, positive.id, 5, verdict=Verdict.CORRECTED, measurements=measured(20.0, None)
    )
    reviews.add(corrected)
    return {"jane": jane.id, "john": john.id, "zoe": zoe.id}


def worklist(engine) -> WorklistStore:
    return WorklistStore(engine, Ledger(engine))


@pytest.fixture
def names(engine, house):
    """Asks the worklist and answers with the short names of the rows."""
    known = {scan_id: name for name, scan_id in house.items()}

    def ask(with_identity: bool = True, **query) -> list[str]:
        page = worklist(engine).page(WorklistQuery(**query), with_identity)
        assert page.total >= len(page.rows)
        return [known[row.scan_id] for row in page.rows]

    return ask


def test_a_row_says_what_was_found_and_what_was_said_of_it(engine, house):
    page = worklist(engine).page(WorklistQuery(search="jane"), True)
    (row,) = page.rows
    assert (row.patient, row.patient_id) == ("Doe Jane", "id of Doe^Jane")
    assert (row.positive, row.probability, row.verdict) == (True, 0.93, Verdict.CORRECTED)
    assert (row.modality, row.sequence, row.status) == ("MR", "T2 FLAIR ax", ScanStatus.READ)
    # sizes of the corrected mask, whose diameter is unknown: never a mixture of two masks
    assert (row.volume_ml, row.longest_diameter_mm) == (20.0, None)


def test_the_newest_come_first_and_pages_do_not_overlap(engine, names):
    assert names() == ["zoe", "john", "jane"]
    assert names(start=1, count=1) == ["john"]
    page = worklist(engine).page(WorklistQuery(start=2, count=50), True)
    assert (len(page.rows), page.total) == (1, 3)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"task": (PNEUMONIA,)}, ["john"]),
        ({"status": ("waiting", "failed")}, ["zoe"]),
        ({"modality": ("MR",)}, ["zoe", "jane"]),
        ({"result": ("positive",)}, ["jane"]),
        ({"result": ("negative",)}, ["john"]),
        ({"result": ("negative", "none")}, ["zoe", "john"]),
        ({"review": ("corrected", "accepted")}, ["jane"]),
        ({"review": ("none",)}, ["zoe", "john"]),
        ({"review": ("none",), "status": ("read",)}, ["john"]),
        ({"task": ()}, ["zoe", "john", "jane"]),
        ({"result": ("nonsense",)}, []),
    ],
)
def test_filters(engine, names, filters, expected):
    assert names(filters=filters) == expected
    assert worklist(engine).page(WorklistQuery(filters=filters), True).total == len(expected)


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("flair", ["jane"]),
        ("JOHN", ["john"]),
        ("jane doe", ["jane"]),
        ("doe^jane FLAIR", ["jane"]),
        ("müller", ["zoe"]),
        ("id of roe", ["john"]),
        ("100%", ["john"]),
        ("PA_", ["john"]),
        ("_", ["john"]),
        ("' or 1=1 --", []),
        ("   ", ["zoe", "john", "jane"]),
    ],
)
def test_search(engine, names, search, expected):
    assert names(search=search) == expected
    assert worklist(engine).page(WorklistQuery(search=search), True).total == len(expected)


def test_search_by_scan_id_and_pseudonym(engine, names, house):
    assert names(search=house["john"][:12]) == ["john"]
    page = worklist(engine).page(WorklistQuery(search=house["john"]), False)
    assert names(False, search=page.rows[0].patient.lower()) == ["john"]


def test_without_clearance_names_neither_show_nor_match_nor_order(engine, names, house):
    page = worklist(engine).page(WorklistQuery(), False)
    assert {row.patient_id for row in page.rows} == {None}
    assert all(row.patient.startswith("P-") for row in page.rows)
    assert names(False, search="doe") == []
    assert names(False, search="flair") == ["jane"]
    pseudonyms = sorted(row.patient for row in page.rows)
    for column in ("patient", "patient_id"):
        ordered = worklist(engine).page(WorklistQuery(sort=((column, False),)), False)
        assert [row.patient for row in ordered.rows] == pseudonyms


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ((("patient", False),), ["jane", "zoe", "john"]),
        ((("patient", True),), ["john", "zoe", "jane"]),
        ((("probability", False),), ["john", "jane", "zoe"]),
        ((("probability", True),), ["jane", "john", "zoe"]),
        ((("sequence", False),), ["john", "jane", "zoe"]),
        ((("status", False), ("created_at", True)), ["john", "jane", "zoe"]),
        ((("modality", True), ("created_at", False)), ["jane", "zoe", "john"]),
        ((("verdict", False), ("created_at", False)), ["jane", "john", "zoe"]),
    ],
)
def test_order_with_unknown_values_last(names, sort, expected):
    assert names(sort=sort) == expected


@pytest.fixture
def doubted(engine, house):
    """Jane's brain is read again, now with doubts; Zoë's is read and found."""
    reasons = (Doubt.UNLIKE_TRAINING, Doubt.NEAR_THRESHOLD)
    ResultStore(engine).add(a_result(house["jane"], 6, positive=False, doubts=reasons))
    ResultStore(engine).add(a_result(house["zoe"], 7))
    return reasons


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        (("uncertain",), ["jane"]),
        (("found",), ["zoe"]),
        (("not-found",), ["john"]),
        (("uncertain", "not-found"), ["john", "jane"]),
        (("none",), []),
    ],
)
def test_an_uncertain_one_is_neither_found_nor_not(names, doubted, outcomes, expected):
    assert names(filters={"outcome": outcomes}) == expected


def test_an_uncertain_row_says_why_and_keeps_the_models_call(engine, doubted):
    (row,) = worklist(engine).page(WorklistQuery(search="jane"), True).rows
    assert (row.outcome, row.doubts, row.positive) == (Outcome.UNCERTAIN, doubted, False)
    (row,) = worklist(engine).page(WorklistQuery(search="john"), True).rows
    assert (row.outcome, row.doubts) == (Outcome.NOT_FOUND, ())


def test_uncertain_stands_between_found_and_not_found(names, doubted):
    assert names(sort=(("outcome", True),)) == ["zoe", "jane", "john"]
    assert names(sort=(("outcome", False),)) == ["john", "jane", "zoe"]


def test_an_unread_scan_has_no_outcome_and_sorts_last(engine, names):
    assert names(sort=(("outcome", True),)) == ["jane", "john", "zoe"]
    assert names(sort=(("outcome", False),)) == ["john", "jane", "zoe"]
    (row,) = worklist(engine).page(WorklistQuery(search="müller"), True).rows
    assert row.outcome is None


def test_every_column_of_a_row_can_be_sorted_by(engine, house):
    for column in WORKLIST_COLUMNS:
        assert worklist(engine).page(WorklistQuery(sort=((column, True),)), True).total == 3


def test_what_does_not_exist_is_refused(engine):
    with pytest.raises(InvalidInput, match="sorted by secret"):
        worklist(engine).page(WorklistQuery(sort=(("secret", True),)), True)
    with pytest.raises(InvalidInput, match="nothing called secret"):
        worklist(engine).page(WorklistQuery(filters={"secret": ("x",)}), True)


def test_a_patient_without_a_name_shows_the_files_name(engine):
    patient = PatientStore(engine).find_or_create(Identity(), "Lung-007.png")
    ScanStore(engine).add(a_scan(patient.id))
    (row,) = worklist(engine).page(WorklistQuery(search="lung-007"), True).rows
    assert (row.patient, row.patient_id) == ("Lung-007.png", None)
    assert worklist(engine).page(WorklistQuery(search="lung-007"), False).total == 0


def test_what_calls_for_somebody_comes_first_until_it_is_reviewed(engine, house, names):
    triage, by_urgency = TriageStore(engine), {"sort": (("urgency", True),)}
    result = ResultStore(engine).add(a_result(house["john"], 6, task=PNEUMONIA))
    assert names(**by_urgency) == [
        "john",
        "zoe",
        "jane",
    ]  # found, and nobody has reviewed it; then the newest
    assert names(filters={"urgency": ("suggested",)}) == ["john"]
    triage.set_urgency([house["zoe"], house["jane"], "unknown"], Urgency.CRITICAL, "me", MORNING)
    assert names(**by_urgency) == ["zoe", "john", "jane"]  # Jane's is reviewed
    triage.set_urgency([house["john"]], Urgency.ROUTINE, "me", MORNING)
    assert names(filters={"urgency": ("suggested", "urgent")}) == []  # a person's word counts
    triage.set_urgency([house["john"]], None, "me", MORNING)
    assert names(filters={"urgency": ("suggested",)}) == ["john"]
    ReviewStore(engine).add(a_review(house["john"], result.id, 7))
    assert names(filters={"urgency": ("routine",)}) == ["john", "jane"]


def test_scans_are_given_taken_and_put_back(engine, house, names):
    triage = TriageStore(engine)
    both = [house["zoe"], house["john"]]
    assert triage.assign(both, "anna", "bert", MORNING) == dict.fromkeys(both, "anna")
    assert names(filters={"assigned": ("anna",)}) == ["zoe", "john"]
    everything = [*both, house["jane"], "unknown"]
    assert triage.assign(everything, "bert", "bert", MORNING, take=True) == {
        **dict.fromkeys(both, "anna"),
        house["jane"]: "bert",
    }
    triage.assign(both[:1], None, "bert", MORNING)
    assert names(filters={"assigned": ("none",)}) == ["zoe"]
    assert {row.scan_id: row.assigned_to for row in worklist(engine).page(WorklistQuery(), False).rows} == {
        house["zoe"]: None,
        house["john"]: "anna",
        house["jane"]: "bert",
    }
    entry = triage.get(house["john"])
    assert entry is not None
    assert (entry.assigned_to, entry.urgency, entry.changed_by) == ("anna", None, "bert")
    assert triage.get("unknown") is None
    ScanStore(engine).delete([house["john"]])
    assert triage.get(house["john"]) is None


def test_the_strongest_doubt_counts(engine):
    kinds = {
        "uncertain": {"doubts": (Doubt.NEAR_THRESHOLD,), "estimated_dice": 0.2},
        "outline": {"estimated_dice": 0.69},
        "warnings": {"estimated_dice": 0.7},
    }
    scans = {kind: a_kept_scan(engine, number, kind) for number, kind in enumerate([*kinds, "none"])}
    clean = a_kept_scan(engine, 9, "none", warnings=())
    for kind, changes in kinds.items():
        ResultStore(engine).add(a_result(scans[kind].id, 20, **changes))
    listed = worklist(engine)
    rows = listed.page(WorklistQuery(sort=(("doubt", True), ("created_at", False))), True).rows
    assert [row.doubt.value for row in rows] == ["uncertain", "outline", "warnings", "warnings", "none"]
    assert rows[-1].scan_id == clean.id
    assert listed.count({"doubt": ("uncertain", "outline")}) == KindCount(2)


def test_a_period_of_acquisition_includes_its_days_and_no_unknown_ones(engine, house, names):
    day = MORNING.astimezone().date().isoformat()
    assert names(filters={"acquired-from": (day,), "acquired-to": (day,)}) == ["john", "jane"]
    assert names(filters={"acquired-from": ("2026-11-22",)}) == []
    assert names(filters={"acquired-to": ("1969-01-01",)}) == []
    with pytest.raises(InvalidInput, match="not a day"):
        names(filters={"acquired-to": ("soon",)})


def test_days_of_acquisition_are_worked_out_once_as_long_as_nothing_changes(engine, house):
    ledger = Ledger(engine)
    columns = ledger.columns()
    known, _ = columns.acquired
    assert ledger.columns().acquired is columns.acquired and len(known) == 2
    a_kept_scan(engine, 9, "Poe^Ann")
    assert len(ledger.columns().acquired[0]) == 3


def test_a_fetched_prior_calls_for_nobody_and_stands_below_what_waits(engine):
    prior = a_kept_scan(engine, 9, "Prior", uploaded_by=prior_source("n" * 32))
    current, plain = a_kept_scan(engine, 5, "Current"), a_kept_scan(engine, 1, "Plain")
    for scan in (prior, current):
        ResultStore(engine).add(a_result(scan.id, 10, task=PNEUMONIA))

    def listed(**query: Any) -> list[str]:
        return [row.scan_id for row in worklist(engine).page(WorklistQuery(**query), True).rows]

    for _ in range(2):
        assert listed(sort=(("urgency", True),)) == [current.id, plain.id, prior.id]
        assert listed(filters={"urgency": ("suggested",)}) == [current.id]
        assert listed(filters={"prior": ("yes",)}) == [prior.id]
        recount(engine)  # and the same from the scans themselves
