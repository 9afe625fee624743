"""Data in a bucket by DVC, pipelines over it, and an old revision restored and trained again."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import Engine

from data.records import PNEUMONIA, TrackedRun
from data.tracking import Tracking
from models import weights
from services.training.retraining_pack import PackAsk
from services.versions.registry import EXPERIMENT
from tests.databases import migrated, new_mlflow
from tests.deploy.running_house import DEPLOY, ROOT
from tests.integration.buckets import BUCKET, object_store
from tests.labelled import make_labelled
from tests.services.training.test_retraining_pack import Ward

DVC = ROOT / ".dvc-env" / "bin" / "dvc"
TINY = "--set size=64 --set batch_size=8 --set start=scratch --set adults=no"
MADE = ("prepared", "training", "metrics.json")
pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]


@dataclass(frozen=True)
class Repository:
    """A department's repository of data."""

    folder: Path
    environment: dict[str, str]
    tracking: Tracking

    def run(self, *words: str) -> str:
        """What a command wrote; fails the test where it failed."""
        asked = subprocess.run(
            words, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        assert asked.returncode == 0, f"{words}\n{asked.stdout[-3000:]}\n{asked.stderr[-3000:]}"
        return asked.stdout

    def dvc(self, *words: str) -> str:
        """What `dvc` wrote."""
        return self.run(str(DVC), *words)

    def git(self, *words: str) -> str:
        """What `git` wrote, without the end of its line."""
        return self.run("git", *words).strip()

    def commit(self, tag: str) -> None:
        """All that git is told of."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", tag)
        self.git("tag", tag)

    def metrics(self) -> Any:
        """What `dvc metrics show` reads."""
        return json.loads(self.dvc("metrics", "show", "--json"))[""]["data"]["metrics.json"]["data"]

    def lock(self, stage: str) -> str:
        """The hash of what a stage made."""
        stages = yaml.safe_load((self.folder / "dvc.lock").read_text())["stages"]
        return str(stages[stage]["outs"][0]["md5"])

    def runs(self) -> list[TrackedRun]:
        """The trainings, oldest first."""
        runs = self.tracking.runs(EXPERIMENT.format(task=PNEUMONIA), {})
        return sorted(runs, key=lambda run: str(run.started_at))


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = migrated("sqlite://")
    yield engine
    engine.dispose()


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repository]:
    if not DVC.exists():
        pytest.skip("DVC is not installed: make dvc")
    folder = tmp_path / "data of radiology"
    folder.mkdir()
    mlflow = new_mlflow(tmp_path)
    with object_store() as store:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("LIGHTBOX_")}
        own = {
            "LIGHTBOX_COMMAND": f"{sys.executable} {ROOT / 'app.py'}",
            "LIGHTBOX_HOME": str(tmp_path / "home"),
            "LIGHTBOX_DEVICE": "cpu",
            "MLFLOW_TRACKING_URI": mlflow,
            "DVC_NO_ANALYTICS": "1",
            "DVC_SITE_CACHE_DIR": str(tmp_path / "site"),
            "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
            "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",
            "GIT_CONFIG_GLOBAL": os.devnull,
        }
        for who in ("AUTHOR", "COMMITTER"):
            own |= {f"GIT_{who}_NAME": "Ada", f"GIT_{who}_EMAIL": "ada@example.org"}
        yield Repository(folder, inherited | store.environment | own, Tracking(mlflow, tmp_path / "mlflow"))


def set_up(repository: Repository, ward: Ward) -> None:
    """As docs/pipelines.md says: the template, data, a pack, and where DVC keeps them."""
    folder = repository.folder
    repository.git("init", "--quiet")
    repository.dvc("init", "--quiet")
    repository.dvc("remote", "add", "--default", "bucket", f"s3://{BUCKET}/dvc")
    shutil.copy(DEPLOY / "dvc" / "dvc.yaml", folder)
    shutil.copy(DEPLOY / "dvc" / "gitignore", folder / ".gitignore")
    said = yaml.safe_load((DEPLOY / "dvc" / "params.yaml").read_text())
    said |= {"task": PNEUMONIA, "epochs": 1, "seed": 3, "options": TINY}
    (folder / "params.yaml").write_text(yaml.safe_dump(said))
    shutil.rmtree(make_labelled(folder / "data") / "outside")
    (folder / "packs").mkdir()
    scans = [ward.scan(n, task=PNEUMONIA, truth=n % 2 == 0, shape=(1, 48, 48)) for n in range(6)]
    ward.packs.write(PackAsk(PNEUMONIA, tuple(s.id for s in scans), "", "nora"), folder / "packs" / "1.zip")
    repository.dvc("add", "--quiet", "data", "packs")


def hashes(*folders: Path) -> dict[str, str]:
    """Every file with the hash of its bytes."""
    return {
        str(file): hashlib.sha256(file.read_bytes()).hexdigest()
        for folder in folders
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_data_goes_to_a_bucket_and_an_old_revision_comes_back_and_trains_to_the_same_figures(
    repository: Repository, engine: Engine, tmp_path: Path
) -> None:
    folder = repository.folder
    set_up(repository, Ward(engine, tmp_path))
    repository.commit("data")

    repository.dvc("repro")
    (first,) = repository.runs()
    metrics = repository.metrics()
    assert metrics.keys() == {"task", "figures"}  # no name of a picture
    assert metrics["figures"]["auc"]["n"] == metrics["figures"]["accuracy"]["n"] > 0
    learnt = (folder / "training" / "split.csv").read_text()
    assert sum(row["patient"].startswith("normal:P-") for row in csv.DictReader(learnt.splitlines())) == 6

    # The run and the version say which revision of which data they came of.
    assert first.parameters["dvc_md5"] == repository.lock("prepare")
    assert (first.parameters["dvc_path"], first.parameters["dvc_file"]) == ("prepared", "dvc.lock")
    assert first.parameters["dvc_state"] == "as recorded"
    assert first.parameters["dvc_git"] == repository.git("rev-parse", "HEAD")
    trained = weights.opened(folder / "training" / "result")
    assert trained.facts["data_revision"]["md5"] == repository.lock("prepare")
    assert f"DVC `{repository.lock('prepare')}`" in (trained.folder / weights.CARD).read_text()

    # What is made already is not made again.
    assert "up to date" in repository.dvc("repro")
    assert len(repository.runs()) == 1
    repository.commit("v1")
    repository.dvc("push", "--quiet")
    held = hashes(folder / "data", folder / "packs", folder / "prepared", trained.folder)

    # Other data is another revision, which has to be trained anew.
    (folder / "data" / "chest_xray" / "train" / "NORMAL" / "x0.png").unlink()
    (folder / "packs" / "1.zip").unlink()
    repository.dvc("add", "--quiet", "data", "packs")
    before = repository.lock("prepare")
    repository.dvc("repro", "prepare")
    assert repository.lock("prepare") != before
    assert "train" in json.loads(repository.dvc("status", "--json"))
    repository.commit("v2")
    repository.dvc("push", "--quiet")

    # All of it is lost but git and the bucket.
    shutil.rmtree(folder / ".dvc" / "cache")
    for lost in ("data", "packs", "prepared", "training"):
        shutil.rmtree(folder / lost)
    repository.git("checkout", "--quiet", "v1")
    repository.dvc("pull", "--quiet")
    assert hashes(folder / "data", folder / "packs", folder / "prepared", trained.folder) == held

    repository.dvc("repro", "--force", "train", "evaluate", "--single-item")
    _, again = repository.runs()
    assert repository.metrics() == metrics
    told = ("dvc_md5", "dvc_state", "data_sha256")
    assert [again.parameters[name] for name in told] == [first.parameters[name] for name in told]
    assert again.parameters["dvc_git"] == repository.git("rev-parse", "v1")
    figures = {name: value for name, value in first.metrics.items() if "per_second" not in name}
    assert {name: again.metrics[name] for name in figures} == figures
    assert repository.dvc("metrics", "diff", "v1").strip() == ""
    versions = repository.tracking.versions(PNEUMONIA)
    assert [version.aliases for version in versions] == [(), ()]  # nothing serves before a person promotes


def test_the_template_calls_commands_that_there_are() -> None:
    """And its parameters are those that its stages name."""
    import app
    from services.commands import command_line

    stages = yaml.safe_load((DEPLOY / "dvc" / "dvc.yaml").read_text())["stages"]
    params = yaml.safe_load((DEPLOY / "dvc" / "params.yaml").read_text())
    assert set(stages["train"]["params"]) == set(params)
    for stage in stages.values():
        said = stage["cmd"]
        for name, value in params.items():
            said = said.replace(f"${{{name}}}", str(value))
        program, *words = said.split()
        assert program == "$LIGHTBOX_COMMAND"
        command_line(app.serve).parse_args(words)
