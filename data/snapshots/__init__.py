"""A database at one moment as a file, taken while it is in use, and back: one module a kind of database."""

from data.snapshots.snapshot import (
    file_name,
    is_empty,
    is_there,
    kind_of,
    looked_at,
    name_of,
    own_files,
    put_back,
    snapshot,
)
from data.snapshots.taken import Snapshot

__all__ = [
    "Snapshot",
    "file_name",
    "is_empty",
    "is_there",
    "kind_of",
    "looked_at",
    "name_of",
    "own_files",
    "put_back",
    "snapshot",
]
