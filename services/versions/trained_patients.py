"""Whom of this house a version was trained on: it knows their answers already."""

from __future__ import annotations

import re
from collections.abc import Collection

from services.versions.registry import SHIPPED, Registry

_PARTS = re.compile(r"[:_]")


def pseudonyms_in(patients: Collection[str]) -> frozenset[str]:
    """Every pseudonym that names of data sets' patients may hold.

    Packs name patients by their pseudonyms, which a data set's reader may put words before or behind.
    """
    return frozenset(part for name in patients for part in _PARTS.split(name))


def trained_on(registry: Registry, task: str, *versions: str) -> frozenset[str]:
    """The pseudonyms of all whom one of these versions was trained on, as far as their runs say so.

    What ships, where the registry does not know it, has learnt from nobody here. Raises NotFound and
    TrackingAway.
    """
    known = [registry.trained_patients(task, version) for version in versions if version != SHIPPED]
    return pseudonyms_in({patient for patients in known for patient in patients or ()})
