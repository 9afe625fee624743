"""Imports by workers that hold nothing of the house: what is lost is done again, once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from data.errors import InvalidInput, Outage
from data.files import FileStore
from data.records import BRAIN_TUMOUR, EvaluationReading, ImportState, Role, ScanSetKind, WorklistQuery
from data.stores.reviews import ReviewStore
from data.stores.scans import ScanStore
from services.assembly.container import Services
from services.cluster import worker_pool
from services.cluster.connecting import reading_connector
from services.cluster.installation import installation, refusal_of
from services.cluster.networks import SentNetwork, WorkerSettings, received, sent
from services.cluster.set_reading import ClusterSetReader
from services.cluster.workplace import ClusterWorkplace
from services.evaluations.set_reader import SetReader
from services.importing.imports import Importing, ImportView
from services.reading.reader import Reader
from tests.services.cluster_here import ClusterHere, Losses
from tests.services.imports import axial, write_mixed, write_picture
from tests.services.real import person, running

NOBODY = "0" * 32


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    with running(tmp_path_factory.mktemp("cluster")) as started:
        yield started


@pytest.fixture(scope="module")
def networks(services: Services) -> list[SentNetwork]:
    engine = services.reading.engine
    return [sent(engine.loaded(task), services.settings) for task in engine.loaded_tasks()]


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_pool, "PAUSE_S", 0.0)
    monkeypatch.setattr(worker_pool, "LOOKED_EVERY_S", 0.05)


@pytest.fixture
def cluster(services: Services, networks: list[SentNetwork]) -> ClusterHere:
    return ClusterHere(networks, WorkerSettings.of(services.settings))


def importing(services: Services, cluster: ClusterHere) -> Importing:
    files = FileStore(services.settings.files_url)
    elsewhere = partial(ClusterWorkplace, cluster)
    return Importing(services.settings, services.database, files, None, elsewhere=elsewhere)


def imported(services: Services, cluster: ClusterHere, folder: Path) -> ImportView:
    imports = importing(services, cluster)
    return imports.run(imports.start(folder).id)


def pictures(folder: Path, mark: int, numbers: range = range(36, 44)) -> Path:
    for number in numbers:
        write_picture(folder / f"{number}.png", axial(number, mark=mark))
    return folder


def test_what_workers_read_is_kept_and_the_same_again_is_known(
    services: Services, cluster: ClusterHere, tmp_path: Path
) -> None:
    view = imported(services, cluster, write_mixed(tmp_path / "mixed"))
    assert view.import_.state is ImportState.DONE
    assert (view.progress.items, view.progress.added, view.progress.refused) == (7, 5, 2)
    codes = {refusal.name: refusal.code for refusal in importing(services, cluster).refusals(view.import_.id)}
    assert codes == {"broken.png": "unreadable", "blank.png": "blank"}
    again = imported(services, cluster, tmp_path / "mixed")
    assert (again.progress.added, again.progress.known) == (0, 5)
    clinician = person(services, Role.CLINICIAN, "ada")
    rows = services.reviewing.worklist.page(WorklistQuery(count=1000), clinician).rows
    series = next(row for row in rows if row.modality == "MR" and row.patient == "Doe, Jane")
    assert services.reviewing.pictures.mask(series.scan_id).shape[0] == 6
    assert all(worker.dismissed for worker in cluster.engaged)
    assert list((services.settings.home / "imports").iterdir()) == []


@pytest.mark.parametrize("method", ["decode", "read"])
def test_a_lost_block_is_done_by_another_worker_once(
    services: Services, cluster: ClusterHere, tmp_path: Path, method: str
) -> None:
    cluster.before = losses = Losses(method, count=2)
    view = imported(services, cluster, pictures(tmp_path, mark=11 if method == "read" else 12))
    assert losses.lost == 2
    assert (view.progress.items, view.progress.failed) == (8, 0)
    assert view.progress.added + view.progress.refused == 8
    assert len(cluster.engaged) > 2  # others came in the place of those that were lost


def test_an_item_that_loses_every_worker_fails_alone_and_may_be_tried_again(
    services: Services, cluster: ClusterHere, tmp_path: Path
) -> None:
    cluster.before = Losses("read", count=1000, of="39.png")
    imports = importing(services, cluster)
    view = imports.run(imports.start(pictures(tmp_path, mark=13)).id)
    assert (view.progress.failed, view.progress.done) == (1, 7)
    (failed,) = [r for r in imports.refusals(view.import_.id) if r.code == "failed"]
    assert (failed.name, "3 times" in failed.sentence) == ("39.png", True)
    cluster.before = Losses("read", count=0)
    imports.take_up(view.import_.id)
    assert imports.run(view.import_.id).progress.failed == 0


def test_what_fails_on_every_machine_ends_the_run_and_the_next_goes_on(
    services: Services, cluster: ClusterHere, tmp_path: Path
) -> None:
    cluster.before = Losses("read", count=1000, cause=OSError(28, "No space left on device"))
    imports = importing(services, cluster)
    started = imports.start(pictures(tmp_path, mark=14))
    with pytest.raises(OSError, match="No space left"):
        imports.run(started.id)
    assert imports.view(started.id).import_.state is ImportState.RUNNING
    cluster.before = Losses("read", count=0)
    assert imports.run(started.id).import_.state is ImportState.DONE


def test_a_paused_run_ends_though_no_worker_can_be_had(
    services: Services, cluster: ClusterHere, tmp_path: Path
) -> None:
    cluster.machines = 0
    imports = importing(services, cluster)
    started = imports.start(pictures(tmp_path, mark=15))
    view = imports.run(started.id, stop=lambda: True)
    assert (view.progress.done, view.progress.items) == (0, 8)


def test_without_any_worker_the_run_ends_with_why(
    services: Services, cluster: ClusterHere, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures(tmp_path, mark=16)
    cluster.refused = InvalidInput("The worker on machine 0 has Lightbox 0.1.0, and this machine 0.2.0.")
    with pytest.raises(Outage, match="has Lightbox 0.1.0"):
        imported(services, cluster, tmp_path)
    cluster.machines = 0
    monkeypatch.setattr(worker_pool, "WITHOUT_WORKERS_S", 0.2)
    with pytest.raises(Outage, match="none offers the resource"):
        imported(services, cluster, tmp_path)


def test_scans_of_the_house_are_read_as_here(
    services: Services, cluster: ClusterHere, networks: list[SentNetwork], tmp_path: Path
) -> None:
    imported(services, cluster, pictures(tmp_path, mark=17))
    reader = Reader(services.reading.engine, services.reading.batcher)
    stores = ScanStore(services.database), ReviewStore(services.database)
    files = FileStore(services.settings.files_url)
    set_reader = SetReader(reader, *stores, files, services.settings)
    loaded = services.reading.engine.loaded(BRAIN_TUMOUR)
    _, asked = services.evaluations.evaluations.sets.chosen(BRAIN_TUMOUR, ScanSetKind.COHORT, "")
    assert len(asked) >= 6
    here = [_said(set_reader.scan(loaded, reading, lambda _: None)) for reading in asked]
    own = ClusterHere([network for network in networks if network.task == BRAIN_TUMOUR], cluster.settings)
    own.before = losses = Losses("read scans", count=2)
    elsewhere = ClusterSetReader(set_reader, lambda _: nullcontext(own))
    there = [_said(reading) for reading in elsewhere(loaded, [*asked, replace(asked[0], scan_id=NOBODY)])]
    assert losses.lost == 2
    assert [failure for *_, failure in there if failure] == ["It is no longer here."]
    assert sorted(said for said in there if not said[-1]) == sorted(here)


def _said(reading: EvaluationReading) -> tuple[object, ...]:
    rounded = None if reading.probability is None else round(reading.probability, 4)
    return str(reading.scan_id), reading.positive, rounded, reading.volume_ml, reading.failure or ""


def test_another_installation_is_told_in_a_sentence() -> None:
    ours = installation()
    assert refusal_of("gpu-2", dict(ours), ours) is None
    said = refusal_of("gpu-2", {**ours, "Lightbox": "0.1.0", "torch": "2.0.0"}, ours)
    assert said is not None
    assert "gpu-2 has Lightbox 0.1.0, torch 2.0.0, and this machine" in said
    older = {name: version for name, version in ours.items() if name != "openvino"}
    assert "openvino of no known version" in str(refusal_of("gpu-2", older, ours))


def test_weights_that_changed_on_the_way_are_refused(
    services: Services, networks: list[SentNetwork], tmp_path: Path
) -> None:
    network = networks[0]
    damaged = {**network.files, "weights.safetensors": network.files["weights.safetensors"][:-1] + b"?"}
    broken = SentNetwork(network.task, network.version, network.weights_sha256, damaged, network.choices)
    own = WorkerSettings.of(services.settings).at(tmp_path)
    assert received(network, own)[0].name == network.task
    with pytest.raises(Exception, match="not those that were sent"):
        received(broken, own)


def test_nothing_secret_is_among_the_settings_that_travel(services: Services) -> None:
    assert set(vars(WorkerSettings.of(services.settings))) == {
        "backend", "max_scan_bytes", "decode_seconds", "decode_bytes", "max_batch", "gather_ms", "max_waiting"
    }  # fmt: skip


@pytest.mark.parametrize(
    "address", ["ray", "10.0.0.1:6379", "ray://", "ray://host", "ray://a b:1", "ftp://h:1"]
)
def test_what_is_no_address_is_told(address: str) -> None:
    with pytest.raises(InvalidInput, match="ray://HOST:PORT"):
        reading_connector(address)


@pytest.mark.parametrize("address", ["ray://head:10001", "ray://[::1]:10001", "auto"])
def test_without_ray_a_sentence_says_what_to_do(address: str) -> None:
    with pytest.raises(InvalidInput, match="make ray"):
        reading_connector(address)
