"""What the DICOM node received, for the page of administrators and for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path

from data.records import ReceivedOutcome, Sender, SenderCount, UploadState, User
from data.stores.received import ReceivedStore
from services.permissions import Permission, require
from services.receiving.node_state import NodeState, read_state

_SERIES_LOOKED_AT = 400
_STUDIES_SHOWN = 50
_OPEN = (UploadState.ARRIVING, UploadState.QUEUED, UploadState.OPENING)


@dataclass(frozen=True)
class ReceivedStudy:
    """A study that was handed to the reading: its series, and what came of them."""

    study_uid: str
    senders: tuple[Sender, ...]
    series: int
    instances: int
    handed_at: datetime
    under_way: bool  # some of it is still being opened
    scans: int
    sentences: tuple[str, ...]  # why the rest was refused, each once


@dataclass(frozen=True)
class ReceivedOverview:
    """The page's content; `waiting` holds (StudyInstanceUID, instances so far)."""

    node: NodeState | None
    senders: tuple[SenderCount, ...]
    waiting: tuple[tuple[str, int], ...]
    studies: tuple[ReceivedStudy, ...]
    silence_seconds: int


class Received:
    """Asked by people; changes nothing."""

    def __init__(
        self, store: ReceivedStore, folder: Path, silence_seconds: int, waiting: Callable[[], dict[str, int]]
    ) -> None:
        """`waiting` gives the studies that were not handed over yet, with their instances so far."""
        self._store = store
        self._folder = folder
        self._silence_seconds = silence_seconds
        self._waiting = waiting

    def overview(self, user: User) -> ReceivedOverview:
        """Senders and studies, the latest first. Raises NotAllowed."""
        require(user, Permission.SEE_RECEIVED)
        return ReceivedOverview(
            node=read_state(self._folder),
            senders=tuple(self._store.senders()),
            waiting=tuple(sorted(self._waiting().items())),
            studies=_studies(self._store.outcomes(_SERIES_LOOKED_AT))[:_STUDIES_SHOWN],
            silence_seconds=self._silence_seconds,
        )

    def counts(self) -> tuple[list[SenderCount], dict[str, int]]:
        """Instances by sender, and studies that wait or were handed over."""
        return self._store.senders(), {"waiting": len(self._waiting()), "handed over": self._store.studies()}


def _studies(outcomes: Sequence[ReceivedOutcome]) -> tuple[ReceivedStudy, ...]:
    """Series put together by study, the study with the latest series first."""
    by_study = sorted(outcomes, key=lambda outcome: outcome.series.study_uid)
    grouped = groupby(by_study, key=lambda outcome: outcome.series.study_uid)
    studies = [_study(uid, list(of_study)) for uid, of_study in grouped]
    return tuple(sorted(studies, key=lambda study: study.handed_at, reverse=True))


def _study(study_uid: str, outcomes: Sequence[ReceivedOutcome]) -> ReceivedStudy:
    sentences = [refusal.sentence for outcome in outcomes for refusal in outcome.refusals]
    sentences += [outcome.failure for outcome in outcomes if outcome.failure]
    return ReceivedStudy(
        study_uid=study_uid,
        senders=tuple(sorted({outcome.series.sender for outcome in outcomes})),
        series=len(outcomes),
        instances=sum(len(outcome.series.sop_uids) for outcome in outcomes),
        handed_at=max(outcome.series.handed_at for outcome in outcomes),
        under_way=any(outcome.state in _OPEN for outcome in outcomes),
        scans=sum(outcome.scans for outcome in outcomes),
        sentences=tuple(dict.fromkeys(sentences)),
    )
