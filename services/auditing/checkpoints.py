"""What is noted of the chain outside the database: how far it went when, signed.

Who can change the database alone can cut events off at the end, or put an old copy in its place, and the
chain that is left is whole. What is noted here tells of that.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from data import atomic_files
from data.audit_chain import ChainKey, instant
from data.codec import from_json
from data.errors import InvalidInput
from data.records import AuditHead

NEWEST = "audit-head.json"
DAILY = "audit-checkpoints.jsonl"
_FORM = "lightbox-audit-checkpoint-1"


@dataclass(frozen=True)
class Checkpoint:
    """The number and hash of the newest event at a moment; `at` in ISO 8601."""

    number: int
    hash: str
    at: str
    key_id: str
    signature: str = ""

    @property
    def content(self) -> bytes:
        """What is signed."""
        return json.dumps([_FORM, self.number, self.hash, self.at, self.key_id]).encode()

    @property
    def text(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self))


class Checkpoints:
    """The checkpoints in the home folder: the newest, and one a day."""

    def __init__(self, home: Path, keys: Mapping[str, ChainKey]) -> None:
        """The first of `keys` signs."""
        self._home = home
        self._keys = keys

    def signed(self, head: AuditHead, at: datetime) -> Checkpoint:
        """The chain as it is, signed."""
        key = next(iter(self._keys.values()))
        made = Checkpoint(head.number, head.hash, instant(at), key.id)
        return replace(made, signature=key.signed(made.content))

    def newest(self) -> Checkpoint | None:
        """What was noted last; None where nothing was. Raises InvalidInput as `read` does."""
        file = self._home / NEWEST
        return self.read(file.read_text(), NEWEST) if file.exists() else None

    def note(self, head: AuditHead, at: datetime) -> None:
        """Note how far the chain goes. Raises OSError."""
        atomic_files.write(self._home / NEWEST, self.signed(head, at).text + "\n")

    def note_daily(self, head: AuditHead, at: datetime) -> None:
        """Add a checkpoint to those that stay. Raises OSError."""
        file = self._home / DAILY
        known = file.read_text() if file.exists() else ""
        atomic_files.write(file, known + self.signed(head, at).text + "\n")

    def all(self) -> list[Checkpoint]:
        """Every checkpoint that stayed, and the newest. Raises InvalidInput as `read` does."""
        file, newest = self._home / DAILY, self.newest()
        lines = file.read_text().splitlines() if file.exists() else []
        daily = [self.read(line, DAILY) for line in lines if line.strip()]
        return daily if newest is None else [*daily, newest]

    def set_aside(self, at: datetime) -> None:
        """Begin anew, after a restore that a person answers for; the old ones stay under other names."""
        for name in (NEWEST, DAILY):
            file = self._home / name
            if file.exists():
                file.replace(file.with_name(f"{name}.until-{at:%Y%m%dT%H%M%S}"))

    def read(self, text: str, where: str) -> Checkpoint:
        """A checkpoint from a line of JSON. Raises InvalidInput for one that is none or was changed."""
        try:
            made: Checkpoint = from_json(Checkpoint, text)
        except ValueError as error:
            raise InvalidInput(f"{where} holds something that is no checkpoint.") from error
        key = self._keys.get(made.key_id)
        if key is None:
            raise InvalidInput(f"{where} is signed with a key that this server does not have.")
        if key.signed(made.content) != made.signature:
            raise InvalidInput(f"{where} was changed: the signature of a checkpoint does not fit.")
        return made
