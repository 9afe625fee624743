"""What people call a task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from data.records.acquisition import MrSequence


class KnownMistake(NamedTuple):
    """What a task was measured to miss in pictures of a sequence, or to take for its finding."""

    sequence: MrSequence
    what: str  # with its article: "a glioma that hardly enhances"


@dataclass(frozen=True)
class TaskWords:
    """All that those who show a task's results, or hand them on, need to know of it."""

    name: str  # as in addresses, files and the database, such as "brain-tumour"
    label: str  # as a heading, "Brain tumour"
    finding: str  # what it looks for, in the middle of a sentence: "tumour"
    picture: str  # what it reads, with its article: "a brain MRI"
    body_part: str  # DICOM's Body Part Examined (PS3.16, annex L), "HEAD"; empty where it is unknown
    draws_mask: bool
    heat_map: bool = False  # whether its heat maps may be shown
    known_misses: tuple[KnownMistake, ...] = ()
    known_mimics: tuple[KnownMistake, ...] = ()  # other disease that it takes for its finding
