"""Inference: every file of a folder or bucket is sent to the API, and what was read comes into a table."""

from __future__ import annotations

import csv
from typing import Any

from airflow.sdk import Param, dag, task
from lightbox_api import LightboxApi
from upath import UPath

COLUMNS = (
    "file",
    "scan",
    "status",
    "outcome",
    "task",
    "probability",
    "volume_ml",
    "longest_diameter_mm",
    "version",
    "refused",
)


@dag(
    schedule=None,
    tags=["lightbox"],
    doc_md=__doc__,
    params={
        "source": Param(type="string", description="a folder, or s3://BUCKET/PREFIX"),
        "table": Param(type="string", description="where the CSV goes; a folder's path or s3://…"),
    },
)
def lightbox_inference() -> None:
    """The server knows by its content what it was sent before: a step tried again doubles nothing."""

    @task(retries=3)
    def listed(params: dict[str, str]) -> list[str]:
        files = sorted(str(file) for file in UPath(params["source"]).rglob("*") if file.is_file())
        if not files:
            raise FileNotFoundError(f"no files in {params['source']}")
        return files

    @task(retries=3)
    def read(files: list[str]) -> list[dict[str, Any]]:
        with LightboxApi() as api:
            sent = [(name, api.send(UPath(name).name, UPath(name).read_bytes())) for name in files]
            return [row for name, answer in sent for row in _rows(api, name, answer)]

    @task(retries=3)
    def collected(rows: list[dict[str, Any]], params: dict[str, str]) -> int:
        table = UPath(params["table"])
        table.parent.mkdir(parents=True, exist_ok=True)
        with table.open("w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, restval="")
            writer.writeheader()
            writer.writerows(rows)
        return len(rows)

    collected(read(listed()))


def _rows(api: LightboxApi, name: str, answer: dict[str, Any]) -> list[dict[str, Any]]:
    """A row for each scan of a file, and for each refusal."""
    scans = [api.read_scan(scan["id"]) for scan in answer["scans"]]
    refusals = [
        {"file": name, "status": "refused", "refused": each["sentence"]} for each in answer["refusals"]
    ]
    return [_row(name, scan) for scan in scans] + refusals


def _row(name: str, scan: dict[str, Any]) -> dict[str, Any]:
    result = scan["result"] or {}
    measured = result.get("measurements") or {}
    return {
        "file": name,
        "scan": scan["id"],
        "status": scan["status"],
        "outcome": scan["outcome"],
        "task": scan["task"],
        "probability": result.get("probability"),
        "volume_ml": measured.get("volume_ml"),
        "longest_diameter_mm": measured.get("longest_diameter_mm"),
        "version": (result.get("provenance") or {}).get("model_version"),
        "refused": scan["failure"] or "",
    }


lightbox_inference()
