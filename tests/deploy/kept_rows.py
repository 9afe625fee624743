"""What an import left in a house, by what was imported, to be held beside what another house has."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.packing import unpacked

OWN = {
    *("id", "scan_id", "result_id", "patient_id", "latest_result_id", "current_review_id", "import_id"),
    *(
        "changed",
        "line",
        "pseudonym",
        "created_at",
        "created_us",
        "read_us",
        "reviewed_us",
        "latency_ms",
        "hour",
    ),
}
"""Columns that are another house's or another moment's."""
OF_SCANS = ("scans", "results", "features", "embeddings", "reviews", "ledger", "study_identifiers")


def kept(home: Path) -> dict[str, Any]:
    """Every row about each scan, by its content, with the bytes kept of it; and every refusal, by file."""
    database = sqlite3.connect(home / "lightbox.db")
    database.row_factory = sqlite3.Row
    contents = dict(database.execute("SELECT id, content_sha256 FROM scans"))
    by_result = dict(database.execute("SELECT id, scan_id FROM results"))
    everything: dict[str, Any] = {content: {} for content in contents.values()}
    for table in OF_SCANS:
        for row in database.execute(f"SELECT * FROM {table}"):  # noqa: S608
            whole = dict(row)
            scan_id = whole["id"] if table == "scans" else whole.get("scan_id")
            content = contents[scan_id or by_result[whole["result_id"]]]
            everything[content].setdefault(table, []).append(_plain(whole))
    for scan_id, patient_id in database.execute("SELECT id, patient_id FROM scans"):
        (patient,) = database.execute("SELECT * FROM patients WHERE id = ?", (patient_id,))
        everything[contents[scan_id]]["patient"] = _plain(dict(patient))
        everything[contents[scan_id]]["files"] = _files(home / "files" / "scans" / scan_id)
    for result_id, scan_id in by_result.items():
        everything[contents[scan_id]]["answer"] = _arrays(home / "files" / "results" / result_id)
    everything["refusals"] = sorted(
        tuple(row) for row in database.execute("SELECT name, code, sentence, modality FROM refusals")
    )
    everything["items"] = sorted(
        tuple(row)
        for row in database.execute(
            "SELECT name, state, added, known, labelled, refused FROM import_items ORDER BY name"
        )
    )
    database.close()
    return everything


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    told = {name: value for name, value in row.items() if name not in OWN}
    if "vector" in told:
        told["vector"] = np.frombuffer(told["vector"], np.float16)
    if "provenance" in told:
        provenance = json.loads(told["provenance"])
        del provenance["timings_ms"]
        told["provenance"] = provenance
    return told


def _files(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


def _arrays(folder: Path) -> dict[str, NDArray[Any]]:
    return {file.name: unpacked(file.read_bytes()) for file in folder.iterdir()} if folder.exists() else {}
