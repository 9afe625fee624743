"""Faults of MLflow: an outage is told from a refusal, and both from a mistake of ours."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import ModuleType

import pytest
from mlflow.exceptions import MlflowException, RestException

from data.errors import NotFound, TrackingAway
from data.records import ModelVersion, TrackedRun
from data.tracking import CHAMPION, Tracking
from data.tracking.faults import Answering, translated
from tests.databases import new_mlflow

RUN = TrackedRun("f" * 32, "e", "r", "FINISHED", None, None, {}, {}, {"epoch_loss": 1.0}, {"epoch_loss": 3})


def _questions(tracking: Tracking, folder: Path) -> list[Callable[[], object]]:
    version = ModelVersion("m", "1", (), datetime.now(UTC), "hash", {}, RUN.run_id, "", {})
    return [
        lambda: tracking.runs("e", {"a": "b"}),
        lambda: tracking.runs_by_id([RUN.run_id]),
        lambda: tracking.start_run("e", "r", {}),
        lambda: tracking.tag_run(RUN.run_id, {"a": "b"}),
        lambda: tracking.log_metrics(RUN.run_id, {"auc": 0.9}),
        lambda: tracking.log_json(RUN.run_id, "a.json", {}),
        lambda: tracking.end_run(RUN.run_id),
        lambda: tracking.delete_runs([RUN.run_id]),
        lambda: tracking.artifacts(RUN.run_id),
        lambda: tracking.artifact(RUN.run_id, "a.json"),
        lambda: tracking.curves([RUN]),
        lambda: tracking.register("m", RUN.run_id, "hash", ""),
        lambda: tracking.versions("m"),
        lambda: tracking.registered("m"),
        lambda: tracking.by_alias("m", CHAMPION),
        lambda: tracking.set_alias("m", CHAMPION, "1"),
        lambda: tracking.delete_alias("m", CHAMPION),
        lambda: tracking.tag_version("m", "1", {"a": "b"}),
        lambda: tracking.files_of(version, folder / "files"),
    ]


def test_at_a_closed_port_every_question_raises_one_error_with_its_cause(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    tracking = Tracking(f"http://127.0.0.1:{port}", tmp_path)
    for ask in _questions(tracking, tmp_path):
        with pytest.raises(TrackingAway, match="MLflow cannot be reached") as raised:
            ask()
        assert str(port) in str(raised.value.__cause__)


def test_a_database_that_is_none_is_an_outage_too(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_bytes(b"no database " * 1000)
    for ask in _questions(Tracking(f"sqlite:///{tmp_path / 'mlflow.db'}", tmp_path), tmp_path):
        with pytest.raises(TrackingAway):
            ask()


@pytest.mark.parametrize("uri", ["nonsense://x", "sqlite:////dev/null/mlflow.db"])
def test_an_address_that_leads_nowhere_is_an_outage(tmp_path: Path, uri: str) -> None:
    with pytest.raises(TrackingAway):
        Tracking(uri, tmp_path).registered("m")


@pytest.fixture
def stranger() -> Iterator[str]:
    """A server that is no MLflow: whatever is asked, it is a page that it does not have."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(404)
            self.end_headers()
            self.wfile.write(b"<h1>Nothing here</h1>")

        do_GET = _answer  # noqa: N815  http.server names the verbs
        do_POST = _answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_server_that_is_no_mlflow_is_an_outage(stranger: str, tmp_path: Path) -> None:
    tracking = Tracking(stranger, tmp_path)
    for ask in (lambda: tracking.registered("m"), lambda: tracking.artifacts(RUN.run_id)):
        with pytest.raises(TrackingAway):
            ask()


def test_what_mlflow_does_not_have_is_not_found_and_no_outage(tmp_path: Path) -> None:
    tracking = Tracking(new_mlflow(tmp_path), tmp_path / "artifacts")
    for ask in (
        lambda: tracking.artifacts(RUN.run_id),
        lambda: tracking.read_json(RUN.run_id, "a.json"),
        lambda: tracking.log_metrics(RUN.run_id, {"auc": 0.9}),
        lambda: tracking.set_alias("m", CHAMPION, "1"),
        lambda: tracking.register("m", RUN.run_id, "hash", ""),
    ):
        with pytest.raises(NotFound):
            ask()
    assert tracking.by_alias("m", CHAMPION) is None


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tracking, str]:
    """(MLflow in a folder, its one run, which is version 1 of the model `m`)."""
    folder = tmp_path_factory.mktemp("mlflow")
    tracking = Tracking(new_mlflow(folder), folder / "artifacts")
    run = tracking.start_run("e", "r", {})
    tracking.log_json(run, "a.json", {"n": 1})
    tracking.register("m", run, "hash", "")
    return tracking, run


NO_RUNS = ("f" * 32, "", "1", "no such", "../../etc", "x'y", "a\"b'c", "a" * 300, "ü", "a\x00b", "--", "1.5")


@pytest.mark.parametrize("run_id", NO_RUNS)
def test_an_id_that_no_run_has_is_not_found_whatever_it_looks_like(
    kept: tuple[Tracking, str], run_id: str, tmp_path: Path
) -> None:
    tracking, run = kept
    version = ModelVersion("m", "1", (), datetime.now(UTC), "hash", {}, run_id, "", {})
    file = tmp_path / "a.txt"
    file.write_text("a")
    for ask in (
        lambda: tracking.tag_run(run_id, {"a": "b"}),
        lambda: tracking.log_metrics(run_id, {"auc": 0.9}),
        lambda: tracking.log_json(run_id, "a.json", {}),
        lambda: tracking.log_file(run_id, file),
        lambda: tracking.log_files(run_id, tmp_path),
        lambda: tracking.end_run(run_id),
        lambda: tracking.artifacts(run_id),
        lambda: tracking.artifact(run_id, "a.json"),
        lambda: tracking.read_json(run_id, "a.json"),
        lambda: tracking.register("m", run_id, "hash", ""),
        lambda: tracking.files_of(version, tmp_path / "files"),
    ):
        with pytest.raises(NotFound):
            ask()
    tracking.delete_runs([run_id])
    assert list(tracking.runs_by_id([run_id, run])) == [run]
    assert tracking.read_json(run, "a.json") == {"n": 1}


NO_VERSIONS = ("2", "0", "-1", "", "1.5", "one", "²", "2147483648", "9" * 30, "1;", "../1", "a\x00b")


@pytest.mark.parametrize("number", NO_VERSIONS)
def test_a_number_that_no_version_has_is_not_found_whatever_it_looks_like(
    kept: tuple[Tracking, str], number: str
) -> None:
    tracking, _ = kept
    with pytest.raises(NotFound):
        tracking.set_alias("m", CHAMPION, number)
    with pytest.raises(NotFound):
        tracking.tag_version("m", number, {"a": "b"})
    assert tracking.by_alias("m", CHAMPION) is None


@pytest.mark.parametrize("path", ["x'y/z", "a\"b'c/d", "a" * 256 + "/b", "a" * 256, "a\x00b/c"])
def test_a_path_that_no_run_has_is_not_found_whatever_it_looks_like(
    kept: tuple[Tracking, str], path: str
) -> None:
    tracking, run = kept
    with pytest.raises(NotFound):
        tracking.artifact(run, path)


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (ConnectionResetError("gone"), TrackingAway),
        (TimeoutError("late"), TrackingAway),
        (MlflowException("no idea"), TrackingAway),
        (RestException({"error_code": "PERMISSION_DENIED", "message": "who are you"}), TrackingAway),
        (RestException({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no run"}), NotFound),
        (RestException({"error_code": "RESOURCE_ALREADY_EXISTS", "message": "a model"}), RestException),
        (MlflowException.invalid_parameter_value("our mistake"), MlflowException),
        (KeyError("our mistake"), KeyError),
        (TypeError("our mistake"), TypeError),
        (AttributeError("our mistake"), AttributeError),
    ],
)
def test_each_kind_becomes_what_it_is(raised: Exception, expected: type[Exception]) -> None:
    with pytest.raises(expected) as seen, translated():
        raise raised
    assert type(seen.value) is expected
    assert raised in (seen.value, seen.value.__cause__)


def test_a_mistake_within_a_call_stays_one() -> None:
    class Client:
        store = "as it is"

        def answer(self, value: int) -> int:
            if value < 0:
                raise KeyError("ours")
            if value == 0:
                raise OSError("theirs")
            return value

    client = Answering(Client())
    assert (client.store, client.answer(3), client.answer(value=4)) == ("as it is", 3, 4)
    with pytest.raises(KeyError, match="ours"):
        client.answer(-1)
    with pytest.raises(TrackingAway):
        client.answer(0)
    with pytest.raises(AttributeError):
        client.nothing()


def test_a_bucket_that_gives_no_answer_is_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    # Its client is there only where artifacts lie in a bucket.
    class ClientError(Exception):
        pass

    botocore = ModuleType("botocore.exceptions")
    botocore.BotoCoreError, botocore.ClientError = ConnectionError, ClientError  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "botocore.exceptions", botocore)
    with pytest.raises(TrackingAway), translated():
        raise ClientError("no such bucket")
