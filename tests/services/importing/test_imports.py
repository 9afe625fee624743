"""Bulk import with real children, networks, stores and jobs."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from data.database import open_database
from data.errors import Busy, InvalidInput, NotFound
from data.files import FileStore
from data.records import ImportState, Role, ScanStatus, User, Verdict, WorklistQuery, WorklistRow
from data.stores.imports import ImportStore
from data.stores.refusals import RefusalStore
from services.assembly.container import Services
from services.importing.imports import Importing, ImportView
from services.reading.reader import Reader
from tests.services.imports import axial, write_labelled_volume, write_labels, write_mixed, write_picture
from tests.services.real import PATIENCE_S, person, running

ROOT = Path(__file__).resolve().parents[3]
QUERY = WorklistQuery(count=1000)


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    with running(tmp_path_factory.mktemp("imports")) as started:
        yield started


@pytest.fixture(scope="module")
def clinician(services: Services) -> User:
    return person(services, Role.CLINICIAN, "ada")


def done(services: Services, folder: Path, labels: Path | None = None) -> ImportView:
    """Import a folder and wait until nothing is left to do."""
    import_ = services.importing.start(folder, labels)
    assert services.jobs.wait_idle(PATIENCE_S)
    view = services.importing.view(import_.id)
    assert view.import_.state is ImportState.DONE, view
    return view


def rows(services: Services, user: User) -> dict[str, WorklistRow]:
    return {row.scan_id: row for row in services.reviewing.worklist.page(QUERY, user).rows}


def without_jobs(services: Services) -> Importing:
    """Imports on the same house that run only when told to, as the command line's do."""
    reader = Reader(services.reading.engine, services.reading.batcher)
    return Importing(services.settings, services.database, FileStore(services.settings.files_url), reader)


@pytest.fixture(scope="module")
def mixed(services: Services, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_mixed(tmp_path_factory.mktemp("mixed"))


@pytest.fixture(scope="module")
def first(services: Services, mixed: Path) -> ImportView:
    return done(services, mixed)


def test_a_mixed_folder_is_read_and_what_is_not_is_told(
    services: Services, clinician: User, first: ImportView
) -> None:
    progress = first.progress
    assert (progress.items, progress.done, progress.failed, progress.known) == (7, 7, 0, 0)
    refusals = {refusal.name: refusal for refusal in services.importing.refusals(first.import_.id)}
    assert refusals["broken.png"].code == "unreadable"
    assert refusals["blank.png"].code == "blank"
    assert progress.added == 7 - len(refusals)
    assert progress.added >= 4  # one or the other slice may look unlike a brain to the gate
    report = services.importing.report_csv(first.import_.id).splitlines()
    assert report[0] == "file,code,reason"
    assert len(report) == 1 + len(refusals)


def test_an_import_is_no_upload_that_somebody_waits_for(services: Services, first: ImportView) -> None:
    cohort = services.cohort.numbers.cohort({}, None)
    assert cohort.positive.share is not None
    assert cohort.positive.share.n > 0
    assert cohort.upload_to_read_s.n == 0


def test_a_series_spread_over_folders_is_one_scan_with_its_patient(
    services: Services, clinician: User, first: ImportView
) -> None:
    (row,) = [row for row in rows(services, clinician).values() if row.modality == "MR"]
    view = services.reviewing.scan_views.scan(row.scan_id, clinician)
    assert view.scan.slices == 6
    assert view.scan.status is ScanStatus.READ
    assert view.scan.spacing.slice_mm == pytest.approx(4.0)
    assert view.patient.identity is not None
    assert view.patient.identity.name == "Doe, Jane"
    assert view.result is not None
    assert services.reviewing.pictures.mask(row.scan_id).shape == (6, view.scan.height, view.scan.width)
    assert services.reviewing.scan_views.thumbnail(row.scan_id).startswith(b"\x89PNG")


def test_importing_again_adds_nothing(
    services: Services, clinician: User, mixed: Path, first: ImportView
) -> None:
    before, refused = rows(services, clinician), RefusalStore(services.database).count()
    assert refused == first.progress.refused  # the statistics know of them
    again = done(services, mixed)
    assert again.import_.id != first.import_.id
    assert (again.progress.added, again.progress.known) == (0, first.progress.added)
    assert again.progress.refused == first.progress.refused
    assert RefusalStore(services.database).count() == refused
    assert rows(services, clinician) == before
    assert all(len(services.reviewing.scan_views.scan(scan_id, clinician).results) == 1 for scan_id in before)


def test_files_of_a_done_import_are_all_in_their_places(services: Services, first: ImportView) -> None:
    assert list((services.settings.home / "imports").iterdir()) == []
    files = FileStore(services.settings.files_url)
    of_scans = Counter(key.split("/")[1] for key in files.keys("scans"))
    assert set(of_scans.values()) == {3}  # array, thumbnail, original


def test_labels_become_reviews_with_the_truth(services: Services, clinician: User, tmp_path: Path) -> None:
    table = write_labelled_volume(tmp_path, "L1", range(38, 46), {41, 42})
    table += write_labelled_volume(tmp_path, "L2", range(36, 44), set())
    labels = write_labels(tmp_path / "index.csv", table)
    view = done(services, tmp_path, labels)
    assert (view.progress.added, view.progress.labelled, view.progress.refused) == (2, 2, 0)
    by_patient = {row.patient_id: row for row in rows(services, clinician).values()}
    positive = services.reviewing.scan_views.scan(by_patient["L1"].scan_id, clinician)
    assert (positive.scan.slices, positive.scan.spacing.in_plane) == (8, None)
    header = positive.scan.header
    assert (header.sex, header.age_years, header.site, header.sequence) == ("F", 61.0, "CS", "FLAIR")
    (review,) = positive.reviews
    assert (review.verdict, review.reviewer_name) == (Verdict.LABELLED, "Imported label")
    assert review.truth_positive is True
    assert review.measurements is not None
    assert review.measurements.voxels == 2 * 100
    assert review.dice is not None
    drawn = services.reviewing.pictures.mask(positive.scan.id, "corrected")
    assert sorted(set(np.nonzero(drawn)[0])) == [3, 4]  # slices 41 and 42 of 38 to 45
    negative = services.reviewing.scan_views.scan(by_patient["L2"].scan_id, clinician)
    assert negative.reviews[0].truth_positive is False
    assert by_patient["L2"].verdict is Verdict.LABELLED
    again = done(services, tmp_path, labels)
    assert (again.progress.added, again.progress.known, again.progress.labelled) == (0, 2, 0)


def test_labels_that_come_later_reach_scans_that_nobody_reviewed(
    services: Services, clinician: User, tmp_path: Path
) -> None:
    for number in (40, 44):
        write_picture(tmp_path / f"{number}.png", axial(number, mark=1))
    assert done(services, tmp_path).progress.added == 2
    scan_ids = [row.scan_id for row in rows(services, clinician).values() if row.patient.startswith("4")]
    assert len(scan_ids) == 2
    services.reviewing.reviews.accept(scan_ids[0], clinician)
    table = [{"file": f"{number}.png", "label": "yes"} for number in (40, 44)]
    labels = write_labels(tmp_path / "labels.csv", table)
    view = done(services, tmp_path, labels)
    assert (view.progress.known, view.progress.labelled) == (2, 1)
    verdicts = {scan_id: rows(services, clinician)[scan_id].verdict for scan_id in scan_ids}
    assert verdicts == {scan_ids[0]: Verdict.ACCEPTED, scan_ids[1]: Verdict.LABELLED}


def test_a_label_that_its_mask_contradicts_is_an_error_of_its_row(
    services: Services, clinician: User, tmp_path: Path
) -> None:
    before = set(rows(services, clinician))
    table = []
    for number, (label, value) in enumerate([("1", 0), ("0", 255), ("1", 255)], 36):
        pixels = axial(number + 12, mark=9)
        mask = np.zeros(pixels.shape, np.uint8)
        mask[30:40, 20:30] = value
        write_picture(tmp_path / f"{number}.png", pixels)
        write_picture(tmp_path / "masks" / f"m{number}.png", mask)
        table.append({"file": f"{number}.png", "mask_file": f"m{number}.png", "label": label})
    view = done(services, tmp_path, write_labels(tmp_path / "labels.csv", table))
    refusals = {refusal.name: refusal for refusal in services.importing.refusals(view.import_.id)}
    assert {name for name, refusal in refusals.items() if refusal.code == "labels"} == {"m36.png", "m37.png"}
    assert (view.progress.added, view.progress.labelled) == (3, 1)
    views = [services.reviewing.scan_views.scan(scan_id, clinician) for scan_id in rows(services, clinician)]
    new = [shown for shown in views if shown.scan.id not in before]
    assert [shown.reviews[0].truth_positive for shown in new if shown.reviews] == [True]


def test_a_run_that_is_told_to_end_leaves_the_rest_to_the_next(
    services: Services, clinician: User, tmp_path: Path
) -> None:
    folder = tmp_path / "many"
    for number in range(30, 60):
        write_picture(folder / f"{number}.png", axial(number, mark=2))
    alone = Importing(
        services.settings,
        services.database,
        FileStore(services.settings.files_url),
        Reader(services.reading.engine, services.reading.batcher),
    )
    import_ = alone.start(folder)
    assert alone.start(folder).id == import_.id  # the unfinished one, not a second
    seen: list[int] = []

    def advance(progress: object) -> None:
        seen.append(1)
        alone.pause(import_.id)

    paused = alone.run(import_.id, advance)
    assert seen
    assert paused.import_.state in (ImportState.PAUSED, ImportState.DONE)
    again = alone.run(import_.id)
    assert again.import_.state is paused.import_.state  # a paused import does not go on by itself
    if paused.import_.state is ImportState.PAUSED:
        services.importing.take_up(import_.id)
        assert services.jobs.wait_idle(PATIENCE_S)
    ended = services.importing.view(import_.id)
    assert ended.import_.state is ImportState.DONE
    progress = ended.progress
    assert progress.items == progress.added + progress.refused == 30
    with pytest.raises(InvalidInput, match="finished"):
        services.importing.take_up(import_.id)
    with pytest.raises(InvalidInput, match="over"):
        services.importing.pause(import_.id)


def test_two_runs_of_one_import_keep_apart(services: Services, tmp_path: Path) -> None:
    write_picture(tmp_path / "a" / "1.png", axial(40, mark=3))
    alone = Importing(
        services.settings,
        services.database,
        FileStore(services.settings.files_url),
        Reader(services.reading.engine, services.reading.batcher),
    )
    import_ = alone.start(tmp_path / "a")
    with alone._held(import_.id), pytest.raises(Busy, match="another process"):
        alone.run(import_.id)
    assert alone.run(import_.id).import_.state is ImportState.DONE


def test_only_what_lies_in_the_import_folder_can_be_asked_for_at_the_page(
    services: Services, tmp_path: Path
) -> None:
    admin = person(services, Role.ADMIN, "root")
    top = services.settings.imports_from
    write_picture(top / "today" / "1.png", axial(41, mark=4))
    (top / "link").symlink_to(tmp_path)
    for outside in ("../lightbox.db", str(tmp_path), "/etc", "link"):
        with pytest.raises(InvalidInput, match="Only what lies in"):
            services.importing.start_below(admin, outside)
    with pytest.raises(InvalidInput, match="Only what lies in"):
        services.importing.start_below(admin, "today", "/etc/passwd")
    with pytest.raises(InvalidInput, match="no folder"):
        services.importing.start_below(admin, "yesterday")
    with pytest.raises(InvalidInput, match="Enter the folder"):
        services.importing.start_below(admin, " ")
    import_ = services.importing.start_below(admin, "today")
    assert services.jobs.wait_idle(PATIENCE_S)
    assert services.importing.view(import_.id).import_.state is ImportState.DONE
    assert services.importing.find(import_.id[:12]).id == import_.id
    with pytest.raises(NotFound):
        services.importing.find("nothing")


def test_a_folder_that_cannot_be_read_fails_with_its_reason(services: Services, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    import_ = services.importing.start(tmp_path / "empty")
    assert services.jobs.wait_idle(PATIENCE_S)
    failed = services.importing.view(import_.id).import_
    assert (failed.state, failed.failure) == (
        ImportState.FAILED, "No file was found there that could be a scan."
    )  # fmt: skip
    write_picture(tmp_path / "empty" / "1.png", axial(42, mark=5))
    services.importing.take_up(import_.id)
    assert services.jobs.wait_idle(PATIENCE_S)
    assert services.importing.view(import_.id).import_.state is ImportState.DONE


def test_a_killed_import_goes_on_at_the_next_start_and_nothing_is_doubled(tmp_path: Path) -> None:
    home, folder = tmp_path / "home", tmp_path / "scans"
    for number in range(30, 60):
        write_picture(folder / f"{number}.png", axial(number))
    shutil.copyfile(folder / "40.png", folder / "copy of 40.png")
    environment = {**os.environ, "LIGHTBOX_HOME": str(home), "LIGHTBOX_DEVICE": "cpu"}
    command = [sys.executable, "app.py", "import", str(folder)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        _wait_for_first_files(home, process)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert _settled(home) < 31
    with running(home) as services:
        assert services.jobs.wait_idle(PATIENCE_S)
        clinician = person(services, Role.CLINICIAN, "ada")
        (view,) = services.importing.recent()
        assert view.import_.state is ImportState.DONE
        progress = view.progress
        assert progress.items == progress.done == 31
        assert progress.added + progress.known + progress.refused == 31
        listed = rows(services, clinician)
        assert len(listed) == progress.added
        for scan_id, row in listed.items():
            assert row.status is ScanStatus.READ
            assert len(services.reviewing.scan_views.scan(scan_id, clinician).results) == 1
            assert services.reviewing.pictures.mask(scan_id).shape[0] == 1
        files = FileStore(services.settings.files_url)
        assert {key.split("/")[1] for key in files.keys("scans")} == set(listed)


def _settled(home: Path) -> int:
    database = open_database(f"sqlite:///{home / 'lightbox.db'}")
    store = ImportStore(database)
    (import_,) = store.recent(5)
    done = store.progress(import_.id).done
    database.dispose()
    return done


def _wait_for_first_files(home: Path, process: subprocess.Popen[bytes]) -> None:
    """Returns as soon as a scan's files are kept: its rows come later, so a kill comes in between."""
    until = time.monotonic() + 2 * PATIENCE_S
    while not list((home / "files" / "scans").glob("*/array.npy")):
        assert process.poll() is None, "it was over before it could be killed"
        assert time.monotonic() < until
        time.sleep(0.005)
