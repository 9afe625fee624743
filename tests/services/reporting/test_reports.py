"""Reports are made as jobs, kept byte for byte, and deleted by rule."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, update

from data.database import now
from data.errors import InvalidInput, NotAllowed, NotFound
from data.files import FileStore
from data.ledger.in_memory import Ledger
from data.records import Report, ReportKind, ReportState, Role, User
from data.stores.audit import AuditLog
from data.stores.jobs import JobStore
from data.stores.refusals import RefusalStore
from data.stores.reports import ReportStore
from data.stores.results import ResultStore
from data.tables import reports
from services.cohort.cohort import Cohorts, hidden_from_nobody
from services.jobs import Jobs
from services.reporting.cohort_report import CohortReport
from services.reporting.reports import Ask, Progress, Reporting, Written
from services.settings import Settings
from tests.data.builders import a_header, a_kept_scan, a_result
from tests.databases import migrated
from tests.reports.test_document import numbers_in, numbers_of, text_of
from tests.reports.test_signing import certificate, verified

__all__ = ["certificate"]

HEAD = User("2", "head", "Prof Head", Role.HEAD)
GREY = User("1", "grey", "Dr Grey", Role.CLINICIAN)


class Broken:
    """Writes nothing: what it would report on is gone."""

    def title(self, ask: Ask) -> str:
        return "Broken"

    def write(self, ask: Ask, by: str, progress: Progress) -> Written:
        raise NotFound("This run has been deleted.")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = migrated(f"sqlite:///{tmp_path}/lightbox.db")
    for number in range(15):
        header = a_header(site="South" if number % 5 == 4 else "North", age_years=40.0 + number)
        scan = a_kept_scan(engine, number * 60, f"P^{number}", header=header)
        ResultStore(engine).add(a_result(scan.id, number * 60 + 1, positive=number % 2 == 0))
    yield engine
    engine.dispose()


class House:
    """Reporting on real stores."""

    def __init__(self, engine: Engine, folder: Path, **settings: object) -> None:
        self.engine = engine
        self.jobs = Jobs(JobStore(engine), 1)
        self.files = FileStore(folder / "files")
        cohorts = Cohorts(
            Ledger(engine), RefusalStore(engine), lambda: {"brain-tumour": 0.5}, hidden_from_nobody
        )
        writers = {ReportKind.COHORT: CohortReport(cohorts), ReportKind.DRIFT: Broken()}
        made = Settings(home=folder, **settings)  # type: ignore[arg-type]
        self.reporting = Reporting(
            made, ReportStore(engine), self.files, self.jobs, AuditLog(engine), writers
        )
        self.jobs.start()

    def made(self, kind: ReportKind = ReportKind.COHORT, **ask: str) -> Report:
        asked = self.reporting.request(kind, ask, HEAD)
        for _ in range(600):
            report = self.reporting.get(asked.id)
            if report.state is not ReportState.WAITING:
                return report
            time.sleep(0.05)
        raise AssertionError("the report was never made")


@pytest.fixture
def house(engine: Engine, tmp_path: Path) -> Iterator[House]:
    house = House(engine, tmp_path)
    yield house
    house.jobs.stop()


def test_a_report_is_made_and_kept_byte_for_byte(house: House) -> None:
    report = house.made(filters="site=North")
    assert report.title == "Cohort statistics: site North; real scans"
    assert report.files is not None
    assert set(report.files) == {"pdf", "json"}
    for kind, sha256 in report.files.items():
        first = house.reporting.file(report.id, kind, HEAD)
        again = house.reporting.file(report.id, kind, GREY)
        assert first.content == again.content
        assert hashlib.sha256(first.content).hexdigest() == sha256
    assert not report.signed


def test_every_number_of_its_json_stands_in_its_pdf(house: House) -> None:
    report = house.made()
    told = json.loads(house.reporting.file(report.id, "json", HEAD).content)
    text = text_of(house.reporting.file(report.id, "pdf", HEAD).content)
    numbers = numbers_in([chapter["blocks"] for chapter in told["chapters"]])
    assert numbers
    assert numbers <= numbers_of(text)


def test_small_numbers_do_not_leave_in_a_report_that_all_may_read(house: House) -> None:
    report = house.made(filters="site=South")
    told = json.loads(house.reporting.file(report.id, "json", HEAD).content)
    assert "fewer than 5" in json.dumps(told, ensure_ascii=False)


def test_a_report_is_signed_where_a_certificate_is_set(
    engine: Engine, tmp_path: Path, certificate: Path
) -> None:
    house = House(engine, tmp_path, sign_certificate=certificate, sign_password="secret")
    try:
        report = house.made()
        assert report.signed
        assert "Radiology North" in str(house.reporting.signs)
        assert verified(house.reporting.file(report.id, "pdf", HEAD).content) == (True, True)
    finally:
        house.jobs.stop()


def test_what_cannot_be_made_says_why(house: House) -> None:
    report = house.made(ReportKind.DRIFT, run="1")
    assert report.state is ReportState.FAILED
    assert report.failure == "This run has been deleted."
    with pytest.raises(NotFound):
        house.reporting.file(report.id, "pdf", HEAD)


def test_an_ask_that_cannot_be_met_is_refused_at_once(house: House) -> None:
    with pytest.raises(InvalidInput):
        house.reporting.request(ReportKind.COHORT, {"filters": "colour=red"}, HEAD)
    with pytest.raises(InvalidInput):
        house.reporting.request(ReportKind.GOVERNANCE, {}, HEAD)
    assert not house.reporting.recent()


def test_reports_are_deleted_by_those_who_may(house: House) -> None:
    report = house.made()
    with pytest.raises(NotAllowed):
        house.reporting.delete(report.id, GREY)
    house.reporting.delete(report.id, HEAD)
    assert not house.reporting.recent()
    assert not house.files.keys("reports")
    with pytest.raises(NotFound):
        house.reporting.file(report.id, "pdf", HEAD)


def test_old_reports_go_by_the_rule(engine: Engine, tmp_path: Path) -> None:
    house = House(engine, tmp_path, keep_reports_days=30)
    try:
        old, new = house.made(), house.made()
        with engine.begin() as connection:
            long_ago = {"created_at": now() - timedelta(days=31)}
            connection.execute(update(reports).where(reports.c.id == old.id).values(long_ago))
        assert house.reporting.prune() == 1
        assert [report.id for report in house.reporting.recent()] == [new.id]
        assert all(old.id not in key for key in house.files.keys("reports"))
    finally:
        house.jobs.stop()


def test_who_asked_and_who_took_it_is_in_the_audit_log(house: House) -> None:
    report = house.made()
    house.reporting.file(report.id, "pdf", GREY)
    events = [(event.action, event.user_id) for event in AuditLog(house.engine).recent(10)]
    assert ("report.ask", HEAD.id) in events
    assert ("report.download", GREY.id) in events
