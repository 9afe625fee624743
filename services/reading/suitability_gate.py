"""The suitability gate in front of the readings: which task a scan belongs to, or why it is not read."""

from __future__ import annotations

from dataclasses import dataclass

from data.errors import RefusedScan
from data.records import PNEUMONIA, DecodedScan, RecognisedSequence
from models import tasks
from models.suitability import rules
from models.suitability.task import TASK
from models.task import Answer, TaskKind
from services.reading.reader import Reader
from services.reading.recognition import Recogniser
from services.task_words import words_of

STATED_SHARE = 0.25
"""Of the threshold, what is enough where the file's own header names the body part."""

DOUBTED_SHARE = 0.15
"""Of the threshold, what is enough where the newer network `acquisition` is sure of a frontal chest film.

Less would let in films upside down, lying or inverted, which that network does not tell from right ones.
"""

BY_HEADER_ALONE = "Only the file's header says what this picture shows; look whether it is so."


@dataclass(frozen=True)
class Routed:
    """Where a scan goes, what it was recognised as, and what its reader should know."""

    task: str
    warnings: tuple[str, ...]
    recognised: RecognisedSequence | None = None  # of a brain MRI


class SuitabilityGate:
    """Header, plain statistics and two small networks, in this order."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._recogniser = Recogniser(reader)

    def wait_until_open(self, timeout_s: float) -> bool:
        """Wait, right after a start, until scans can be told apart; False when the time is up."""
        asked = [task.name for task in tasks.ALL.values() if task.kind is TaskKind.ROUTING]
        return self._reader.wait_until_loaded(asked, timeout_s)

    def route(self, scan: DecodedScan, wanted: str | None = None) -> Routed:
        """The task that should read `scan`; `wanted` allows only that one.

        Raises RefusedScan with a sentence for what no task reads: another part of the body, another
        view or sequence than the models know, or no anatomical picture at all.
        """
        for task in tasks.CLINICAL.values():
            if wanted in (None, task.name) and task.admits is not None and task.admits(scan.header):
                rules.check_pixels(scan.array)
                return Routed(task.name, (*scan.warnings, BY_HEADER_ALONE))
        allowed = _allowed(scan, wanted)
        rules.check_pixels(scan.array)
        route = self._route(scan, allowed)
        recognised, doubts = self._recogniser.recognise(scan, route)
        said = (*scan.warnings, *doubts, *rules.warnings(route, scan.header, len(scan.array)))
        return Routed(route, said, recognised)

    def _route(self, scan: DecodedScan, allowed: tuple[str, ...]) -> str:
        """The likeliest of the routes that the header leaves open, by the picture."""
        answer, loaded = self._reader.answer(TASK.name, scan.array, scan.spacing)
        threshold = loaded.trained.decision.threshold
        assert answer.routes is not None
        route = max(allowed, key=answer.routes.__getitem__)
        needed = threshold * (STATED_SHARE if rules.body_part_stated(scan.header) else 1.0)
        if answer.routes[route] < needed and not self._is_frontal_film(scan, route, answer, threshold):
            what = " or ".join(words_of(task).picture for task in allowed)
            raise RefusedScan("unsuitable", f"This does not look like {what}, so it is not read.")
        return route

    def _is_frontal_film(self, scan: DecodedScan, route: str, answer: Answer, threshold: float) -> bool:
        """Whether the second network is sure of what the first one only half believes."""
        assert answer.routes is not None
        half_believed = route == PNEUMONIA and answer.routes[route] >= DOUBTED_SHARE * threshold
        return half_believed and self._recogniser.is_surely_frontal(scan)


def _allowed(scan: DecodedScan, wanted: str | None) -> tuple[str, ...]:
    allowed = rules.allowed_routes(scan.header, scan.acquisition)
    if wanted is None:
        return allowed
    if wanted not in allowed:
        raise RefusedScan("modality", f"By its header this is not {words_of(wanted).picture}.")
    return (wanted,)
