"""Training: a version is trained, rehearsed beside what is live, and waits for a person to promote it."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from airflow.sdk import Param, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException
from lightbox_command import run_command

_REGISTERED = re.compile(r"registered as version (\d+)")


@dag(
    schedule=None,
    max_active_runs=1,
    tags=["lightbox"],
    doc_md=__doc__,
    params={
        "task": Param("brain-tumour", type="string", enum=["brain-tumour", "pneumonia"]),
        "data": Param(type="string", description="labelled data, as the worker sees it"),
        "options": Param([], type="array", description="further words of app.py train: --set, epochs=5"),
        "scans": Param(100, type="integer", description="how many of the last scans it is rehearsed on"),
    },
)
def lightbox_train() -> None:
    """No step promotes: that is done on the page Models, by people."""

    @task(retries=2)
    def train(params: dict[str, Any]) -> str:
        run = re.sub(r"\W+", "-", get_current_context()["run_id"])
        folder = Path(os.environ["LIGHTBOX_HOME"]) / "training" / "airflow" / run
        registered = folder / "registered"
        if not registered.exists():  # or a step that was tried again would register it twice
            words = ["--data", params["data"], "--out", str(folder), "--resume", "--until-stdin-closes"]
            words += ["--tag", f"airflow.run={run}", *map(str, params["options"])]
            run_command("train", params["task"], *words, told=lambda line: _note(line, registered))
        return registered.read_text()

    @task(retries=2)
    def rehearse(version: str, params: dict[str, Any]) -> dict[str, Any]:
        words = [params["task"], version, "--scans", str(params["scans"]), "--json"]
        told: dict[str, Any] = json.loads(run_command("rehearse", *words))
        return told

    @task
    def gate(rehearsal: dict[str, Any]) -> str:
        if rehearsal["verdict"] == "fail":
            raise AirflowFailException(rehearsal["sentence"])
        return str(rehearsal["sentence"])

    @task
    def wait_for_a_person(version: str, said: str) -> str:
        serves = f"Version {version} is registered and serves nobody."
        return f"{serves} {said} A person promotes it on the page Models."

    version = train()
    wait_for_a_person(version, gate(rehearse(version)))


def _note(line: str, file: Path) -> None:
    """Keep the version as soon as there is one, whatever becomes of the task after that."""
    told = _REGISTERED.match(line)
    if told is not None:
        file.write_text(told[1])


lightbox_train()
