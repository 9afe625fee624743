"""DICOM KOS: the note that withdraws a rejected result's objects (IHE Imaging Object Change Management)."""

from __future__ import annotations

from collections.abc import Sequence

from highdicom import sr
from highdicom.ko import KeyObjectSelection, KeyObjectSelectionDocument

from reports.dicom.origin import Origin, person_name
from reports.dicom.references import Reference, made

KIND = "kos"
SERIES_NUMBER = 9006
REJECTED = sr.CodedConcept("113001", "DCM", "Rejected for Quality Reasons")
_PERSON = sr.CodedConcept("121006", "DCM", "Person")


def rejection_note(origin: Origin, rejected: Sequence[Reference], reviewer: str, why: str) -> bytes:
    """The file, which names every object of the result that may have left the house."""
    objects = [made(origin, reference) for reference in rejected]
    identifying = sr.PersonObserverIdentifyingAttributes(name=person_name(reviewer))
    note = KeyObjectSelectionDocument(
        evidence=objects,
        content=KeyObjectSelection(
            document_title=REJECTED,
            referenced_objects=objects,
            observer_person_context=sr.ObserverContext(
                observer_type=_PERSON, observer_identifying_attributes=identifying
            ),
            description=why,
        ),
        **origin.common(KIND, SERIES_NUMBER, "Lightbox result rejected"),
    )
    return origin.file(note, KIND)
