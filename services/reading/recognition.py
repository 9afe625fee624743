"""Which MRI sequence a scan is, and from which side an X-ray was taken: by header, else by the picture."""

from __future__ import annotations

from dataclasses import dataclass

from data.errors import RefusedScan
from data.records import (
    BRAIN_TUMOUR,
    PNEUMONIA,
    DecodedScan,
    MrSequence,
    RecognisedBy,
    RecognisedSequence,
)
from models.acquisition.task import (
    FRONTAL_FROM,
    READ_SEQUENCES,
    RECOGNISED_FROM,
    SURELY_FRONTAL_FROM,
    TASK,
    Shown,
    frontal_share,
    is_read,
    probabilities_of,
    sequence_shares,
)
from models.suitability.rules import NOT_FRONTAL
from models.suitability.sequences import StatedSequence, stated_sequence
from models.task import FloatArray
from services.reading.reader import Reader

ENHANCED_FROM = 0.8
"""Share of contrast-enhanced T1 among both kinds of T1 from which a T1 counts as enhanced although its
header says nothing of contrast."""
CONTRADICTS_FROM = 0.95
"""Certainty from which a picture that looks like another sequence than its header says is remarked on."""
READS_SEQUENCES = (
    "the tumour model was trained and validated for FLAIR and contrast-enhanced T1 only, so it is not read."
)
NOT_BRAIN = "This does not look like a brain MRI, so it is not read."
NOT_CHEST = "This does not look like a frontal chest X-ray, so it is not read."


@dataclass(frozen=True)
class _Picture:
    """What the classifier makes of a picture, and what it is."""

    probabilities: FloatArray
    shares: dict[MrSequence, float]
    read: bool  # FLAIR and contrast-enhanced T1 are likely enough
    version: str
    sha256: str

    @property
    def likeliest(self) -> MrSequence:
        return max(self.shares, key=self.shares.__getitem__)

    @property
    def certainty(self) -> float:
        return self.shares[self.likeliest]

    def as_recognised(self) -> RecognisedSequence:
        """The likeliest sequence where it is sure enough, else none."""
        sure = self.certainty >= RECOGNISED_FROM
        return RecognisedSequence(
            self.likeliest if sure else None,
            RecognisedBy.PICTURE,
            round(self.certainty, 3),
            self.version,
            self.sha256,
        )


class Recogniser:
    """Asks the header first, and the classifier `acquisition` where the header leaves something open."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def recognise(self, scan: DecodedScan, route: str) -> tuple[RecognisedSequence | None, tuple[str, ...]]:
        """The sequence of a brain MRI (None on other routes), and what its reader should know.

        A sequence that stays unknown makes the answer uncertain (`services.reading.doubts`).
        Raises RefusedScan for a sequence or a view that the route's model was not made for, and Busy
        while the classifier is not loaded yet.
        """
        if route == PNEUMONIA:
            self._check_view(scan)
            return None, ()
        return self._sequence(scan) if route == BRAIN_TUMOUR else (None, ())

    def is_surely_frontal(self, scan: DecodedScan) -> bool:
        """Whether the picture is a frontal chest film beyond doubt. Raises Busy like `recognise`."""
        return float(self._picture(scan).probabilities[Shown.FRONTAL_CHEST]) >= SURELY_FRONTAL_FROM

    def _check_view(self, scan: DecodedScan) -> None:
        probabilities = self._picture(scan).probabilities
        if frontal_share(probabilities) >= FRONTAL_FROM:
            return
        if probabilities[Shown.LATERAL_CHEST] > probabilities[Shown.NEITHER]:
            raise RefusedScan("view", NOT_FRONTAL["lateral"])
        raise RefusedScan("unsuitable", NOT_CHEST)

    def _sequence(self, scan: DecodedScan) -> tuple[RecognisedSequence, tuple[str, ...]]:
        stated = stated_sequence(scan.acquisition)
        if stated is not None and stated.sure and stated.sequence not in READ_SEQUENCES:
            raise _other_sequence(stated)
        picture = self._picture(scan)
        if stated is not None and stated.sure:
            return _stated(stated), _contradiction(stated, picture)
        if stated is not None and not _may_be_read(stated, picture):
            raise _other_sequence(stated)
        if not picture.read:
            raise _looks_like_other(picture)
        return picture.as_recognised(), ()

    def _picture(self, scan: DecodedScan) -> _Picture:
        answer, loaded = self._reader.answer(TASK.name, scan.array, scan.spacing)
        probabilities = probabilities_of(answer)
        shares = sequence_shares(probabilities)
        read = is_read(shares, len(scan.array), loaded.trained.decision)
        return _Picture(probabilities, shares, read, loaded.version, loaded.weights_sha256)


def _stated(stated: StatedSequence) -> RecognisedSequence:
    return RecognisedSequence(stated.sequence, RecognisedBy.HEADER)


def _contradiction(stated: StatedSequence, picture: _Picture) -> tuple[str, ...]:
    if picture.likeliest is stated.sequence or picture.certainty < CONTRADICTS_FROM:
        return ()
    return (
        f"The header says {stated.sequence.value}, but the picture looks like {picture.likeliest.value}: "
        "check the answer with care.",
    )


def _may_be_read(stated: StatedSequence, picture: _Picture) -> bool:
    """Whether an unsure header leaves a scan to the picture.

    A T1 of which nothing is said about contrast needs a picture that shows it clearly.
    """
    if stated.sequence is MrSequence.T1:
        enhanced, plain = picture.shares[MrSequence.T1_CONTRAST], picture.shares[MrSequence.T1]
        return enhanced >= ENHANCED_FROM * (enhanced + plain)
    return True


def _other_sequence(stated: StatedSequence) -> RefusedScan:
    said = f"By {stated.because} this is {stated.sequence.value}"
    if stated.sequence is MrSequence.T1 and not stated.sure:
        said = f"By {stated.because} this is T1, and neither header nor picture shows a contrast agent"
    return RefusedScan("sequence", f"{said}; {READS_SEQUENCES}")


def _looks_like_other(picture: _Picture) -> RefusedScan:
    mri = float(picture.probabilities[: Shown.OTHER_MRI + 1].sum())
    if float(picture.probabilities[Shown.NEITHER]) > mri:
        return RefusedScan("unsuitable", NOT_BRAIN)
    what = "does not look like FLAIR or contrast-enhanced T1"
    if picture.certainty >= RECOGNISED_FROM:
        what = f"looks like {picture.likeliest.value}"
    return RefusedScan("sequence", f"The picture {what}; {READS_SEQUENCES}")
