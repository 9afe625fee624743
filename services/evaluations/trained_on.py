"""Which scans are of patients whom a version was trained on: it knows their answers already."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from data.stores.evaluations import EvaluationStore
from data.stores.patients import PatientStore
from data.stores.scans import ScanStore
from services.cohort.small_numbers import FEW
from services.versions.trained_patients import pseudonyms_in

Trained = Callable[[str, str], Collection[str] | None]
"""Of a task and a version the patients of its training and validation data; None where it is not known."""

UNKNOWN_TRAINING = (
    "The training of this version does not say which patients it had, so that it cannot be known whether "
    "it was trained on any of these cases."
)
NOT_COUNTED = (
    "{count} {cases} of patients whom this version was trained on, by a retraining pack of this house: "
    "not counted."
)
FEW_NOT_COUNTED = f"{FEW} cases are of patients whom this version was trained on: not counted."
NONE_TRAINED_ON = "No case is of a patient whom this version was trained on."


class TrainedOn:
    """Looks a version's training data through for patients of this house."""

    def __init__(
        self, trained: Trained, evaluations: EvaluationStore, scans: ScanStore, patients: PatientStore
    ) -> None:
        self._trained = trained
        self._evaluations = evaluations
        self._scans = scans
        self._patients = patients

    def scans(self, task: str, version: str, evaluation_id: str) -> tuple[str, ...] | None:
        """Those of an evaluation's scans, by id; None where the version's training does not say whom it had.

        Raises NotFound, TrackingAway.
        """
        read = [each.scan_id for each in self._evaluations.readings(evaluation_id)]
        return self.among(task, version, [scan_id for scan_id in read if scan_id is not None])

    def among(self, task: str, version: str, scan_ids: Sequence[str]) -> tuple[str, ...] | None:
        """The same of any scans."""
        named = self._trained(task, version)
        if named is None:
            return None
        trained = pseudonyms_in(named)
        scans = self._scans.of_ids(scan_ids)
        pseudonyms = self._patients.pseudonyms({scan.patient_id for scan in scans})
        return tuple(sorted(scan.id for scan in scans if pseudonyms.get(scan.patient_id) in trained))


def trained_on_words(count: int | None) -> str:
    """A plain sentence on how many cases were left out for that; None: it cannot be known."""
    if count is None:
        return UNKNOWN_TRAINING
    if not count:
        return NONE_TRAINED_ON
    return NOT_COUNTED.format(count=f"{count:,}", cases="case is" if count == 1 else "cases are")
