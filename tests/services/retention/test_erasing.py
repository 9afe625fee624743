"""Erasing a patient: no word and no pixel of them is left, and another patient's data are as they were."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pyotp
import pytest
from sqlalchemy import select

from data.database import reading
from data.errors import InvalidInput, NotAllowed, NotFound
from data.records import BRAIN_TUMOUR, ErasureState, ReportState, Role, User
from data.tables import metadata, patients
from services.assembly.container import Services
from services.retention.places import HOME
from tests.services.real import PATIENCE_S, person, running
from tests.services.retention.planted import BORN, FAMILY, IDEOGRAPHS, NUMBER, Planted, plant

PASSWORD = "a long enough password"  # pragma: allowlist secret
OTHER = ("Zwilgmeyer", "ZW-20202-C", "19550505")
WORDS = (FAMILY, "quxzv", "QX-77341", "77341", IDEOGRAPHS, BORN, "1931-02-17")
ENCODINGS = ("utf-8", "latin-1", "utf-16-le", "utf-16-be", "shift_jis", "euc_jp", "gb18030", "iso2022_jp")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("house")


@pytest.fixture(scope="module")
def services(home: Path) -> Iterator[Services]:
    with running(home) as started:
        yield started


def administrator(services: Services) -> User:
    """Somebody with a password of their own."""
    for user in services.accounts.all():
        if user.name == "root":
            return user
    user, once = services.accounts.create("root", "Root", Role.ADMIN)
    return services.accounts.change_password(user.id, once, PASSWORD)


def everywhere(home: Path) -> Iterator[tuple[Path, bytes]]:
    """Every byte of the house: database with its log, files, MLflow, uploads, whatever lies about."""
    for file in sorted(home.rglob("*")):
        if file.is_file():
            yield file, file.read_bytes()


def found_in(home: Path, words: tuple[str, ...]) -> set[tuple[str, str]]:
    spelt = {}
    for word in words:
        for encoding in ENCODINGS:
            try:
                spelt[word.lower().encode(encoding)] = word
            except UnicodeEncodeError:
                continue
    hits = set()
    for file, content in everywhere(home):
        lowered = content.lower()
        hits |= {(str(file.relative_to(home)), word) for raw, word in spelt.items() if raw in lowered}
    return hits


def rows_of_others(services: Services, planted: Planted) -> dict[str, set[str]]:
    """Every row that names one of these scans."""
    rows: dict[str, set[str]] = {}
    with reading(services.database) as connection:
        for table in metadata.sorted_tables:
            if table.name not in ("audit_events", "ledger", "erasures"):
                texts = {str(tuple(row)) for row in connection.execute(select(table))}
                rows[table.name] = {
                    text for text in texts if any(scan_id in text for scan_id in planted.scan_ids)
                }
    return rows


def files_of(services: Services, home: Path, planted: Planted) -> dict[str, bytes]:
    view = [services.reviewing.scan_views.scan(planted.scan_ids[0], person(services, Role.CLINICIAN, "ada"))]
    ids = [*planted.scan_ids, *(result.id for each in view for result in each.results)]
    return {
        str(file): content for file, content in everywhere(home) if any(each in str(file) for each in ids)
    }


def test_nothing_of_an_erased_patient_is_left_and_others_are_as_they_were(
    services: Services, home: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    erasing, admin = services.retention.erasing, administrator(services)
    mine = plant(services, tmp_path, 10, FAMILY, NUMBER, BORN)
    other = plant(services, tmp_path, 20, *OTHER)
    assert found_in(home, WORDS), "the search finds what is there"
    assert all(any(pixels in content for _, content in everywhere(home)) for pixels in mine.pixels)
    nora = person(services, Role.MLOPS, "nora")
    both = services.training.packs.request(BRAIN_TUMOUR, [*mine.scan_ids, *other.scan_ids], "both", nora)
    assert services.jobs.wait_idle(PATIENCE_S)
    rows, files = rows_of_others(services, other), files_of(services, home, other)

    [patient] = erasing.search("quxzvölkner", admin)
    holdings = erasing.holdings(patient.pseudonym, admin)
    assert holdings.counts["scans"] == 2
    assert holdings.counts["feedback"] == 1
    assert holdings.words_in_audit == 0
    erasure = erasing.erase(patient.pseudonym, f"Antrag von {FAMILY}, {NUMBER}", PASSWORD, admin)

    assert erasure.state is ErasureState.DONE, erasure.note
    assert erasure.counts["retraining packs"] == 2
    assert found_in(home, WORDS) == set()
    assert not any(pixels in content for pixels in mine.pixels for _, content in everywhere(home))
    assert not [file for file, _ in everywhere(home) if any(each in str(file) for each in mine.scan_ids)]
    assert not any(word.lower() in caplog.text.lower() for word in WORDS)
    left = [
        entry for entry in Path(tempfile.gettempdir()).iterdir() if entry.name.startswith("lightbox-pack-")
    ]
    assert not left
    with pytest.raises(NotFound):
        erasing.holdings(patient.pseudonym, admin)

    frame = services.drift.runs.rows(other.run_id)
    assert set(other.scan_ids[:1]) <= set(frame["scan_id"])
    assert not set(frame["scan_id"]) & set(mine.scan_ids)
    report = services.reporting.get(mine.report_id)
    assert (report.state, report.files) == (ReportState.FAILED, {})
    assert "erased" in (report.failure or "")
    assert next(pack for pack in services.training.packs.recent() if pack.id == both.id).ask.erased
    with pytest.raises(NotFound, match="erased"):
        services.training.packs.content(both.id, nora)
    assert rows_of_others(services, other) == rows
    assert files_of(services, home, other) == files
    assert services.auditing.watch.check().intact
    for entry in home.iterdir():
        assert any(fnmatch(entry.name, name) or entry.name.startswith(name) for name in HOME), entry.name


def test_erasing_asks_for_a_reason_the_password_and_the_right(services: Services) -> None:
    erasing, admin = services.retention.erasing, administrator(services)
    with reading(services.database) as connection:
        pseudonym = connection.execute(select(patients.c.pseudonym)).scalars().first()
    assert pseudonym
    with pytest.raises(InvalidInput, match="why"):
        erasing.erase(pseudonym, "  ", PASSWORD, admin)
    with pytest.raises(InvalidInput):
        erasing.erase(pseudonym, "asked for", "not the password", admin)
    for role in (Role.CLINICIAN, Role.HEAD, Role.MLOPS):
        with pytest.raises(NotAllowed):
            erasing.erase(
                pseudonym, "asked for", PASSWORD, person(services, role, f"a {role}".replace(" ", ""))
            )
    assert erasing.holdings(pseudonym, admin).counts["scans"]


def test_whose_app_shows_codes_is_asked_for_one_beside_the_password(services: Services) -> None:
    eve, once = services.accounts.create("eve", "Eve", Role.ADMIN)
    services.accounts.change_password(eve.id, once, PASSWORD)
    confirmation, factors = services.retention.confirmation, services.second_factors
    confirmation.confirm(eve.id, PASSWORD, "", "erase P-7K4MX")
    assert not confirmation.asks_code(eve.id)
    app = pyotp.TOTP(factors.begin_app(eve.id, "eve").secret)
    used = app.now()
    recovery = factors.confirm_app(eve.id, PASSWORD, used)
    assert confirmation.asks_code(eve.id)
    for code in ("", used, "000000"):
        with pytest.raises(InvalidInput, match="code"):
            services.retention.erasing.erase("P-7K4MX", "asked for", PASSWORD, eve, code)
    with pytest.raises(InvalidInput, match="password"):
        confirmation.confirm(eve.id, "not it", recovery[0], "erase P-7K4MX")
    confirmation.confirm(eve.id, PASSWORD, recovery[0], "erase P-7K4MX")
