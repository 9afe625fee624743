"""What is kept of a patient, as a privacy officer asks: what it is, why, for how long, what erasing does.

The page Retention and docs/erasure.md are both written from it. A test holds it against
`services.retention.places`: a table that holds something of patients is in one group, and in no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_AS_LONG = "Until the patient is erased, or a rule of expiry erases the scan."
_GOES = "Goes for good."


@dataclass(frozen=True)
class Kept:
    """Data of one purpose: `tables` holds, by the name of a table, what one and several rows of it are."""

    title: str
    holds: str
    why: str
    how_long: str
    erased: str
    tables: Mapping[str, tuple[str, str]]

    def counted(self, counts: Mapping[str, int]) -> str:
        """How many of what there are, in words; "" for none."""
        told = []
        for table, (single, several) in self.tables.items():
            if n := counts.get(table, 0):
                told.append(f"{n:,} {single if n == 1 else several}")
        return ", ".join(told)


KEPT = (
    Kept(
        "Who the patient is",
        "Name, patient number, date of birth, sex, the numbers of the examinations, who referred the "
        "patient, and the pseudonym that stands for all of this elsewhere.",
        "So that a result reaches the right patient, here and in the PACS.",
        "Until the patient is erased, or the last of the patient's scans expires.",
        _GOES,
        {
            "patients": ("entry with name and number", "entries with name and number"),
            "study_identifiers": (
                "examination with what its files say of the person",
                "examinations with what their files say of the person",
            ),
            "patient_conflicts": (
                "question whether two entries are one person",
                "questions whether two entries are one person",
            ),
        },
    ),
    Kept(
        "Pictures",
        "The pictures, when and how they were taken, and whether somebody has taken them back. Names are "
        "taken out of the files when they come in.",
        "To be read, and to be looked at with the result.",
        _AS_LONG,
        _GOES,
        {
            "scans": ("scan", "scans"),
            "withdrawn_scans": ("scan that was taken back", "scans that were taken back"),
            "pixel_screenings": (
                "search for words inside pictures",
                "searches for words inside pictures",
            ),
        },
    ),
    Kept(
        "How the pictures came here",
        "Names of the files that were sent, what could not be read of them and why, which examinations the "
        "scanner or the PACS sent, and the work that this made.",
        "To see that nothing was lost on its way, and not to take the same pictures twice.",
        "With the scan; what could not be read, until the patient is erased or its own rule erases it.",
        "Goes for good. Where files of several patients came together, the others' stay, without this one's "
        "name.",
        {
            "uploads": ("sending of files", "sendings of files"),
            "refusals": ("file that could not be read", "files that could not be read"),
            "import_items": ("entry of a bulk import", "entries of bulk imports"),
            "received_series": ("series that the DICOM node received", "series that the DICOM node received"),
            "prior_requests": ("request for earlier pictures", "requests for earlier pictures"),
            "prior_series": ("earlier series", "earlier series"),
            "jobs": ("piece of work of the server", "pieces of work of the server"),
        },
    ),
    Kept(
        "What the AI said",
        "Results with outlines, sizes and probabilities, the same read again, and who has seen them.",
        "It is what the department uses Lightbox for, and it has to be possible to say later what was "
        "shown to whom.",
        _AS_LONG,
        _GOES,
        {
            "results": ("result", "results"),
            "reruns": ("result that was read again", "results that were read again"),
            "evaluation_readings": (
                "answer of a version that was tried",
                "answers of versions that were tried",
            ),
            "ai_results_seen": ("note of who saw a result", "notes of who saw a result"),
        },
    ),
    Kept(
        "What people said",
        "Reviews and corrections with comments, measurements, readings without the AI, messages about "
        "results, who was to read the scan and how urgent it was.",
        "It is the medical judgement, and shows how far the AI can be relied on.",
        _AS_LONG,
        "Goes for good, whoever wrote it.",
        {
            "reviews": ("review", "reviews"),
            "second_readings": ("second reading", "second readings"),
            "unaided_readings": ("reading without the AI", "readings without the AI"),
            "annotations": ("measurement by hand", "measurements by hand"),
            "triage": ("note of urgency or reader", "notes of urgency or reader"),
            "feedback": ("message about a result", "messages about results"),
            "review_requests": ("request for a review", "requests for a review"),
        },
    ),
    Kept(
        "Numbers for quality",
        "Properties of pictures in numbers, and one line a scan that counts are made from; no name.",
        "To see whether the AI still works as well as it did.",
        _AS_LONG,
        "Goes for good. Numbers that were counted of many patients before stay; nobody can be seen in them.",
        {
            "features": ("set of picture properties", "sets of picture properties"),
            "embeddings": ("description of a picture in numbers", "descriptions of pictures in numbers"),
            "ledger": ("line for counts", "lines for counts"),
            "drift_references": ("set to compare with", "sets to compare with"),
        },
    ),
    Kept(
        "What was handed on",
        "What was sent to other systems, reports that show a scan, and warnings about one.",
        "To know who received what.",
        "With the scan; reports as long as the server is set to keep them.",
        "Goes for good here. What other systems received stays there: tell them. A report that shows the "
        "patient is withheld.",
        {
            "deliveries": ("sending to another system", "sendings to other systems"),
            "reports": ("report that shows the patient", "reports that show the patient"),
            "alerts": ("warning about a scan", "warnings about scans"),
        },
    ),
    Kept(
        "Holds and proofs",
        "Legal holds, the audit trail of who did what, signed records of tests, and the note that something "
        "was erased. They say pseudonyms and random numbers; reasons are as people typed them.",
        "The law asks for proof of what was done, and of erasing itself.",
        "Holds until the patient is erased; all others for good.",
        "Lifted holds go. The others stay; their numbers lead to nobody any more.",
        {
            "legal_holds": ("legal hold", "legal holds"),
            "held_scans": ("scan that stayed held when it was moved", "scans that stayed held when moved"),
            "audit_events": ("event of the audit trail", "events of the audit trail"),
            "erasures": ("note of an erasure", "notes of erasures"),
            "acceptance_tests": ("signed record of a test", "signed records of tests"),
            "suspensions": ("record of a stopped version", "records of stopped versions"),
        },
    ),
)
