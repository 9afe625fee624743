"""From the DICOM node's folder to the reading: a study is handed over once it is complete.

Complete is a study of which nothing has come for some seconds. Each of its series then goes where uploads go,
as one zip, under an id that follows from its instances. The upload and the note of what was handed over are
written in one transaction, so that a kill leaves either both or none: nothing is lost, nothing is read twice.
"""

from __future__ import annotations

import logging
import threading
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from data import atomic_files
from data.audit_origin import coming_from
from data.database import Database, id_from, now, together
from data.records import (
    AuditEvent,
    AuditOrigin,
    AuditVia,
    ReceivedSeries,
    Refusal,
    SenderCount,
    Upload,
    UploadState,
    prior_source,
)
from data.stores.audit import AuditLog
from data.stores.priors import PriorStore
from data.stores.received import ReceivedStore
from data.stores.uploads import UploadStore
from data.stores.watched_senders import WatchedSenderStore
from services.containment import contained
from services.reading.intake import Intake, too_large
from services.receiving.handed_series import HandedSeries
from services.receiving.node_state import read_state
from services.receiving.spool import Signature, Spool
from services.settings import Settings

log = logging.getLogger(__name__)

LOOKS_EVERY_S = 1.0
MAKES_ROOM_EVERY_S = 20.0
KEPT_S = 24 * 3600.0
"""So long a study stays in the folder after its last instance, so that a late one is read with the others."""
CROWDED = 0.5  # of the folder's limit: beyond it what was handed over goes at once, the oldest first
ACTION = "dicom.receive"
_INCOMPLETE = (
    "Some of this series came long after the rest, which is not in the folder any more. Please send the "
    "whole series again."
)


@dataclass
class _Watched:
    """A study as it was when it last changed."""

    signature: Signature
    since: float  # on the monotonic clock: what people do to the time of day hands nothing over early
    settled: bool = False
    failed: bool = False  # it could not be handed over, and is tried again


class Handover:
    """Looks through the folder; the server's alone."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        intake: Intake,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._database = database
        self._spool = Spool(settings.dicom_folder, settings.dicom_folder_bytes)
        self._uploads, self._received = UploadStore(database), ReceivedStore(database)
        self._priors = PriorStore(database)
        self._watched_senders = WatchedSenderStore(database)
        self._audit = AuditLog(database)
        self._intake = intake
        self._clock = clock
        self._watched: dict[str, _Watched] = {}
        self._made_room_at = -MAKES_ROOM_EVERY_S
        self._node_started: object = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Look from now on, in a thread."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="dicom-handover", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def look(self) -> None:
        """Hand over whatever is complete by now, and make room."""
        self._notice_restart()
        studies = self._spool.studies()
        for gone in self._watched.keys() - set(studies):
            del self._watched[gone]
        for study in studies:
            watched = self._watch(study)
            if not watched.settled and self._clock() - watched.since >= self._settings.dicom_silence_seconds:
                failed = contained(partial(self._hand_over, study), "a received study is kept back")
                watched.settled, watched.failed = failed is None, failed is not None
                watched.since = self._clock()  # where it failed, it is tried again later
        self._make_room()

    def waiting(self) -> dict[str, int]:
        """Studies that have not been handed over yet, by StudyInstanceUID, with their instances so far."""
        settled = {study for study, watched in list(self._watched.items()) if watched.settled}
        return {study: self._spool.count(study) for study in self._spool.studies() if study not in settled}

    def counted_until(self) -> datetime:
        """Of what the node received before this moment, nothing waits to be counted.

        A study that could not be handed over holds up nothing but itself.
        """
        counted = now()
        for study in self.waiting():
            watched = self._watched.get(study)
            if watched is None or not watched.failed:
                changes = [changed for _, changed in self._spool.signature(study)]
                earliest = datetime.fromtimestamp(min(changes, default=time.time_ns()) / 1e9, UTC)
                counted = min(counted, earliest)
        return counted

    def _run(self) -> None:
        while not self._stopping.wait(LOOKS_EVERY_S):
            contained(self.look, "the DICOM node's folder could not be looked through")

    def _notice_restart(self) -> None:
        """A node that has just come back owes its senders the time to send again what was cut off."""
        state = read_state(self._settings.dicom_folder)
        started = state.started_at if state else None
        if started != self._node_started:
            self._node_started = started
            for watched in self._watched.values():
                watched.since = self._clock()

    def _watch(self, study: str) -> _Watched:
        signature, watched = self._spool.signature(study), self._watched.get(study)
        if watched is None or watched.signature != signature:
            watched = self._watched[study] = _Watched(signature, self._clock())
        return watched

    def _hand_over(self, study: str) -> None:
        for series, files in self._spool.series(study):
            known = self._received.get(study, series)
            before = set(known.sop_uids) if known else set()
            new = [file for file in files if file.stem not in before]
            if not new:
                continue
            handed = HandedSeries(study, series, files, new, before)
            if handed.lacks_earlier:
                self._refuse(handed, Refusal(handed.name, "incomplete", _INCOMPLETE), sorted(handed.before))
            elif handed.size > self._settings.max_scan_bytes:
                sentence = too_large(self._settings.max_scan_bytes)
                self._refuse(handed, Refusal(handed.name, "too_large", sentence), handed.sop_uids)
            else:
                self._have_read(handed)

    def _have_read(self, handed: HandedSeries) -> None:
        """Have a series read, also once more where instances have come since it was read."""
        upload_id = id_from("dicom", handed.study, handed.series, *handed.sop_uids)
        size = _zip(handed.files, self._intake.path(upload_id))
        upload = Upload(
            upload_id, self._source(handed), handed.name, size, size, UploadState.QUEUED, now(),
            server_id=self._intake.server_id,
        )  # fmt: skip
        with together(self._database):
            self._uploads.add(upload)
            self._keep(handed, upload, handed.sop_uids, handed.senders)
        self._intake.submit(upload)  # after a kill before this line, the next start asks for it

    def _refuse(self, handed: HandedSeries, refusal: Refusal, sop_uids: Sequence[str]) -> None:
        """Say of a series why it is not read; `sop_uids` are no news when they are sent again."""
        news = sorted(file.stem for file in handed.new)
        upload_id = id_from("dicom-refused", handed.study, handed.series, *news)
        if self._uploads.get(upload_id) is not None:  # before the last stop of the server
            return
        upload = Upload(upload_id, self._source(handed), handed.name, 0, 0, UploadState.DONE, now())
        with together(self._database):
            self._uploads.add(upload)
            self._uploads.add_outcomes(upload_id, refusals=(refusal,))
            self._keep(handed, upload, sop_uids, handed.senders if set(news) <= set(sop_uids) else [])

    def _keep(
        self, handed: HandedSeries, upload: Upload, sop_uids: Sequence[str], counted: Sequence[SenderCount]
    ) -> None:
        sender = handed.sender
        received = ReceivedSeries(
            handed.study, handed.series, sender, tuple(sop_uids), upload.id, upload.created_at
        )
        self._received.put(received, counted)
        if self._priors.series(handed.study, handed.series) is None:  # what we asked for shows no life
            self._watched_senders.arrived(handed.arrivals)
        words = f"{len(handed.new)} instances of series {handed.series} received from AE {sender.ae_title}"
        detail = f"{words} ({sender.address})" if sender.address else words
        with coming_from(AuditOrigin(AuditVia.DICOM, sender.address or "")):
            self._audit.record(AuditEvent(upload.created_at, upload.user_id, ACTION, handed.study, detail))

    def _source(self, handed: HandedSeries) -> str:
        """What stands in place of a person's id: the sender, or the node that a prior was fetched from."""
        prior = self._priors.series(handed.study, handed.series)
        return handed.sender.source if prior is None else prior_source(prior.node_id)

    def _make_room(self) -> None:
        """Remove what was handed over a day ago; sooner, the oldest first, where the folder gets full."""
        if self._clock() - self._made_room_at < MAKES_ROOM_EVERY_S:
            return
        self._made_room_at = self._clock()
        settled = [(study, watched) for study, watched in self._watched.items() if watched.settled]
        settled.sort(key=lambda pair: pair[1].since)
        excess = self._excess() if settled else 0
        for study, watched in settled:
            old = _age_s(watched.signature) > KEPT_S
            if old or excess > 0:
                excess -= self._spool.size(study)
                self._spool.remove(study, unless_changed=watched.signature)

    def _excess(self) -> int:
        """By how many bytes the folder is more than crowded."""
        return int(self._spool.size() - CROWDED * self._settings.dicom_folder_bytes)


def _zip(files: Sequence[Path], path: Path) -> int:
    """Lay the files into one zip, uncompressed and whole or not at all; its size comes back."""
    with (
        atomic_files.new_file(path, mode=atomic_files.PRIVATE) as stream,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive,
    ):
        for file in files:
            archive.write(file, file.name)
    return path.stat().st_size


def _age_s(signature: Signature) -> float:
    """Seconds since the last instance came."""
    return time.time() - max((changed for _, changed in signature), default=0) / 1e9
