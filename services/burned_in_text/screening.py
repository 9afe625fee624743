"""Whether a scan's pictures may leave without the patient's name: a detector looks once, a person decides.

Every door through which pixels leave asks `boxes_to_blacken` first. It fails closed: what cannot be looked
at does not leave.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data import formats
from data.database import new_id, now
from data.errors import HeldPicture, InvalidInput, NotFound
from data.files import FileStore
from data.records import AuditEvent, BurnedInDecision, PictureBox, PixelScreening, Scan, User
from data.stores.audit import AuditLog
from data.stores.burned_in_text import PixelScreeningStore
from data.stores.scans import ScanStore
from models.text_detection.detector import DetectorUnavailable, TextDetector
from models.text_detection.redaction import blacked_out
from models.text_detection.rule import holding
from reports.boxed_picture import boxed_png
from reports.pictures import default_window, grey
from services import keys
from services.burned_in_text.words import UNAVAILABLE, held_words, window_words
from services.permissions import Permission, require

LONGEST_REASON = 500
_ACTIONS = {
    BurnedInDecision.RELEASED: "picture.released",
    BurnedInDecision.BLACKED_OUT: "picture.blacked-out",
    BurnedInDecision.NONE: "picture.held",
}
_NOTHING_FOUND = "No text was found in these pictures, so there is nothing to decide."
_NO_BOXES = "No place was found that could be blacked out: release the pictures or leave them held."
_NO_REASON = "Say why, in a few words: it stands in the audit trail."

logger = logging.getLogger(__name__)


class PictureScreening:
    """Looks, remembers what was found (never what was read), and lets persons decide."""

    def __init__(
        self,
        scans: ScanStore,
        files: FileStore,
        screenings: PixelScreeningStore,
        audit: AuditLog,
        detector: TextDetector,
    ) -> None:
        self._scans = scans
        self._files = files
        self._screenings = screenings
        self._audit = audit
        self._detector = detector

    def trouble(self) -> str | None:
        """Why pictures cannot be looked at, for those who run the server; None where they can."""
        try:
            self._detector.check()
        except DetectorUnavailable as fault:
            return str(fault)
        return None

    def boxes_to_blacken(self, scan: Scan) -> tuple[PictureBox, ...]:
        """The boxes to black out in pictures of a scan that leave without the patient's name.

        Looks first where nobody has. Raises HeldPicture with a sentence where they may not leave.
        """
        screening = self._screened(scan)
        if screening.is_held:
            raise HeldPicture(held_words(scan, screening))
        return screening.boxes if screening.decision is BurnedInDecision.BLACKED_OUT else ()

    def refuse_window(self, scan: Scan, index: int, window: tuple[float, float]) -> None:
        """Raises HeldPicture where a window that somebody chose shows text that the usual one hides."""
        screening = self._screened(scan)
        if screening.decision is BurnedInDecision.RELEASED:
            return  # a person has looked
        picture = self._array(scan)[index]
        blackened = screening.boxes if screening.decision is BurnedInDecision.BLACKED_OUT else ()
        shown = grey(blacked_out(picture, blackened, window[0]), *window)
        if self._text_on([(index, shown)]):
            raise HeldPicture(window_words(scan))

    def scan(self, scan_id: str, user: User) -> Scan:
        """The scan. Raises NotFound."""
        require(user, Permission.SEE_SCANS)
        return self._scans.existing(scan_id)

    def of_scan(self, scan_id: str, user: User) -> PixelScreening | None:
        """What was found in a scan, None where nobody has looked. Raises NotFound."""
        require(user, Permission.SEE_SCANS)
        return self._screenings.get(self._scans.existing(scan_id).content_sha256, self._detector_name)

    def look(self, scan_id: str, user: User) -> PixelScreening:
        """Look for text now, where nobody has. Raises NotFound, HeldPicture where it cannot be done."""
        require(user, Permission.SEE_SCANS)
        return self._screened(self._scans.existing(scan_id))

    def decide(self, scan_id: str, decision: BurnedInDecision, why: str, user: User) -> PixelScreening:
        """Release pictures, have their text blacked out, or hold them again (NONE); with a reason.

        Raises InvalidInput where there is nothing to decide, no box to blacken, or no reason.
        """
        require(user, Permission.RELEASE_PICTURES)
        scan, reason = self._scans.existing(scan_id), why.strip()[:LONGEST_REASON]
        if not reason:
            raise InvalidInput(_NO_REASON)

        def decided(screening: PixelScreening | None) -> PixelScreening:
            if screening is None or not screening.finds_text:
                raise InvalidInput(_NOTHING_FOUND)
            if decision is BurnedInDecision.BLACKED_OUT and not screening.boxes:
                raise InvalidInput(_NO_BOXES)
            return replace(
                screening,
                decision=decision,
                decided_by=user.id,
                decided_name=user.display_name,
                decided_at=now(),
                why=reason,
            )

        with self._audit.together():
            made = self._screenings.change(scan.content_sha256, self._detector_name, decided)
            said = f"{len(made.boxes)} places: {reason}"
            self._audit.record(AuditEvent(now(), user.id, _ACTIONS[decision], scan_id, said))
        return made

    def picture(self, scan_id: str, index: int, user: User) -> bytes:
        """A slice as a PNG with the boxes that were found on it. Raises NotFound."""
        require(user, Permission.RELEASE_PICTURES)
        scan, screening = self._scans.existing(scan_id), self.of_scan(scan_id, user)
        if screening is None or not 0 <= index < scan.slices:
            raise NotFound("There is no such picture.")
        shown = next(_as_shown(self._array(scan), [index]))[1]
        return boxed_png(shown, [box for box in screening.boxes if box.slice == index])

    @property
    def _detector_name(self) -> str:
        return self._detector.name

    def _screened(self, scan: Scan) -> PixelScreening:
        kept = self._screenings.get(scan.content_sha256, self._detector_name)
        return self._screenings.add(self._looked_at(scan)) if kept is None else kept

    def _looked_at(self, scan: Scan) -> PixelScreening:
        declaration = self._declaration(scan)
        array = self._array(scan)
        every = range(scan.slices)
        chosen = _first_middle_last(scan.slices) if declaration.cross_sections else every
        boxes = self._text_on(_as_shown(array, chosen))
        if (boxes or declaration.burned_in) and len(chosen) < len(every):
            chosen = every
            boxes = self._text_on(_as_shown(array, chosen))
        return PixelScreening(
            new_id(),
            scan.content_sha256,
            self._detector_name,
            len(chosen),
            declaration.burned_in,
            tuple(boxes),
            now(),
        )

    def _text_on(self, pictures: Iterable[tuple[int, NDArray[np.uint8]]]) -> list[PictureBox]:
        """The boxes that hold, of slices (index, (height, width))."""
        boxes = []
        try:
            for index, picture in pictures:
                for detected in holding(self._detector.find(picture), picture.shape):
                    boxes.append(
                        PictureBox(index, detected.top, detected.left, detected.bottom, detected.right)
                    )
        except DetectorUnavailable as fault:
            logger.error("pictures cannot be looked at for burned-in text: %s", fault)
            raise HeldPicture(UNAVAILABLE) from fault
        return boxes

    def _declaration(self, scan: Scan) -> formats.PixelDeclaration:
        """What the kept DICOM says; NIfTI volumes count as a scanner's slices, pictures say nothing."""
        if scan.grid.kind != "dicom":
            return formats.PixelDeclaration(burned_in=False, cross_sections=scan.grid.kind == "nifti")
        try:
            with self._files.as_path(keys.original(scan.id, ".zip")) as archive:
                return formats.pixel_declaration(archive)
        except NotFound:
            return formats.PixelDeclaration(burned_in=False, cross_sections=False)

    def _array(self, scan: Scan) -> NDArray[Any]:
        return self._files.get_array(keys.array(scan.id))


def _first_middle_last(slices: int) -> Sequence[int]:
    return sorted({0, slices // 2, slices - 1})


def _as_shown(array: NDArray[Any], chosen: Sequence[int]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Slices of (slices, height, width) as they leave: 8 bits as they are, others in the usual window."""
    window = None if array.dtype == np.uint8 else default_window(array)[:2]
    for index in chosen:
        picture = np.asarray(array[index])
        yield index, picture if window is None else grey(picture, *window)
