"""A version of a result for systems that take neither SEG nor SR: FHIR, HL7 v2, and findings as text."""

from __future__ import annotations

from reports import hl7
from reports.dicom.origin import Origin, Subject
from reports.fhir.bundle import bundle
from reports.fhir.elements import FhirVersion
from reports.plain_result import PlainResult
from reports.reading_report import in_plain_letters
from services.exporting.findings import finding_lines
from services.exporting.forms import MEDIA, Ask, Form
from services.exporting.plain_content import plain_result
from services.exporting.versions import ResultVersion
from services.reporting.reading_report import ReadingReports
from services.reporting.reports import File
from services.reviewing.prior import Prior

FHIR, TEXT = "application/fhir+json", "text/plain; charset=utf-8"
_RELEASES = {Form.FHIR_R4: FhirVersion.R4, Form.FHIR_R5: FhirVersion.R5}


class PlainReports:
    """Makes them. `patient_id_system` is the URI of the hospital's patient numbers, "" if unknown."""

    def __init__(self, reports: ReadingReports, patient_id_system: str) -> None:
        self._reports = reports
        self._patient_id_system = patient_id_system

    def resources(
        self, form: Form, version: ResultVersion, subject: Subject, origin: Origin | None, ask: Ask
    ) -> File:
        """A FHIR bundle; `origin` has the scan's series where it came as DICOM and is still here."""
        content = self._content(version, subject, origin, ask)
        made = bundle(content, _RELEASES[form], self._patient_id_system)
        return File(f"{version.file_name}-{form}.json", made, FHIR)

    def message(self, version: ResultVersion, subject: Subject, origin: Origin | None, ask: Ask) -> File:
        """An HL7 v2 ORU^R01."""
        content = self._content(version, subject, origin, ask)
        return File(f"{version.file_name}.hl7", hl7.message(content), MEDIA[Form.HL7])

    def text(self, version: ResultVersion, prior: Prior | None) -> File:
        """The findings as lines for a report, beside the prior where there is one."""
        return File(f"{version.file_name}.txt", self.findings(version, prior).encode(), TEXT)

    def findings(self, version: ResultVersion, prior: Prior | None) -> str:
        """The same as a text, without the patient's name."""
        return "\n".join(in_plain_letters(line) for line in finding_lines(version, prior)) + "\n"

    def _content(
        self, version: ResultVersion, subject: Subject, origin: Origin | None, ask: Ask
    ) -> PlainResult:
        _, moment = version.reported
        pdf = self._reports.pdf(version.view, named=subject.named, made=moment) if ask.pdf else None
        return plain_result(version, subject, None if origin is None else origin.source, pdf)
