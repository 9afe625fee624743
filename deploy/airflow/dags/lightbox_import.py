"""Preprocessing: a folder or archive is decoded, goes through the suitability gate and is read."""

from __future__ import annotations

import re

from airflow.sdk import Param, dag, task
from lightbox_command import run_command

_NOT_READ = re.compile(r", ([\d,]+) failed$")


@dag(
    schedule=None,
    max_active_runs=1,
    tags=["lightbox"],
    doc_md=__doc__,
    params={
        "folder": Param(type="string", description="folder, zip or tar, as the worker sees it"),
        "labels": Param("", type="string", description="a CSV of what is known of the files"),
    },
)
def lightbox_import() -> None:
    """Once per content: what is here already is known again, whatever was tried before."""

    @task(retries=3)
    def read_folder(params: dict[str, str]) -> str:
        labels = ["--labels", params["labels"]] if params["labels"] else []
        told = run_command("import", params["folder"], *labels).strip().splitlines()[-1]
        if _NOT_READ.search(told):
            raise RuntimeError(told)  # tried again, of those that failed
        return told

    read_folder()


lightbox_import()
