"""What people write on a version's model card."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class CardStatement:
    """What somebody says of an attribute that the house cannot fill by itself; the newest counts."""

    id: str
    task: str
    version: str
    key: str  # of the attribute
    words: str
    author_id: str
    author_name: str  # as it was then
    created_at: datetime
