"""What people are told of pictures that are held."""

from __future__ import annotations

from data.records import BurnedInDecision, PictureBox, PixelScreening, Scan

UNAVAILABLE = (
    "Pictures cannot be looked at for burned-in text now, so none leaves without the patient's name. The "
    "administrators see why under /readyz."
)
_WHAT_TO_DO = "A clinician can release them, or have the text blacked out, on the scan's page."


def place_words(box: PictureBox, scan: Scan) -> str:
    """Where a box is: "slice 3, 10 to 90 px from the left, 4 to 20 px from the top"; slices count from 1."""
    where = f"slice {box.slice + 1}, " if scan.slices > 1 else ""
    return f"{where}{box.left} to {box.right} px from the left, {box.top} to {box.bottom} px from the top"


def held_words(scan: Scan, screening: PixelScreening) -> str:
    """Why the pictures of a scan do not leave, and what can be done."""
    named = f"The pictures of scan {scan.id[:8]} are held"
    if not screening.boxes:
        return f"{named}: the file itself says that text is burned into them. {_WHAT_TO_DO}"
    more = f" and {len(screening.boxes) - 1} more" if len(screening.boxes) > 1 else ""
    first = place_words(screening.boxes[0], scan)
    return f"{named}: text may be burned into them ({first}{more}). {_WHAT_TO_DO}"


def window_words(scan: Scan) -> str:
    """Why a slice does not leave in a window that somebody chose."""
    return (
        f"In this window text shows on scan {scan.id[:8]} that the usual window hides, so the picture is "
        "held. Take it in the usual window."
    )


def state_words(screening: PixelScreening | None) -> str:
    """How things stand with a scan, in a sentence for its page."""
    if screening is None:
        return (
            "Nothing has looked for text yet: that is done when pictures first leave without the patient's "
            "name."
        )
    if not screening.finds_text:
        return (
            f"No text was found in {_slices(screening)}: the pictures may leave without the patient's name."
        )
    if screening.decision is BurnedInDecision.RELEASED:
        return "The pictures were released: they leave as they are."
    if screening.decision is BurnedInDecision.BLACKED_OUT:
        return "The boxes are black in every copy that leaves; the kept scan is unchanged."
    said = "The file itself says that text is burned in. " if screening.declared else ""
    return f"{said}{_found(screening)} The pictures are held: they do not leave without the patient's name."


def _found(screening: PixelScreening) -> str:
    count = len(screening.boxes)
    if not count:
        return f"None was found in {_slices(screening)}."
    return f"Text was found in {count} place{'s' if count > 1 else ''} of {_slices(screening)}."


def _slices(screening: PixelScreening) -> str:
    return "the picture" if screening.slices == 1 else f"{screening.slices} slices"
