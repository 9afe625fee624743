"""The gate in front of the readings: which task a scan belongs to, or why it is not read."""

from __future__ import annotations

from dataclasses import dataclass

from data.errors import RefusedScan
from data.records import DecodedScan
from models import tasks
from models.suitability import rules
from models.suitability.task import TASK
from services.reading.reading import Reader
from services.task_words import words_of

STATED_SHARE = 0.25
"""Of the threshold, what is enough where the file's own header names the body part."""

BY_HEADER_ALONE = "Only the file's header says what this picture shows; look whether it is so."


@dataclass(frozen=True)
class Routed:
    """Where a scan goes, and what its reader should know."""

    task: str
    warnings: tuple[str, ...]


class Gate:
    """Header, plain statistics and a small network, in this order."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def route(self, scan: DecodedScan, wanted: str | None = None) -> Routed:
        """The task that should read `scan`; `wanted` allows only that one.

        Raises RefusedScan with a sentence for what no task reads.
        """
        for task in tasks.CLINICAL.values():
            if wanted in (None, task.name) and task.admits is not None and task.admits(scan.header):
                rules.check_pixels(scan.array)
                return Routed(task.name, (*scan.warnings, BY_HEADER_ALONE))
        allowed = rules.allowed_routes(scan.header)
        if wanted is not None:
            allowed = tuple(route for route in allowed if route == wanted)
            if not allowed:
                raise RefusedScan("modality", f"By its header this is not {words_of(wanted).picture}.")
        rules.check_pixels(scan.array)
        answer, threshold = self._reader.answer(TASK.name, scan.array, scan.spacing)
        assert answer.routes is not None
        route = max(allowed, key=answer.routes.__getitem__)
        needed = threshold * (STATED_SHARE if rules.body_part_stated(scan.header) else 1.0)
        if answer.routes[route] < needed:
            what = " or ".join(words_of(route).picture for route in allowed)
            raise RefusedScan("unsuitable", f"This does not look like {what}, so it is not read.")
        said = (*scan.warnings, *rules.warnings(route, scan.header, len(scan.array)))
        return Routed(route, said)
