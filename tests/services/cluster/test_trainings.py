"""Trainings by workers: what comes of them is what this machine would make, whoever is lost on the way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from data.errors import Outage, UnusableDataset
from data.tracking import Tracking
from models.device import Device, training_place
from models.training import BEST, CHECKPOINT
from services.cluster import trainer, worker_pool
from services.cluster.trainings import ClusterTrainings
from services.cluster.worker_pool import TRIES, WorkerLost
from services.training.comparison import Comparison, asked_choices, compare
from services.training.plan import planned
from services.training.training import train
from services.versions.registry import EXPERIMENT
from tests.databases import new_mlflow
from tests.labelled import make_labelled
from tests.services.cluster_here import TrainersHere

TASK = "suitability"
EPOCHS = 3
SETTINGS = {"epochs": str(EPOCHS), "batch_size": "8", "size": "64", "checkpoint_every_s": "0"}


@pytest.fixture(autouse=True, scope="module")
def _small() -> Iterator[None]:
    """A network that learns in a moment; workers answer at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("models.suitability.training.PER_CLASS", 4)
        patch.setattr(worker_pool, "PAUSE_S", 0.0)
        patch.setattr(worker_pool, "LOOKED_EVERY_S", 0.05)
        patch.setattr(trainer, "NEWS_S", 0.05)
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_labelled(tmp_path_factory.mktemp("data"))


@pytest.fixture
def tracking(tmp_path: Path) -> Tracking:
    return Tracking(new_mlflow(tmp_path), tmp_path / "mlflow")


def asked(data: Path) -> Comparison:
    return Comparison(TASK, ("",), SETTINGS, (2,), data)


class Killer:
    """Loses the worker that is asked when so many epochs were told, so often."""

    def __init__(self, epochs: int, count: int, method: str = "news") -> None:
        self.epochs, self.left, self.method = epochs, count, method
        self.lock = threading.Lock()

    def __call__(self, method: str, epochs: int) -> None:
        with self.lock:
            if method == self.method and epochs >= self.epochs and self.left:
                self.left -= 1
                raise WorkerLost("it was killed")


def test_a_comparison_on_a_cluster_says_what_it_says_here(
    data: Path, tracking: Tracking, tmp_path: Path
) -> None:
    what = asked(data)
    here = compare(
        what, tmp_path / "here", Tracking(new_mlflow(tmp_path / "m"), tmp_path / "m"), device="cpu"
    )
    cluster = TrainersHere(machines=1)  # two in one process would share its random numbers
    with ClusterTrainings(cluster) as trainings:
        there = compare(what, tmp_path / "there", tracking, elsewhere=trainings)
    assert [replace(row, minutes=0) for row in there] == [replace(row, minutes=0) for row in here]
    assert sum(len(worker.begun) for worker in cluster.engaged) == 1
    assert all(worker.dismissed for worker in cluster.engaged)
    runs = tracking.runs(EXPERIMENT.format(task=TASK), {})
    assert [run.status for run in runs] == ["FINISHED"]
    assert all("epoch_loss" in run.metrics for run in runs)


def test_another_worker_goes_on_from_the_last_checkpoint(
    data: Path, tracking: Tracking, tmp_path: Path
) -> None:
    cluster = TrainersHere(machines=1, before=Killer(epochs=2, count=1))
    with ClusterTrainings(cluster) as trainings:
        compare(asked(data), tmp_path / "runs", tracking, elsewhere=trainings)
    first, second = [sent for worker in cluster.engaged for sent in worker.begun]
    assert dict(first.files) == {}
    assert set(second.files) == {CHECKPOINT, BEST}
    (run,) = tracking.runs(EXPERIMENT.format(task=TASK), {})
    assert run.status == "FINISHED"


def test_a_training_that_loses_every_worker_ends_with_a_sentence_and_may_be_resumed(
    data: Path, tracking: Tracking, tmp_path: Path
) -> None:
    cluster = TrainersHere(before=Killer(epochs=0, count=1000, method="begin"))
    with ClusterTrainings(cluster) as trainings, pytest.raises(Outage, match="3 times"):
        compare(asked(data), tmp_path / "runs", tracking, elsewhere=trainings)
    (run,) = tracking.runs(EXPERIMENT.format(task=TASK), {})
    assert run.status == "FAILED"
    with ClusterTrainings(TrainersHere()) as trainings:
        compare(asked(data), tmp_path / "runs", tracking, elsewhere=trainings, resume=True)
    (resumed,) = tracking.runs(EXPERIMENT.format(task=TASK), {})
    assert (resumed.run_id, resumed.status) == (run.run_id, "FINISHED")


def test_losses_between_checkpoints_are_not_counted_together(
    data: Path, tracking: Tracking, tmp_path: Path
) -> None:
    killer = Killer(epochs=1, count=TRIES)
    with ClusterTrainings(TrainersHere(machines=1, before=killer)) as trainings:
        what = Comparison(TASK, ("",), SETTINGS | {"epochs": str(TRIES + 2)}, (2,), data)
        compare(what, tmp_path / "runs", tracking, elsewhere=trainings)
    assert not killer.left


def test_other_data_on_a_worker_end_it_with_a_sentence(
    data: Path, tracking: Tracking, tmp_path: Path
) -> None:
    cluster = TrainersHere(machines=1)
    elsewhere = make_labelled(tmp_path / "other")
    Image.new("L", (70, 50), 7).save(next((elsewhere / "other" / "photos").iterdir()))

    def change(method: str, _: int) -> None:
        if method == "begin":
            data.rename(data.with_name("away"))
            elsewhere.rename(data)

    cluster.before = change
    try:
        with ClusterTrainings(cluster) as trainings, pytest.raises(UnusableDataset, match="are not those"):
            compare(asked(data), tmp_path / "runs", tracking, elsewhere=trainings)
    finally:
        data.rename(tmp_path / "seen")
        data.with_name("away").rename(data)
    (run,) = tracking.runs(EXPERIMENT.format(task=TASK), {})
    assert run.status == "FAILED"


def test_a_version_that_was_trained_elsewhere_is_judged_and_registered_here(
    data: Path, tracking: Tracking, tmp_path: Path
) -> None:
    with ClusterTrainings(TrainersHere()) as trainings:
        finished = train(planned(TASK, SETTINGS), data, tmp_path / "run", tracking, elsewhere=trainings)
    assert finished is not None
    assert finished.trained.facts["device"] == training_place(Device("cpu"))
    assert [version.version for version in tracking.versions(TASK)] == [finished.version.version]
    alone = train(planned(TASK, SETTINGS), data, tmp_path / "alone", tracking, device="cpu")
    assert alone is not None
    assert alone.trained.sha256 == finished.trained.sha256


def test_whoever_interrupts_the_command_ends_the_trainings(
    data: Path, tracking: Tracking, tmp_path: Path
) -> None:
    reached = threading.Event()
    cluster = TrainersHere(machines=1)
    cluster.before = lambda _method, epochs: reached.set() if epochs else None
    what = Comparison(
        TASK, asked_choices(TASK, ["spoilt_share=0"]), SETTINGS | {"epochs": "10000"}, (2,), data
    )

    class Interrupted(Exception):
        pass

    def interrupted(*_: object) -> None:
        assert reached.wait(60)
        raise Interrupted

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Interrupted):
        patch.setattr("services.training.comparison.as_completed", interrupted)
        with ClusterTrainings(cluster) as trainings:
            compare(what, tmp_path / "runs", tracking, elsewhere=trainings)
    assert all(worker.dismissed for worker in cluster.engaged)
    assert {run.status for run in tracking.runs(EXPERIMENT.format(task=TASK), {})} == {"FAILED"}
