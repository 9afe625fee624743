"""What Lightbox's findings are called in DICOM's and SNOMED's codes."""

from __future__ import annotations

from dataclasses import dataclass

from highdicom.sr import CodedConcept

from data.records import BRAIN_TUMOUR, PNEUMONIA

Code = CodedConcept  # for those who know no DICOM library
SCHEME = "99LIGHTBOX"
"""Of words that no public scheme has."""

_LONGEST_VALUE, _LONGEST_MEANING = 16, 64


def coded(value: str, meaning: str) -> CodedConcept:
    """A word of Lightbox's own."""
    return CodedConcept(value[:_LONGEST_VALUE], SCHEME, meaning[:_LONGEST_MEANING])


PRESENT = CodedConcept("52101004", "SCT", "Present")
ABSENT = CodedConcept("2667000", "SCT", "Absent")
INDETERMINATE = CodedConcept("82334004", "SCT", "Indeterminate")


@dataclass(frozen=True)
class FindingCodes:
    """A task's finding, what kind of thing it is, and where in the body."""

    finding: CodedConcept
    category: CodedConcept
    region: CodedConcept
    words: str  # what a lesion is called
    examination: CodedConcept  # LOINC's code of what is examined


IMAGING_STUDY = CodedConcept("18748-4", "LN", "Diagnostic imaging study")
_ABNORMAL = CodedConcept("49755003", "SCT", "Morphologically Abnormal Structure")
_OF_TASK = {
    BRAIN_TUMOUR: FindingCodes(
        CodedConcept("108369006", "SCT", "Neoplasm"),
        _ABNORMAL,
        CodedConcept("12738006", "SCT", "Brain"),
        "Tumour",
        CodedConcept("24590-2", "LN", "MR Brain"),
    ),
    PNEUMONIA: FindingCodes(
        CodedConcept("233604007", "SCT", "Pneumonia"),
        _ABNORMAL,
        CodedConcept("39607008", "SCT", "Lung"),
        "Pneumonia",
        CodedConcept("30745-4", "LN", "XR Chest Views"),
    ),
}
_OTHER = FindingCodes(
    CodedConcept("52988006", "SCT", "Lesion"),
    _ABNORMAL,
    CodedConcept("38266002", "SCT", "Entire body"),
    "Lesion",
    IMAGING_STUDY,
)


def codes_of(task: str) -> FindingCodes:
    """The codes of a task; of one that has none here those of a lesion."""
    return _OF_TASK.get(task, _OTHER)
