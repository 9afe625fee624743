"""The history of models: joined from MLflow, kept with its date, shown while MLflow is away."""

from __future__ import annotations

import logging
import math
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from data.errors import Busy, NotFound
from data.records import ModelVersion, TrackedRun
from data.tracking import CHAMPION, Tracking
from services.performance.history import Histories, History
from tests.databases import new_mlflow

TASK = "pneumonia"
EXPERIMENT = f"lightbox-{TASK}"
NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def tracking(tmp_path: Path) -> Tracking:
    return Tracking(new_mlflow(tmp_path), tmp_path / "artifacts")


@pytest.fixture
def histories(tracking: Tracking, tmp_path: Path) -> Iterator[Histories]:
    yield from _histories(tracking, tmp_path)


def _histories(tracking: Tracking, folder: Path) -> Iterator[Histories]:
    made = Histories(tracking, folder / "cache", [TASK])
    yield made
    made.close()


def a_version(tracking: Tracking, epochs: int = 3, end: bool = True) -> ModelVersion:
    run_id = tracking.start_run(EXPERIMENT, "train", {"learning_rate": 0.001, "data_sha256": "abc"})
    for epoch in range(epochs):
        tracking.log_metrics(run_id, {"epoch_loss": 1 / (1 + epoch)}, epoch)
    figure = {"auc": 0.9, "auc_low": 0.85, "auc_high": 0.94, "auc_n": 312}
    tracking.log_metrics(run_id, {**figure, "calibration_error": 0.03, "calibration_error_n": 312})
    tracking.log_json(run_id, "model/evaluation.json", {"n": 312})
    if end:
        tracking.end_run(run_id)
    return tracking.register(TASK, run_id, "hash", "Trained here.")


def a_month(tracking: Tracking, month: str, version: str = "1", **changes: str) -> str:
    tags = {"kind": "real-use", "version": version, "month": month, "part": "reviewed", "synthetic": "no"}
    tags = {f"lightbox.{key}": value for key, value in (tags | changes).items()}
    run_id = tracking.start_run(f"{EXPERIMENT}-real-use", f"v{version} {month}", {}, tags)
    recall = {"recall": 0.9, "recall_low": 0.8, "recall_high": 0.95, "recall_n": 40}
    tracking.log_metrics(run_id, {**recall, "read_n": 200, "reviewed_n": 60, "latency_p50_ms": 410})
    tracking.log_metrics(run_id, {"far_low": 0, "far_high": 1, "far_n": 0})  # of no case: not a number
    tracking.end_run(run_id)
    return run_id


class Watched(Tracking):
    """A real store that notes which runs are asked for, and may be kept waiting."""

    def __init__(self, beside: Tracking) -> None:
        super().__init__(beside._uri, beside._artifacts)
        self.asked: list[set[str]] = []
        self.curved: list[set[str]] = []
        self.answers = threading.Event()
        self.answers.set()
        self.waiting = threading.Semaphore(0)

    def registered(self, name: str) -> list[ModelVersion]:
        self.waiting.release()
        self.answers.wait(30)
        return super().registered(name)

    def runs_by_id(self, run_ids: Any, experiment: str = "") -> dict[str, TrackedRun]:
        self.asked.append(set(run_ids))
        return super().runs_by_id(self.asked[-1], experiment)

    def curves(self, runs: Any) -> Any:
        self.curved.append({run.run_id for run in runs})
        return super().curves(runs)


def test_versions_months_and_rehearsals_are_joined(tracking: Tracking, histories: Histories) -> None:
    first, second = a_version(tracking), a_version(tracking)
    tracking.set_alias(TASK, CHAMPION, "1")
    tracking.tag_version(TASK, "1", {"lightbox.promoted_by": "ada"})
    a_month(tracking, "2026-10")
    a_month(tracking, "2026-09", part="sample", synthetic="yes")
    a_month(tracking, "2026-10", version="2")
    rehearsal = tracking.start_run(
        f"{EXPERIMENT}-rehearsal", "2 against 1", {}, {"lightbox.kind": "rehearsal", "lightbox.version": "2"}
    )
    history = histories.of(TASK)

    assert (history.task, history.trouble) == (TASK, None)
    assert history.as_of is not None
    assert [version.version.version for version in history.versions] == ["2", "1"]
    version = history.versions[1]
    assert (version.version.aliases, version.version.tags["lightbox.promoted_by"]) == ((CHAMPION,), "ada")
    assert version.parameters == {"learning_rate": "0.001", "data_sha256": "abc"}
    assert set(version.figures) == {"auc", "calibration_error"}  # the last epoch is no validation
    auc, ece = version.figures["auc"], version.figures["calibration_error"]
    assert (auc.value, auc.low, auc.high, auc.n) == (0.9, 0.85, 0.94, 312)
    assert (ece.value, ece.n, math.isnan(ece.low)) == (0.03, 312, True)
    assert version.run is not None
    assert (version.run.run_id, history.versions[0].run.run_id) == (first.run_id, second.run_id)  # type: ignore[union-attr]

    assert [(month.month, month.version, month.part, month.synthetic) for month in history.real_use] == [
        ("2026-09", "1", "sample", True),
        ("2026-10", "1", "reviewed", False),
        ("2026-10", "2", "reviewed", False),
    ]
    month = history.real_use[1]
    assert (set(month.figures), month.figures["recall"].n) == ({"recall"}, 40)
    assert month.numbers == {"read_n": 200, "reviewed_n": 60, "latency_p50_ms": 410}
    assert [run.run_id for run in history.rehearsals] == [rehearsal]


def test_the_curves_and_files_of_the_run_behind_a_version(tracking: Tracking, histories: Histories) -> None:
    a_version(tracking)
    assert histories.curves(TASK, "1") == {"epoch_loss": [(0, 1.0), (1, 0.5), (2, pytest.approx(1 / 3))]}
    assert histories.curves(TASK, "7") == {}
    assert histories.artifacts(TASK, "1") == ["model/evaluation.json"]
    assert histories.artifacts(TASK, "7") == []
    assert histories.artifact(TASK, "1", "model/evaluation.json") == b'{"n": 312}'
    for version, path in (
        ("1", "model/other.json"),
        ("1", "../../mlflow.db"),
        ("7", "model/evaluation.json"),
    ):
        with pytest.raises(NotFound):
            histories.artifact(TASK, version, path)
    with pytest.raises(NotFound):
        histories.of("a task that does not exist")


def test_what_was_logged_before_a_refresh_is_in_it(tracking: Tracking, histories: Histories) -> None:
    a_version(tracking)
    run_id = a_month(tracking, "2026-10")
    assert histories.refresh(TASK).real_use[0].figures["recall"].n == 40
    tracking.log_metrics(run_id, {"recall": 0.88, "recall_n": 41}, step=1)  # a late correction
    (month,) = histories.refresh(TASK).real_use
    assert (month.figures["recall"].value, month.figures["recall"].n) == (0.88, 41)
    tracking.log_metrics(run_id, {"recall_n": 0}, step=2)  # the last such case was taken back
    assert histories.refresh(TASK).real_use[0].figures == {}
    a_version(tracking)
    assert [version.version.version for version in histories.refresh(TASK).versions] == ["2", "1"]


def test_an_ended_run_is_read_once_and_a_running_one_again(tracking: Tracking, tmp_path: Path) -> None:
    ended, running = a_version(tracking).run_id, a_version(tracking, end=False).run_id
    assert ended is not None
    assert running is not None
    watched = Watched(tracking)
    for histories in _histories(watched, tmp_path):
        histories.warm()
        tracking.log_metrics(running, {"epoch_loss": 0.25}, 3)
        histories.warm()
        assert histories.curves(TASK, "2")["epoch_loss"][-1] == (3, 0.25)
        assert watched.asked == [{ended, running}, {running}]
        assert watched.curved == [{ended, running}, {running}]
    watched = Watched(tracking)  # and so after a restart
    for histories in _histories(watched, tmp_path):
        histories.warm()
        assert (watched.asked, watched.curved) == ([{running}], [])
        assert len(histories.curves(TASK, "1")["epoch_loss"]) == 3


def test_after_a_restart_without_mlflow_the_dated_cache_serves(tracking: Tracking, tmp_path: Path) -> None:
    a_version(tracking)
    a_month(tracking, "2026-10")
    for histories in _histories(tracking, tmp_path):
        histories.warm()
        assert histories.artifacts(TASK, "1") == ["model/evaluation.json"]
        assert histories.artifact(TASK, "1", "model/evaluation.json") == b'{"n": 312}'
        before = histories.of(TASK)
    for histories in _histories(Tracking(NOBODY, tmp_path), tmp_path):
        away = histories.refresh(TASK)
        assert (away.as_of, away.versions[0].figures["auc"]) == (
            before.as_of,
            before.versions[0].figures["auc"],
        )
        assert away.real_use == before.real_use
        assert before.as_of is not None
        local = before.as_of.astimezone()
        day = f"{local.day} {local:%B %Y at %H:%M %Z}"
        assert away.trouble == f"MLflow cannot be reached; what is shown was read on {day}."
        assert histories.of(TASK).trouble == away.trouble
        assert len(histories.curves(TASK, "1")["epoch_loss"]) == 3
        assert histories.artifacts(TASK, "1") == ["model/evaluation.json"]
        assert histories.artifact(TASK, "1", "model/evaluation.json") == b'{"n": 312}'
        with pytest.raises(Busy):
            histories.artifact(TASK, "1", "never fetched.png")
    for histories in _histories(tracking, tmp_path):
        assert histories.refresh(TASK).trouble is None


def test_without_mlflow_and_without_a_cache_there_is_a_sentence(tmp_path: Path) -> None:
    for histories in _histories(Tracking(NOBODY, tmp_path), tmp_path):
        history = histories.refresh(TASK)
        said = "MLflow cannot be reached, and nothing was read from it before."
        assert history == History(TASK, None, said)
        assert histories.curves(TASK, "1") == {}
        assert histories.artifacts(TASK, "1") == []


def test_an_empty_mlflow_is_no_trouble(histories: Histories) -> None:
    history = histories.of(TASK)
    assert (history.trouble, history.versions, history.real_use, history.rehearsals) == (None, (), (), ())
    assert history.as_of is not None


def test_strangers_runs_and_versions_do_no_harm(tracking: Tracking, histories: Histories) -> None:
    a_version(tracking)
    client = tracking._client
    client.create_model_version(TASK, source="s3://elsewhere/model")
    notebook = tracking.start_run("A notebook/Ü", "", {"π": "…" * 300})
    tracking.log_metrics(notebook, {"val acc/top 5": 0.7, "loss_low": 0.1, "n": math.inf}, 4)
    client.create_model_version(TASK, source="", run_id=notebook)
    client.create_model_version(TASK, source="gone", run_id="f" * 32)
    a_month(tracking, "October")
    a_month(tracking, "2026-10", part="everything")
    a_month(tracking, "2026-10", "")
    a_month(tracking, "2026-11", "v2-β")
    tracking.start_run(f"{EXPERIMENT}-real-use", "no tags", {})
    tracking.start_run(f"{EXPERIMENT}-rehearsal", "no tags", {})

    history = histories.of(TASK)
    assert history.trouble is None
    gone, foreign, bare, ours = history.versions
    assert (gone.run, bare.run, bare.figures) == (None, None, {})
    assert set(foreign.figures) == {"val acc/top 5", "loss_low"}
    assert (foreign.figures["val acc/top 5"].n, foreign.version.version) == (0, "3")
    assert ours.figures["auc"].n == 312
    assert histories.curves(TASK, "3") == {"val acc/top 5": [(4, 0.7)], "loss_low": [(4, 0.1)]}
    assert [(month.month, month.version) for month in history.real_use] == [("2026-11", "v2-β")]
    assert history.rehearsals == ()


@pytest.mark.parametrize(
    "spoil", [lambda text: "{", lambda text: text[:-9], lambda text: text.replace(": ", ":0")]
)
def test_a_spoilt_cache_counts_as_none(
    tracking: Tracking, tmp_path: Path, spoil: Callable[[str], str]
) -> None:
    a_version(tracking)
    for histories in _histories(tracking, tmp_path):
        histories.warm()
    for file in (tmp_path / "cache").glob("*.json"):
        file.write_text(spoil(file.read_text().replace(":", ": ")))
    for histories in _histories(Tracking(NOBODY, tmp_path), tmp_path):
        assert histories.refresh(TASK).versions == ()
    for histories in _histories(tracking, tmp_path):
        histories.warm()
        assert len(histories.of(TASK).versions) == 1


def test_a_cache_that_cannot_be_written_is_done_without(tracking: Tracking, tmp_path: Path) -> None:
    a_version(tracking)
    (tmp_path / "cache").write_text("in the way")
    for histories in _histories(tracking, tmp_path):
        histories.warm()
        assert len(histories.of(TASK).versions) == 1
        assert histories.artifact(TASK, "1", "model/evaluation.json") == b'{"n": 312}'


def test_readers_get_the_old_history_while_one_asks_for_news(
    tracking: Tracking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.performance.task_history.FRESH_S", -1.0)  # every page asks for news
    a_version(tracking)
    watched = Watched(tracking)
    for histories in _histories(watched, tmp_path):
        assert len(histories.refresh(TASK).versions) == 1
        a_version(tracking)
        watched.answers.clear()
        assert [len(histories.of(TASK).versions) for _ in range(5)] == [1] * 5
        watched.answers.set()
        assert len(histories.refresh(TASK).versions) == 2
        asked = 0
        while watched.waiting.acquire(blocking=False):
            asked += 1
        # the first, the one that five readers asked for, and the last
        assert asked == 3


def test_a_server_that_hangs_holds_up_no_page(tracking: Tracking, tmp_path: Path) -> None:
    a_version(tracking)
    for histories in _histories(tracking, tmp_path):
        histories.warm()
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(50)
        hanging = Tracking(f"http://127.0.0.1:{deaf.getsockname()[1]}", tmp_path)
        for histories in _histories(hanging, tmp_path):
            # MLflow's client gives up after twenty seconds; all this comes before that.
            assert len(histories.of(TASK).versions) == 1
            assert len(histories.curves(TASK, "1")["epoch_loss"]) == 3
            assert histories.artifacts(TASK, "1") == []  # they were never listed
            assert histories._history(TASK)._running is not None


def test_a_mistake_of_ours_is_told_with_its_id_and_not_as_an_outage(
    tracking: Tracking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def mistaken(*_: object) -> None:
        raise KeyError("ours")

    a_version(tracking)
    for histories in _histories(tracking, tmp_path):
        histories.warm()
        with monkeypatch.context() as broken:
            for name in ("registered", "curves", "artifacts", "artifact"):
                broken.setattr(Tracking, name, mistaken)
            with pytest.raises(KeyError):
                histories.refresh(TASK)
            with pytest.raises(KeyError):
                histories.artifacts(TASK, "1")
            with pytest.raises(KeyError):
                histories.artifact(TASK, "1", "never fetched.png")
            broken.setattr("services.performance.task_history.FRESH_S", -1.0)
            with caplog.at_level(logging.ERROR):
                histories.of(TASK)  # asks in the background
                histories._history(TASK).wait(10)
            history = histories.of(TASK)
        assert len(history.versions) == 1  # the page lives on what was read before
        trouble = str(history.trouble)
        assert "something went wrong inside Lightbox" in trouble
        assert "cannot be reached" not in trouble
        assert trouble.split("error ")[1][:8] in caplog.text
        assert histories.refresh(TASK).trouble is None
