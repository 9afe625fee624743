"""Which code and which decision make an answer, as hashes."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from data.codec import to_json
from models.code_version import models_sha256, sources_sha256
from models.task import Decision

_SERVICES = Path(__file__).resolve().parents[1]
_READER = _SERVICES / "reading" / "reader.py"


def own_sources() -> list[Path]:
    """The sources of services that make an answer of pixels: those of the engine and of the reader."""
    return [*sorted((_SERVICES / "inference").rglob("*.py")), _READER]


@cache
def code_sha256() -> str:
    """The hash of the sources that make an answer of pixels: networks, preprocessing, engine, reader."""
    own = sources_sha256(own_sources())
    return hashlib.sha256(f"{models_sha256()} {own}".encode()).hexdigest()


def decision_sha256(decision: Decision) -> str:
    """The hash of what was fixed on validation data and travels with the weights."""
    return hashlib.sha256(to_json(decision).encode()).hexdigest()
