"""What was erased as a file to keep beside backups: a line of JSON each, without anybody's name."""

from __future__ import annotations

import json
from collections.abc import Iterable

from data.codec import from_plain, to_plain
from data.errors import InvalidInput
from data.records import Erasure, ErasurePlan

NAME = "erasures.jsonl"
_NO_LIST = "This is not a list of erasures: line {line} cannot be read."


def written(erasures: Iterable[Erasure]) -> str:
    """The list; what led to files is left out."""
    return "".join(f"{json.dumps(_told(erasure))}\n" for erasure in erasures)


def read(text: str) -> list[Erasure]:
    """The list as it was written. Raises InvalidInput for what is none."""
    erasures: list[Erasure] = []
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            erasures.append(from_plain(Erasure, json.loads(line)))
        except ValueError:
            raise InvalidInput(_NO_LIST.format(line=number)) from None
    return erasures


def _told(erasure: Erasure) -> dict[str, object]:
    plain: dict[str, object] = to_plain(erasure)
    return plain | {"plan": to_plain(ErasurePlan())}
