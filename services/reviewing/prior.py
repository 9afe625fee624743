"""The scan before a scan, and how much larger what was outlined has become."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from data.records import Measurements, User
from models.growth import percent_change
from services.permissions import Permission, require
from services.reviewing.growth import side_of
from services.reviewing.patients import Patients


@dataclass(frozen=True)
class Prior:
    """The newest scan of a patient before another one, on the same sequence.

    `measurements` are of the outline that a reviewer brought or that the same version drew; None where there
    is neither. `change` is that of the volume since, in per cent, where both are known.
    """

    examined_at: datetime
    measurements: Measurements | None
    change: float | None = None
    not_accepted: str | None = None  # that the version behind the outline was not accepted on its scanner


def prior_of(patients: Patients, scan_id: str, patient: str, viewer: User) -> Prior | None:
    """The prior of a scan, None where there is none; nothing is read for it.

    `patient` is the pseudonym. Raises NotFound.
    """
    require(viewer, Permission.SEE_SCANS)
    both = patients.with_prior(patient, scan_id, viewer)
    if both is None:
        return None
    current, prior = both
    version = None if current.result is None else current.result.provenance.model_version
    side = side_of(prior, version)
    before = None if side is None else side.measurements
    now = current.measurements
    known = before is not None and now is not None
    change = percent_change(before.volume_ml, now.volume_ml) if known and before and now else None
    return Prior(prior.examined_at, before, change, None if side is None else side.not_accepted)
