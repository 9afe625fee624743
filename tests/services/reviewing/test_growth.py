"""Growth between two scans: the class at its limits, what is compared, and why there may be no class."""

from __future__ import annotations

import math
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.errors import InvalidInput, NotFound
from data.files import FileStore
from data.packing import packed
from data.records import Identity, Provenance, Role, Scan, ScanStatus, SourceGrid, Spacing, User, Verdict
from data.stores.acceptance import AcceptanceStore
from data.stores.audit import AuditLog
from data.stores.patients import PatientStore
from data.stores.results import ResultStore
from data.stores.reviews import ReviewStore
from data.stores.scans import ScanStore
from data.stores.second_readings import SecondReadingStore
from data.stores.suspensions import SuspensionStore
from data.stores.unaided import UnaidedStore
from models.growth import ResponseClass
from models.lesion_matching import MatchKind
from models.measuring import measure
from services import keys
from services.reviewing.blinding import Blinding
from services.reviewing.growth import Comparison, Growth
from services.reviewing.patients import Patients
from services.reviewing.second_readings import SecondReadings
from services.standing.acceptances import Acceptances
from services.standing.suspensions import Suspensions
from tests.data.builders import MORNING, a_header, a_result, a_review, a_scan
from tests.databases import migrated

GREY = User("grey", "grey", "Dr Grey", Role.CLINICIAN)
SHAPE = (10, 60, 60)
TODAY = "7"


class Readings:
    """Today's version is 7; what is asked for is written down."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.failures: dict[str, str] = {}

    def version(self, task: str) -> str | None:
        return TODAY

    def request(self, scan_id: str, user: User) -> None:
        self.asked.append(scan_id)

    def failure(self, scan_id: str) -> str | None:
        return self.failures.get(scan_id)


class House:
    def __init__(self, folder: Path) -> None:
        engine = migrated("sqlite://")
        self.files = FileStore(str(folder))
        self.scans, self.results, self.reviews = ScanStore(engine), ResultStore(engine), ReviewStore(engine)
        patients = PatientStore(engine)
        self.jane = patients.find_or_create(Identity("Doe^Jane", "123"), "a.dcm")
        self.readings = Readings()
        second = SecondReadings(SecondReadingStore(engine), self.results, AuditLog(engine))
        blinding = Blinding(second, UnaidedStore(engine), self.scans.changes_token)
        suspensions = Suspensions(SuspensionStore(engine), self.scans.changes_token)
        acceptances = Acceptances(AcceptanceStore(engine), lambda _: None)
        pages = Patients(patients, self.scans, self.results, self.reviews, blinding, suspensions, acceptances)
        self.growth = Growth(pages, self.files, self.readings)

    def scan(
        self,
        day: int,
        mask: np.ndarray,
        mm: float = 1.0,
        version: str = TODAY,
        sequence: str = "FLAIR",
        **changes: Any,
    ) -> Scan:
        """A scan of a day whose mask was drawn by a version; pixels of `mm` by `mm`, slices of 3 mm."""
        header = a_header(acquired_at=MORNING + timedelta(days=day), sequence=sequence)
        grid = SourceGrid("image", SHAPE)
        depth, height, width = SHAPE
        values: dict[str, Any] = {
            "header": header, "grid": grid, "spacing": Spacing(3.0, mm, mm), "slices": depth,
            "height": height, "width": width, "status": ScanStatus.READ,
        }  # fmt: skip
        scan = self.scans.add(a_scan(self.jane.id, day, **(values | changes)))[0]
        self.drawn(scan, mask, version)
        return scan

    def drawn(self, scan: Scan, mask: np.ndarray, version: str, *, beside: bool = False) -> str:
        made_by = Provenance("brain-tumour", version, "", "", "", "", "", "", {})
        result = a_result(scan.id, provenance=made_by, measurements=measure(mask, scan.spacing))
        self.files.put(keys.mask(result.id), packed(mask))
        return (self.results.add_beside(result) if beside else self.results.add(result)).id

    def compare(self, current: str | None = None, prior: str | None = None) -> Comparison:
        return self.growth.compare(self.jane.pseudonym, GREY, current, prior)


def box(*boxes: tuple[int, int, int], slices: int = 4) -> np.ndarray:
    """Boxes of (first row, first column, size) on the slices from 2 on."""
    mask = np.zeros(SHAPE, bool)
    for row, column, size in boxes:
        mask[2 : 2 + slices, row : row + size, column : column + size] = True
    return mask


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.mark.parametrize(
    ("growth", "said"),
    [
        (1.26, ResponseClass.PROGRESSION),
        (1.25, ResponseClass.PROGRESSION),
        (1.2499, ResponseClass.STABLE),
        (1.24, ResponseClass.STABLE),
        (1.00, ResponseClass.STABLE),
        (0.76, ResponseClass.STABLE),
        (0.75, ResponseClass.MINOR),
        (0.51, ResponseClass.MINOR),
        (0.50, ResponseClass.PARTIAL),
    ],
)
def test_the_class_of_synthetic_growth_at_its_limits(
    house: House, growth: float, said: ResponseClass
) -> None:
    # The same pixels, each larger: the product of diameters grows by exactly this share.
    house.scan(0, box((10, 10, 20)))
    house.scan(90, box((10, 10, 20)), mm=math.sqrt(growth))
    shown = house.compare()
    assert shown.response is said
    (change,) = shown.changes
    assert change.kind is MatchKind.SAME and change.product_before_mm2 is not None
    assert change.product_after_mm2 == pytest.approx(growth * change.product_before_mm2)
    before, after = shown.products
    assert before is not None and after == pytest.approx(growth * before)
    assert house.readings.asked == []


def test_26_per_cent_is_progression_and_24_stable_disease_in_words(house: House) -> None:
    house.scan(0, box((10, 10, 20)))
    current = house.scan(90, box((10, 10, 20)), mm=math.sqrt(1.26))
    other = house.scan(91, box((10, 10, 20)), mm=math.sqrt(1.24))
    assert "+26.0 %" in house.compare(current.id).why
    prior = house.compare(current.id).prior.scan.id
    shown = house.compare(other.id, prior)
    assert shown.response is ResponseClass.STABLE and "+24.0 %" in shown.why


def test_new_gone_and_merged_lesions_are_said(house: House) -> None:
    house.scan(0, box((2, 2, 14), (2, 22, 12), (45, 45, 5)))
    merged = np.zeros(SHAPE, bool)
    merged[2:6, 2:16, 2:36] = True
    merged[2:6, 50:56, 2:8] = True
    house.scan(90, merged)
    shown = house.compare()
    kinds = {change.kind: change for change in shown.changes}
    assert set(kinds) == {MatchKind.MERGED, MatchKind.NEW, MatchKind.GONE}
    assert (kinds[MatchKind.MERGED].before, kinds[MatchKind.MERGED].after) == ((1, 2), (1,))
    assert kinds[MatchKind.GONE].volume_before_ml == pytest.approx(5 * 5 * 4 * 3 / 1000)
    assert kinds[MatchKind.NEW].volume_after_ml == pytest.approx(6 * 6 * 4 * 3 / 1000)
    assert shown.response is ResponseClass.PROGRESSION and "1 new" in shown.why


def test_a_lesion_that_becomes_measurable_is_progression_and_none_left_a_complete_response(
    house: House,
) -> None:
    small, large = house.scan(0, box((10, 10, 5))), house.scan(30, box((8, 8, 18)))
    assert house.compare(large.id, small.id).response is ResponseClass.PROGRESSION
    nothing = house.scan(60, box())
    assert house.compare(nothing.id, large.id).response is ResponseClass.COMPLETE


def test_a_prior_of_another_version_is_read_again_first(house: House) -> None:
    prior, current = house.scan(0, box((10, 10, 16)), version="3"), house.scan(90, box((10, 10, 20)))
    waiting = house.compare()
    assert waiting.sides is None and waiting.response is None and waiting.changes == ()
    assert waiting.waiting == (prior.id,) and house.readings.asked == [prior.id]
    house.drawn(prior, box((10, 10, 20)), TODAY, beside=True)
    shown = house.compare()
    assert shown.sides is not None and [side.version for side in shown.sides] == [TODAY, TODAY]
    assert shown.response is ResponseClass.STABLE and "+0.0 %" in shown.why
    latest = house.results.latest(prior.id)
    assert latest is not None and latest.provenance.model_version == "3"  # its own answer stays
    assert shown.current.scan.id == current.id


def test_a_failed_reading_is_said_and_not_tried_for_ever(house: House) -> None:
    prior = house.scan(0, box((10, 10, 16)), version="3")
    house.scan(90, box((10, 10, 20)))
    house.readings.failures[prior.id] = "The image is blank."
    shown = house.compare()
    assert shown.failure == "The image is blank." and house.readings.asked == []


def test_the_corrected_outline_counts_where_that_is_the_current_review(house: House) -> None:
    prior = house.scan(0, box((10, 10, 10)), version="3")
    house.scan(90, box((10, 10, 20)))
    result = house.results.latest(prior.id)
    assert result is not None
    corrected = box((10, 10, 20))
    review = a_review(
        prior.id,
        result.id,
        verdict=Verdict.CORRECTED,
        measurements=measure(corrected, prior.spacing),
        dice=0.5,
    )
    house.files.put(keys.corrected_mask(review.id), packed(corrected))
    house.reviews.add(review)
    shown = house.compare()
    assert shown.sides is not None and shown.sides[0].brought_by == review
    assert shown.response is ResponseClass.STABLE and house.readings.asked == []
    house.reviews.add(a_review(prior.id, result.id, 9))  # accepted after all: the model's outline again
    assert house.compare().sides is None and house.readings.asked == [prior.id]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"sequence": "T1 contrast"}, "FLAIR or T2"),
        ({"spacing": Spacing(None, 1.0, 1.0)}, "spacing"),
        ({"sequence": "T2* swi"}, "FLAIR or T2"),
    ],
)
def test_why_there_is_no_class(house: House, changes: dict[str, Any], why: str) -> None:
    prior, current = house.scan(0, box((10, 10, 20))), house.scan(90, box((10, 10, 20)), **changes)
    shown = house.compare(current.id, prior.id)
    assert shown.response is None and why in shown.why and len(shown.changes) == 1


def test_no_class_backwards_in_time_or_without_a_measurable_lesion(house: House) -> None:
    old, new = house.scan(0, box((10, 10, 6))), house.scan(90, box((10, 10, 6)))
    assert "not older" in house.compare(old.id, new.id).why
    shown = house.compare(new.id, old.id)
    assert shown.response is None and "measurable" in shown.why


def test_the_prior_is_the_one_before_on_the_same_sequence(house: House) -> None:
    first = house.scan(0, box((10, 10, 20)))
    house.scan(80, box((10, 10, 20)), sequence="T1 contrast")
    current = house.scan(90, box((10, 10, 20)))
    shown = house.compare()
    assert (shown.prior.scan.id, shown.current.scan.id) == (first.id, current.id)
    assert shown.links == tuple(range(SHAPE[0])) and not shown.by_position


def test_there_must_be_two_of_this_patient(house: House) -> None:
    only = house.scan(0, box((10, 10, 20)))
    with pytest.raises(InvalidInput):
        house.compare()
    house.scan(9, box((10, 10, 20)))
    with pytest.raises(InvalidInput):
        house.compare(only.id, only.id)
    with pytest.raises(NotFound):
        house.compare("0" * 32)
    with pytest.raises(NotFound):
        house.growth.compare(house.jane.pseudonym, User("a", "a", "A", Role.ADMIN))
