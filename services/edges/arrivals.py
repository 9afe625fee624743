"""The central house takes in what an edge has read: a scan with its results and reviews, each of them once.

A scan is known by the hash of the bytes that came from the scanner, results and reviews by their ids, which
stay those of the edge. Scan, results and reviews that are new are kept in one transaction: after a kill, a
lost answer or a half of a package the same package comes again, and finds all of it here or nothing.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

from data import formats
from data.arrays import release
from data.database import now
from data.department_wall import whole_house
from data.errors import Busy, InvalidInput, RefusedScan
from data.formats.scan_package import ORIGINAL, OpenedPackage
from data.records import (
    AuditEvent,
    DecodedScan,
    Features,
    KnownOfScan,
    Result,
    Scan,
    ScanStatus,
    TakenIn,
    User,
)
from services import keys
from services.edges.checking import checked
from services.edges.new_contents import ArrivalStores, NewContents
from services.edges.versions import KnownVersions
from services.left_files import taken_back
from services.permissions import Permission, require
from services.reading.intake import ADDED, START_S, keep_scan, scan_of
from services.reading.reader import input_sha256
from services.reading.reading import Reading
from services.reading.suitability_gate import SuitabilityGate
from services.settings import Settings

SYNCED = "scan.sync"
WITHDRAWN = "the central house has withdrawn this scan: nothing more of it is kept there"
_OTHER_PIXELS = (
    "The bytes of this scan are decoded in another way here than at the edge, so that its outlines would not "
    "lie where they should: bring both houses to the same version of Lightbox."
)
_BUSY = "Another package is being taken in; try again in a moment."
_WAITS_S = 30.0
_PIECE = 1 << 20
_ROOM_BESIDE = 2  # a package may be so many times as large as a scan: masks and maps are in it


class EdgeArrivals:
    """Takes packages in, one at a time: an edge that hears of no end asks again."""

    def __init__(
        self,
        settings: Settings,
        stores: ArrivalStores,
        versions: KnownVersions,
        gate: SuitabilityGate,
        readings: Reading,
        arrived: Callable[[Scan], None],
        reviewed: Callable[[Result], None],
    ) -> None:
        """`arrived` is told of each new scan that nobody has reviewed, `reviewed` of results that were."""
        self._settings = settings
        self._stores = stores
        self._versions = versions
        self._gate = gate
        self._readings = readings
        self._tell_arrived = arrived
        self._tell_reviewed = reviewed
        self._turn = threading.Lock()
        self.max_bytes = settings.max_scan_bytes * _ROOM_BESIDE

    def known(self, content_sha256: str, user: User) -> KnownOfScan:
        """What is here of a scan, so that only the rest is sent. Raises NotAllowed."""
        require(user, Permission.BRING_FROM_EDGE)
        with whole_house():
            scan = self._stores.scans.by_content(content_sha256)
            if scan is None:
                return KnownOfScan(False)
            results = tuple(result.id for result in self._stores.results.of_scan(scan.id))
            return KnownOfScan(
                True, results, tuple(kept.id for kept in self._stores.reviews.of_scan(scan.id))
            )

    def take(self, user: User, stream: BinaryIO) -> TakenIn:
        """Keep what is new of a package.

        Raises NotAllowed; InvalidInput for what is no whole package, or contradicts itself; RefusedScan for
        a scan that this house does not read; Busy where it cannot be taken in just now.
        """
        require(user, Permission.BRING_FROM_EDGE)
        with (
            tempfile.TemporaryDirectory(dir=self._settings.home, prefix="open-") as name,
            whole_house(),  # what is known already, and of whom, is a question about the house
            self._my_turn(),
        ):
            path = Path(name) / "package"
            self._copy(stream, path)
            with OpenedPackage(path) as package:
                return self._taken(user, package, Path(name))

    def _taken(self, user: User, package: OpenedPackage, folder: Path) -> TakenIn:
        checked(package.package)
        known = self._stores.scans.by_content(package.package.scan.content_sha256)
        if known is None:
            return self._new(user, package, folder)
        if self._stores.scans.get(known.id) is None:
            return TakenIn(False, note=WITHDRAWN)
        return self._more(user, package, known)

    def _new(self, user: User, package: OpenedPackage, folder: Path) -> TakenIn:
        """A scan that is not here: decoded and let in by the gate, as any other is."""
        told = package.package.scan
        decoded, original = self._decoded(package, folder)
        if not self._gate.wait_until_open(START_S):
            raise Busy(_BUSY)
        routed = self._gate.route(decoded, told.task)
        brought = NewContents(self._stores, self._versions, package, user)
        scan = scan_of(decoded, "", user.id, routed)
        counts = brought.counts(None, None)
        status = ScanStatus.READ if counts else ScanStatus.WAITING
        scan = replace(scan, status=status, created_at=min(told.created_at, scan.created_at))
        with (
            taken_back(self._stores.files, f"scans/{scan.id}", partial(self._is_kept, scan)),
            brought.files_kept(scan),
        ):
            keep_scan(self._stores.files, scan.id, decoded, original, told.suffix)
            watched = brought.watched(scan, decoded.array) if counts else None
            kept = self._keep_new(user, scan, decoded, brought, counts, watched)
        release(decoded.array)
        if kept is not None:  # another server took the same scan in at the same moment
            self._stores.files.delete_all(f"scans/{scan.id}")
            return self._more(user, package, kept)
        if not brought.reviews:
            self._tell_arrived(scan)
        if not counts:
            self._readings.request(scan.id)
        self._tell(brought)
        return TakenIn(True, len(brought.results), len(brought.reviews))

    def _keep_new(
        self,
        user: User,
        scan: Scan,
        decoded: DecodedScan,
        brought: NewContents,
        counts: bool,
        watched: Features | None,
    ) -> Scan | None:
        """Keep the rows in one transaction; where the scan is here by now, that one comes back."""
        stores = self._stores
        with stores.audit.together():
            stores.patients.lock()
            patient = stores.patients.find_or_create(decoded.identity, decoded.name)
            kept, created = stores.scans.add(replace(scan, patient_id=patient.id), decoded.identifiers)
            if not created:
                return kept
            stores.audit.record(AuditEvent(now(), user.id, ADDED, scan.id))
            self._keep_said(scan, brought, counts, watched)
        return None

    def _more(self, user: User, package: OpenedPackage, scan: Scan) -> TakenIn:
        """A scan that is here: what was said of it since."""
        files, stores = self._stores.files, self._stores
        if scan.shape != package.package.scan.shape:
            raise InvalidInput(_OTHER_PIXELS)
        brought = NewContents(stores, self._versions, package, user, scan)
        if not brought.results and not brought.reviews:
            return TakenIn(False)
        if input_sha256(files.get_array(keys.array(scan.id))) != package.package.scan.input_sha256:
            raise InvalidInput(_OTHER_PIXELS)
        counts = brought.counts(scan, stores.results.latest(scan.id))
        with brought.files_kept(scan):
            watched = brought.watched(scan, files.get_array(keys.array(scan.id))) if counts else None
            with stores.audit.together():
                self._keep_said(scan, brought, counts, watched)
                if counts and scan.status is not ScanStatus.READ:
                    stores.scans.set_status(scan.id, ScanStatus.READ)
        self._tell(brought)
        return TakenIn(False, len(brought.results), len(brought.reviews))

    def _keep_said(self, scan: Scan, brought: NewContents, counts: bool, watched: Features | None) -> None:
        """Results and reviews, oldest first, and the event that tells of them."""
        for result in brought.results:
            mine = replace(result, scan_id=scan.id)
            if counts and result.id == brought.latest_id:
                self._stores.results.add(mine, watched)
            else:
                self._stores.results.add_beside(mine)
        for review in brought.reviews:
            self._stores.reviews.add(replace(review, scan_id=scan.id))
        words = f"{len(brought.results)} results and {len(brought.reviews)} reviews of an edge"
        self._stores.audit.record(AuditEvent(now(), brought.user.id, SYNCED, scan.id, words))

    def _tell(self, brought: NewContents) -> None:
        """Figures of real use follow results that somebody has judged."""
        for result_id in {review.result_id for review in brought.reviews}:
            result = self._stores.results.get(result_id)
            if result is not None:
                self._tell_reviewed(result)

    def _decoded(self, package: OpenedPackage, folder: Path) -> tuple[DecodedScan, Path]:
        """The scan of the package out of its bytes, with what these do not say any more; and its bytes.

        Raises RefusedScan where none of what they hold has the pixels that the edge has read.
        """
        told = package.package.scan
        path, kept = folder / f"{ORIGINAL}{told.suffix}", folder / "kept"
        package.copy_original(path)
        kept.mkdir()
        opened = formats.decode_guarded(
            path,
            path.name,
            formats.Limits(max_bytes=self._settings.max_scan_bytes),
            timeout_s=self._settings.decode_seconds,
            memory_bytes=self._settings.decode_bytes,
            keep_in=kept,
            as_volume=told.as_volume,
        )
        for number, scan in enumerate(opened.scans):
            if scan.array.shape == told.shape and input_sha256(scan.array) == told.input_sha256:
                original = next(file for file in kept.iterdir() if file.name.split(".")[0] == str(number))
                named = replace(
                    scan,
                    name=told.label,
                    header=told.header,
                    identity=told.identity,
                    identifiers=told.identifiers,
                    content_sha256=told.content_sha256,
                )
                return named, original
        if opened.refusals and not opened.scans:
            raise RefusedScan(opened.refusals[0].code, opened.refusals[0].sentence)
        raise RefusedScan("other_pixels", _OTHER_PIXELS)

    def _is_kept(self, scan: Scan) -> bool:
        kept = self._stores.scans.by_content(scan.content_sha256)
        return kept is not None and kept.id == scan.id

    @contextmanager
    def _my_turn(self) -> Iterator[None]:
        if not self._turn.acquire(timeout=_WAITS_S):
            raise Busy(_BUSY)
        try:
            yield
        finally:
            self._turn.release()

    def _copy(self, stream: BinaryIO, path: Path) -> None:
        left = self.max_bytes
        with path.open("wb") as file:
            while piece := stream.read(_PIECE):
                left -= len(piece)
                if left < 0:
                    raise InvalidInput(f"A package is at most {self.max_bytes >> 20:,} MiB.")
                file.write(piece)
