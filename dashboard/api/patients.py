"""Patients for programs: /api/v1/patients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response

from dashboard import accesses
from dashboard.api import operations
from dashboard.api.models_patients import (
    FullIdentityAnswer,
    PatientScanAnswer,
    PatientStudiesAnswer,
    SeriesAnswer,
    StudyAnswer,
)
from dashboard.api.models_scans import patient_answer
from dashboard.api.operations import Operation, answered
from dashboard.auth import person
from data.records import NOTICE

if TYPE_CHECKING:
    from services.assembly.container import Services
    from services.reviewing.patients import PatientScan, PatientView, Study

PATIENT = Operation(
    "GET",
    "/api/v1/patients/<patient_id>",
    "patient",
    "One patient, by pseudonym or id, with all studies, series and scans",
    answer=PatientStudiesAnswer,
    says="The patient",
    errors=(404,),
)
OPERATIONS = (PATIENT,)


def register(server: Flask, services: Services) -> None:
    """Add the routes."""
    operations.add(server, PATIENT, "api_patient", ApiPatients(services).patient)


class ApiPatients:
    """The views."""

    def __init__(self, services: Services) -> None:
        self.patients = services.reviewing.patients

    def patient(self, patient_id: str) -> Response:
        """One patient; the identity only for who may see it."""
        view = self.patients.patient(patient_id, person())
        accesses.looked(accesses.PATIENT, view.patient.id)
        return answered(described(view))


def described(view: PatientView) -> PatientStudiesAnswer:
    """Put a patient as the API answers it."""
    studies = [_study(study) for study in view.studies]
    patient = patient_answer(view.patient, FullIdentityAnswer)
    return PatientStudiesAnswer(patient=patient, studies=studies, notice=NOTICE)


def _study(study: Study) -> StudyAnswer:
    series = [
        SeriesAnswer(uid=own.uid, description=own.description, scans=[_scan(scan) for scan in own.scans])
        for own in study.series
    ]
    return StudyAnswer(uid=study.uid, examined_at=study.examined_at, series=series)


def _scan(scan: PatientScan) -> PatientScanAnswer:
    result = scan.result
    return PatientScanAnswer(
        id=scan.scan.id,
        status=scan.scan.status,
        task=scan.scan.task,
        examined_at=scan.examined_at,
        sequence=scan.sequence,
        outcome=None if result is None else result.outcome,
        version=None if result is None else result.provenance.model_version,
        not_accepted=scan.not_accepted,
        verdict=None if scan.review is None else scan.review.verdict,
        volume_ml=None if scan.measurements is None else scan.measurements.volume_ml,
        product_mm2=scan.product_mm2,
    )
