"""The cases that a model was most wrong about, as pictures that say nobody's name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from data.errors import HeldPicture, NotFound
from data.records import Judgement, Judgements
from reports.document import CaptionedPicture
from services.reviewing.pictures import AI, CORRECTED, Pictures
from services.statistics.scoring import wrongness

WORST = 10
POOR = "poor mask"


def worst(judgements: Judgements, count: int = WORST) -> list[Judgement]:
    """The worst ones, worst first, in the order of the performance page.

    A right answer with a faultless mask, or with none that was judged, is no bad case.
    """
    bad = (judgements.positive != judgements.truth_positive) | (judgements.dice < 1)
    order = np.lexsort((judgements.scan_id.astype(str), -wrongness(judgements)))
    return [judgements[int(place)] for place in order if bad[place]][:count]


def pictured(
    cases: Sequence[Judgement], pictures: Pictures
) -> tuple[list[CaptionedPicture], list[tuple[int, str]]]:
    """Each case on the slice with most of its mask, and the numbers of those that are held, with why.

    Those whose pixels are gone are left out. Of a poor mask both are shown beside each other, the model's
    and the true one, on the same slice.
    """
    shown, held = [], []
    for number, case in enumerate(cases, start=1):
        try:
            shown += _shown(number, case, pictures)
        except HeldPicture as why:
            held.append((number, str(why)))
        except NotFound:
            continue
    return shown, held


def _shown(number: int, case: Judgement, pictures: Pictures) -> list[CaptionedPicture]:
    words = f"{number}. {_words(case)}"
    if _kind(case) == POOR and (largest := _largest(case.scan_id, CORRECTED, pictures)) is not None:
        whose = f"Scan {case.scan_id[:8]}"
        return [
            CaptionedPicture(pictures.overlay_file(case.scan_id, whose, largest, layer)[0], f"{words}: {of}")
            for layer, of in ((AI, "the model's mask"), (CORRECTED, "the true mask"))
        ]
    return [CaptionedPicture(_drawn(case.scan_id, pictures), words)]


def _largest(scan_id: str, layer: str, pictures: Pictures) -> int | None:
    """The slice with most of a mask; None where there is no such mask."""
    try:
        mask = pictures.mask(scan_id, layer)
    except NotFound:
        return None
    return int(mask.sum(axis=(1, 2)).argmax()) if mask.any() else None


def rows(cases: Sequence[Judgement]) -> list[list[str | int | float | None]]:
    """What is told of each case beside its picture."""
    return [
        [number, case.version, _kind(case), round(case.probability, 3), _round(case.dice), case.scan_id[:8]]
        for number, case in enumerate(cases, start=1)
    ]


def _drawn(scan_id: str, pictures: Pictures) -> bytes:
    whose = f"Scan {scan_id[:8]}"  # as the table beside the pictures names it
    for layer in (CORRECTED, AI):  # the true mask where somebody drew one
        largest = _largest(scan_id, layer, pictures)
        if largest is not None:
            return pictures.overlay_file(scan_id, whose, largest, layer)[0]
    return pictures.overlay_file(scan_id, whose)[0]


def _words(case: Judgement) -> str:
    dice = "" if case.dice is None else f", Dice {case.dice:.3f}"
    return f"{_kind(case)}, probability {case.probability:.3f}{dice}"


def _kind(case: Judgement) -> str:
    if case.positive == case.truth_positive:
        return POOR
    return "missed" if case.truth_positive else "false alarm"


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
