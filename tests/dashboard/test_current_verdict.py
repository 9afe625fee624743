"""Whatever is said of a scan in whatever order: every place that tells of it tells the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dashboard.build import build_dashboard
from dashboard.components import review as parts
from dashboard.pages import scan as page
from dashboard.pages import scan_review
from data.database import new_id, now
from data.errors import UnchangedMask
from data.ledger.in_memory import Ledger
from data.ledger.judgements import JudgementStore
from data.packing import packed
from data.records import BRAIN_TUMOUR, RejectReason, Result, Review, Role, Scan, User, Verdict, WorklistQuery
from services import keys
from services.importing.labels import label_review
from services.measurement_words import EMPTY, millilitres
from tests.dashboard.clinic import ADA, Clinic, drawn_mask
from tests.dashboard.conftest import log_in

AI_SIDE = 2  # of the square that the AI draws
VOXEL_ML = 3.0 * 2.0 * 1.0 / 1000

SAYS = st.one_of(
    st.just(("accept",)),
    st.tuples(st.just("reject"), st.sampled_from([True, False, None])),
    st.tuples(st.just("correct"), st.integers(0, 3)),
    st.just(("unsure",)),
    st.tuples(st.just("take back"), st.integers(0, 5)),
    st.tuples(st.just("label"), st.booleans(), st.booleans()),
    st.just(("read again",)),
)


@dataclass
class Said:
    """One review as a plain list remembers it."""

    id: str
    verdict: str
    truth: bool | None
    mask: np.ndarray | None = None


@dataclass
class Case:
    """A scan, its latest result, and the plain list of what was said of that and stands."""

    scan: Scan
    result: Result
    standing: list[Said] = field(default_factory=list)

    @property
    def counts(self) -> Said | None:
        return self.standing[-1] if self.standing else None


class House:
    """A clinic with a server in front of it."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic, self.reviewing = clinic, clinic.services.reviewing
        self.grey = clinic.person(Role.CLINICIAN, "grey")
        self.head = clinic.person(Role.HEAD, "head")
        self.client: FlaskClient = build_dashboard(clinic.services, secret_key="k" * 32).server.test_client()
        log_in(self.client, "grey")
        self.judgements, self.ledger = JudgementStore(clinic.database, share=1.0), Ledger(clinic.database)

    def new_case(self) -> Case:
        """A patient with a scan that is asked about, and an earlier one to compare it with."""
        identity = replace(ADA, patient_id=new_id())
        prior, scan = (
            self.clinic.add_volume("u", identity, shape=(6, 20, 16), acquired_at=now() - timedelta(days=days))
            for days in (90, 0)
        )
        self._read(prior)
        return Case(scan, self._read(scan))

    def _read(self, scan: Scan) -> Result:
        return self.clinic.read_volume(scan, mask=self.drawn(AI_SIDE))

    @staticmethod
    def drawn(side: int) -> np.ndarray:
        mask = np.zeros((6, 20, 16), dtype=bool)
        mask[2:4, 3 : 3 + side, 4 : 4 + side] = True
        return mask

    def carry_out(self, case: Case, act: tuple[Any, ...]) -> None:
        reviews, scan_id, user = self.reviewing.reviews, case.scan.id, self.grey
        match act:
            case ("accept",):
                self._note(case, reviews.accept(scan_id, user), case.result.positive)
            case ("reject", truth):
                self._note(case, reviews.reject(scan_id, user, RejectReason.OTHER, "no", truth), truth)
            case ("correct", side):
                mask = self.drawn(side)
                drawn = drawn_mask(mask, empty=side == 0)
                if side == AI_SIDE:
                    with pytest.raises(UnchangedMask):
                        reviews.correct(scan_id, user, drawn)
                    return
                self._note(case, reviews.correct(scan_id, user, drawn), side > 0, mask)
            case ("unsure",):
                self._note(case, reviews.unsure(scan_id, user), None)
            case ("take back", place) if place < len(case.standing):
                said = case.standing.pop(place)
                reviews.take_back(said.id, self.head)
            case ("label", truth, with_mask):
                label = self.drawn(3 if truth else 0) if with_mask else None
                drawn = self.drawn(AI_SIDE)
                review = label_review(new_id(), case.scan, case.result, truth, label, drawn)
                if label is not None:
                    self.clinic.files.put(keys.corrected_mask(review.id), packed(label))
                self._note(case, self.clinic.reviews.add(review), truth, label)
            case ("read again",):
                case.result, case.standing = self._read(case.scan), []

    @staticmethod
    def _note(case: Case, review: Review, truth: bool | None, mask: np.ndarray | None = None) -> None:
        case.standing.append(Said(review.id, review.verdict.value, truth, mask))

    # What each place tells, as (verdict, truth, whether a corrected mask stands, its voxels).

    def told_by_page(self, case: Case) -> tuple[Any, ...]:
        shown = scan_review.show(self.reviewing, self.grey, case.scan.id)
        sources = page.show_viewer(self.reviewing, self.grey, case.scan.id)["sources"]
        counts = shown[parts.COUNTS]
        assert getattr(counts, "data-result") == case.result.id
        return getattr(counts, "data-review"), sources.get("corrected", {}).get("version")

    def volumes_told(self, case: Case) -> dict[str, float | None]:
        """How large what was found is now, in mL, by who says so."""
        scan_id, viewer = case.scan.id, self.grey
        columns = self.ledger.columns()
        (line,) = [line for line in columns.rows if columns.scan_ids[line].decode() == scan_id]
        of_patient = self.reviewing.patients.patient(case.scan.patient_id, viewer)
        (listed,) = [scan for scan in of_patient.scans if scan.scan.id == scan_id]
        compared = self.reviewing.growth.compare(case.scan.patient_id, viewer, scan_id)
        assert compared.sides is not None
        answer = self.client.get(f"/api/v1/patients/{case.scan.patient_id}").get_json()
        scans = [scan for study in answer["studies"] for own in study["series"] for scan in own["scans"]]
        shown = self.reviewing.scan_views.scan(scan_id, viewer).measurements
        newest_course = [course for course in of_patient.courses if course.version is None]
        in_course = [point.volume_ml for course in newest_course for point in course.points]
        told = {
            "worklist": self.row(case, viewer).volume_ml,
            "ledger": float(columns.numbers["volume_ml"][line]),
            "patient's page": listed.measurements and listed.measurements.volume_ml,
            "growth": compared.sides[1].measurements.volume_ml,
            "patient in the API": next(scan["volume_ml"] for scan in scans if scan["id"] == scan_id),
            "scan's page": shown and shown.volume_ml,
        }
        return told | ({"what reviewers stand for": in_course[-1]} if in_course else {})

    def row(self, case: Case, user: User) -> Any:
        page = self.reviewing.worklist.page(WorklistQuery(search=case.scan.id), user)
        (row,) = page.rows
        return row

    def mask(self, case: Case) -> np.ndarray | None:
        answer = self.client.get(f"/api/v1/scans/{case.scan.id}/mask?layer=corrected")
        again = self.client.get(f"/scans/{case.scan.id}/download/mask?layer=corrected")
        assert (answer.status_code, answer.data[10:]) == (again.status_code, again.data[10:])
        if answer.status_code == 404:
            return None
        return self.reviewing.pictures.mask(case.scan.id, "corrected")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    clinic = Clinic(tmp_path_factory.mktemp("clinic"))
    yield House(clinic)
    clinic.close()


@settings(max_examples=25, deadline=None)
@example(acts=[("accept",), ("read again",)])
@example(acts=[("correct", 3), ("accept",), ("take back", 1), ("take back", 0)])
@example(acts=[("label", True, True), ("unsure",), ("take back", 1)])
@example(acts=[("label", False, True), ("reject", True)])
@given(acts=st.lists(SAYS, max_size=9))
def test_page_worklist_ledger_downloads_and_real_use_agree(house: House, acts: list[tuple[Any, ...]]) -> None:
    case = house.new_case()
    for act in acts:
        house.carry_out(case, act)
        agree(house, case)


def test_accepting_after_an_empty_correction_says_that_the_ai_is_right(house: House) -> None:
    case = house.new_case()
    volume = case.result.measurements and case.result.measurements.volume_ml
    house.carry_out(case, ("correct", 0))
    assert house.row(case, house.grey).volume_ml == 0
    agree(house, case)
    house.carry_out(case, ("accept",))
    assert (house.row(case, house.grey).volume_ml, house.mask(case)) == (volume, None)
    agree(house, case)
    house.carry_out(case, ("take back", 1))
    assert house.row(case, house.grey).verdict is Verdict.CORRECTED
    agree(house, case)


def agree(house: House, case: Case) -> None:
    """Every place against the plain list."""
    counts = case.counts
    corrected = None if counts is None else counts.mask
    review = "" if counts is None else counts.id
    assert house.told_by_page(case) == (review, None if corrected is None else review)
    api = house.client.get(f"/api/v1/scans/{case.scan.id}").get_json()
    assert (api["current_review"] or {}).get("id", "") == review

    voxels = (corrected if corrected is not None else House.drawn(AI_SIDE)).sum()
    expected_ml = VOXEL_ML * voxels
    told = house.volumes_told(case)
    assert told == dict.fromkeys(told, pytest.approx(expected_ml))
    sizes = first_sizes(house, case)
    assert (millilitres(expected_ml) if voxels else EMPTY) in sizes
    assert ("OUTLINE OF THE AI" in sizes) is (corrected is None)
    stands = counts is not None and (counts.verdict == "accepted" or corrected is not None)
    assert ("what reviewers stand for" in told) is stands
    row = house.row(case, house.head)
    assert row.verdict == (None if counts is None else counts.verdict)
    assert row.volume_ml == pytest.approx(expected_ml)
    mask = house.mask(case)
    assert (mask is None) == (corrected is None)
    if corrected is not None:
        assert np.array_equal(mask, corrected)

    columns = house.ledger.columns()
    (number,) = [number for number in columns.rows if columns.scan_ids[number].decode() == case.scan.id]
    reviewed = columns.names["review"][columns.codes["review"][number]]
    assert reviewed == ("none" if counts is None else counts.verdict)
    truth = None if counts is None else counts.truth
    judged = {j.result_id: j for j in house.judgements.of(BRAIN_TUMOUR)}
    assert (case.result.id in judged) == (truth is not None)
    if truth is not None:
        judgement = judged[case.result.id]
        assert (judgement.truth_positive, judgement.verdict) == (truth, counts.verdict)  # type: ignore[union-attr]
        assert judgement.dice == dice_of(case)
    packs = house.clinic.services.training.packs._case(BRAIN_TUMOUR, case.scan.id)
    assert isinstance(packs, str) == (truth is None or (truth and verdict_without_mask(case)))


def first_sizes(house: House, case: Case) -> str:
    """The sizes that a report gives first."""
    report = house.clinic.services.reading_reports.text(case.scan.id, house.grey)
    return report[report.index("SIZES: ") :].split("\n\n")[0]


def dice_of(case: Case) -> float | None:
    """Of the AI's mask (2 x 2 on two slices) with one that a person drew or a label brought."""
    counts = case.counts
    assert counts is not None
    if not counts.truth or counts.mask is None:
        return None
    drawn, true = House.drawn(AI_SIDE), counts.mask
    return pytest.approx(2 * (drawn & true).sum() / (drawn.sum() + true.sum()))  # type: ignore[no-any-return]


def verdict_without_mask(case: Case) -> bool:
    counts = case.counts
    return counts is not None and counts.mask is None and counts.verdict != "accepted"
