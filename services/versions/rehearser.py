"""One rehearsal at work: a candidate and the champion on the same scans, scan by scan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data import formats
from data.files import FileStore
from data.packing import packed, unpacked
from data.records import (
    Measurements,
    PairedMetric,
    Precedence,
    RehearsedScan,
    Result,
    Review,
    Scan,
    VersionAnswer,
    counting_mask,
)
from data.stores.results import ResultStore
from data.stores.reviews import ReviewStore
from models.overlap import dice
from models.statistics.paired import PairedDifference, mcnemar, paired_means, paired_shares
from services import keys
from services.inference.engine import Loaded
from services.reading.reader import Reader

Mask = NDArray[np.bool_]
CANDIDATE, CHAMPION = "candidate", "champion"
DICE_APART = 0.01  # less is nobody's win
RECALL, SPECIFICITY, DICE = "recall", "specificity", "dice"


@dataclass(frozen=True)
class MaskedAnswer:
    """What a version said of a scan, with its mask."""

    said: VersionAnswer
    mask: Mask | None


@dataclass(frozen=True)
class KnownTruth:
    """What is held to be true of a scan (`ReviewStore.deciding`)."""

    positive: bool | None = None
    mask: Mask | None = None  # drawn or given by a person, and not empty


class Rehearser:
    """Reads scans for a rehearsal; its masks are kept, its readings are nobody's results."""

    def __init__(self, reader: Reader, results: ResultStore, reviews: ReviewStore, files: FileStore) -> None:
        self._reader = reader.wanted(Precedence.BACKGROUND)
        self._results = results
        self._reviews = reviews
        self._files = files

    def compared(
        self,
        rehearsal_id: str,
        scan: Scan,
        champion: Loaded,
        candidate: Loaded,
        look: Callable[[float], None],
    ) -> RehearsedScan:
        """Both versions' answers on a scan; the candidate's mask is kept.

        The champion's kept result stands for it where it is of this very version; other scans are
        read by it once more. `look` is called often and may raise. Raises UserFacingError for a scan
        that cannot be read.
        """
        array = self._files.get_array(keys.array(scan.id))
        truth = known_truth(self._reviews, self._files, scan.id)
        new = self._read(scan, array, candidate, truth, look)
        kept = self._kept(scan.id, champion)
        if kept is None:
            old = self._read(scan, array, champion, truth, look)
            self._keep(rehearsal_id, scan.id, CHAMPION, old.mask)
        else:
            old = self._of_result(kept, truth)
        self._keep(rehearsal_id, scan.id, CANDIDATE, new.mask)
        both = old.mask is not None and new.mask is not None
        return RehearsedScan(
            scan_id=scan.id,
            champion=old.said,
            candidate=new.said,
            overlap=dice(old.mask, new.mask) if both else None,  # type: ignore[arg-type]
            slice=_most_different(old.mask, new.mask, scan.slices),
            result_id=None if kept is None else kept.id,
            truth_positive=truth.positive,
        )

    def _read(
        self,
        scan: Scan,
        array: NDArray[Any],
        loaded: Loaded,
        truth: KnownTruth,
        look: Callable[[float], None],
    ) -> MaskedAnswer:
        affine = formats.placed_affine(scan.grid)
        read = self._reader.read_by(loaded, array, scan.spacing, affine, look)
        answer, taken = read.answer, read.provenance.timings_ms
        return _shown(
            answer.probability, answer.positive, read.measurements, taken.get("network"), answer.mask, truth
        )

    def _kept(self, scan_id: str, champion: Loaded) -> Result | None:
        """The latest result of this very version: of one with the same name and other weights it is none."""
        for result in self._results.of_scan(scan_id):
            made = result.provenance
            if (made.model_version, made.weights_sha256) == (champion.version, champion.weights_sha256):
                return result
        return None

    def _of_result(self, result: Result, truth: KnownTruth) -> MaskedAnswer:
        mask = None
        if result.has_mask:
            mask = np.asarray(unpacked(self._files.get(keys.mask(result.id))), dtype=bool)
        taken = result.provenance.timings_ms.get("network")
        return _shown(result.probability, result.positive, result.measurements, taken, mask, truth)

    def _keep(self, rehearsal_id: str, scan_id: str, who: str, mask: Mask | None) -> None:
        if mask is not None:
            self._files.put(keys.rehearsed_mask(rehearsal_id, scan_id, who), packed(mask))


def known_truth(reviews: ReviewStore, files: FileStore, scan_id: str) -> KnownTruth:
    """What the house holds to be true of a scan, with the mask that a person drew or gave."""
    review = reviews.deciding(scan_id)
    if review is None or review.truth_positive is None:
        return KnownTruth()
    return KnownTruth(review.truth_positive, _true_mask(files, review))


def _true_mask(files: FileStore, review: Review) -> Mask | None:
    # An accepted mask is the champion's own: to measure its rival against it would be no test.
    if counting_mask(review) is None or not review.truth_positive:
        return None
    return np.asarray(unpacked(files.get(keys.corrected_mask(review.id))), dtype=bool)


def paired(differences: Iterable[RehearsedScan]) -> tuple[PairedMetric, ...]:
    """Every number that both versions have on the same scans, as far as truths are known."""
    known = [difference for difference in differences if difference.truth_positive is not None]
    ill = [scan for scan in known if scan.truth_positive]
    healthy = [scan for scan in known if not scan.truth_positive]
    drawn = [
        (scan.champion.truth_dice, scan.candidate.truth_dice)
        for scan in ill
        if scan.champion.truth_dice is not None and scan.candidate.truth_dice is not None
    ]
    metrics = [
        _share(RECALL, [(scan.champion.positive, scan.candidate.positive) for scan in ill]),
        _share(SPECIFICITY, [(not scan.champion.positive, not scan.candidate.positive) for scan in healthy]),
        _mean(DICE, drawn),
    ]
    return tuple(metric for metric in metrics if metric is not None)


def _share(name: str, right: Sequence[tuple[bool, bool]]) -> PairedMetric | None:
    """Two shares on the same scans: who was right, (champion, candidate)."""
    if not right:
        return None
    old, new = np.array(right, dtype=bool).T
    test = mcnemar(old, new)
    return _paired(name, paired_shares(old, new), test.second_only, test.first_only)


def _mean(name: str, values: Sequence[tuple[float, float]]) -> PairedMetric | None:
    """Two means on the same scans, (champion, candidate)."""
    if not values:
        return None
    old, new = np.array(values, dtype=np.float64).T
    better, worse = int((new - old > DICE_APART).sum()), int((old - new > DICE_APART).sum())
    return _paired(name, replace(paired_means(old, new), p=None), better, worse)


def _paired(name: str, apart: PairedDifference, better: int, worse: int) -> PairedMetric:
    ends = apart.value, apart.low, apart.high, apart.n
    return PairedMetric(name, apart.first, apart.second, *ends, better, worse, apart.p)


def _shown(
    probability: float,
    positive: bool,
    measured: Measurements | None,
    network_ms: float | None,
    mask: Mask | None,
    truth: KnownTruth,
) -> MaskedAnswer:
    true_dice = None if mask is None or truth.mask is None else dice(mask, truth.mask)
    volume = None if measured is None else measured.volume_ml
    return MaskedAnswer(
        VersionAnswer(float(probability), bool(positive), volume, network_ms, true_dice), mask
    )


def _most_different(old: Mask | None, new: Mask | None, slices: int) -> int:
    """The slice with most pixels in one mask alone; else the one with most in both; else the middle."""
    if old is None or new is None:
        return slices // 2
    for mask in (old ^ new, old | new):
        counts = mask.sum(axis=(1, 2))
        if counts.any():
            return int(counts.argmax())
    return slices // 2
