"""What the API takes from edges, and answers them."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from dashboard.api.models_common import BYTES, ApiAnswer

PACKAGE: dict[str, Any] = {"application/octet-stream": {"schema": BYTES}}


class CentralHouseAnswer(ApiAnswer):
    """A house that takes scans in from whoever asks."""

    edge: str = Field(description="What who asks is called here: results bear this name")
    version: str = Field(description="Which Lightbox this is")


class KnownOfScanAnswer(ApiAnswer):
    """What is here of a scan, by the ids of whoever asks."""

    known: bool = Field(description="Whether the scan itself is here")
    results: tuple[str, ...]
    reviews: tuple[str, ...]


class TakenInAnswer(ApiAnswer):
    """What a package came to."""

    new: bool = Field(description="The scan was not known")
    results: int = Field(description="Results that were not known")
    reviews: int = Field(description="Reviews that were not known")
    note: str | None = Field(description="What the edge should know, as that the scan was withdrawn here")
