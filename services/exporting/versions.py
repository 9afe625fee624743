"""Which version of a result is exported: the AI's own answer, or what a reviewer made of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from data.records import Measurements, Result, Review, Verdict, marked_name
from reports.dicom.origin import Outline
from services import keys
from services.reviewing.pictures import AI, CORRECTED
from services.reviewing.scan_views import ScanView

COUNTING = "counting"
LAYERS = (COUNTING, AI)
BY_A_REVIEWER = (Verdict.ACCEPTED, Verdict.CORRECTED)
"""Of a result that a clinician stands for."""


@dataclass(frozen=True)
class ResultVersion:
    """A result as it is exported. `view` shows of its reviews only what this version knows of."""

    view: ScanView
    result: Result

    @property
    def review(self) -> Review | None:
        """The review whose outline it is, None for the AI's own."""
        return self.view.corrected

    @property
    def key(self) -> str:
        """What tells its outline from every other one."""
        return self.result.id if self.review is None else self.review.id

    @property
    def short_key(self) -> str:
        """The same as names of lesions say it."""
        return self.key[:12]

    @property
    def file_name(self) -> str:
        """How the names of its files begin."""
        return f"lightbox-{marked_name(self.short_key, self.view.scan.synthetic)}"

    @property
    def bears_mark(self) -> bool:
        """Whether its words say that the version was not accepted: these objects are others than without."""
        return self.view.not_accepted is not None

    @property
    def moment(self) -> datetime:
        """When its outline was made."""
        return self.result.created_at if self.review is None else self.review.created_at

    @property
    def reported(self) -> tuple[str, datetime]:
        """The same of what it says: a review changes that also where the AI's outline stays."""
        current = self.view.current
        return (self.key, self.moment) if current is None else (current.id, current.created_at)

    @property
    def told(self) -> tuple[str, datetime]:
        """What was said last of the result, a taking-back too, and when: what replaces all before it."""
        said = [review for review in self.view.reviews if review.result_id == self.result.id]
        last = max(said, key=lambda review: (review.created_at, review.id), default=None)
        return self.reported if last is None else (last.id, last.created_at)

    @property
    def layer(self) -> str:
        """Whose outline it is."""
        return AI if self.review is None else CORRECTED

    @property
    def outline(self) -> Outline:
        """The same as objects say it."""
        if self.review is None:
            return Outline.AI
        return Outline.LABEL if self.review.verdict is Verdict.LABELLED else Outline.CORRECTED

    @property
    def measurements(self) -> Measurements | None:
        """The sizes of its outline; None of a classification."""
        return self.result.measurements if self.review is None else self.review.measurements

    @property
    def mask_key(self) -> str:
        """Where its mask lies."""
        return keys.mask(self.result.id) if self.review is None else keys.corrected_mask(self.review.id)

    @property
    def parent(self) -> ResultVersion | None:
        """The AI's own answer, before anybody said anything of it; None where this is that."""
        return None if self.view.current is None else unreviewed(self.view, self.result)

    @property
    def rejected_by(self) -> str | None:
        """Who rejected it, if it is."""
        current = self.view.current
        return current.reviewer_name if current and current.verdict is Verdict.REJECTED else None


def unreviewed(view: ScanView, result: Result) -> ResultVersion:
    """The AI's own answer."""
    return ResultVersion(replace(view, reviews=()), result)


def version_of(view: ScanView, result: Result, layer: str) -> ResultVersion:
    """What counts of a result, or with `layer` "ai" the AI's own answer in place of a correction."""
    if layer == AI and view.corrected is not None:
        return unreviewed(view, result)
    return ResultVersion(view, result)


def earlier_versions(version: ResultVersion) -> Iterator[ResultVersion]:
    """Every version of a result that may have been exported before it was rejected."""
    view, result = version.view, version.result
    yield unreviewed(view, result)
    silent = (Verdict.REJECTED, Verdict.TAKING_BACK)
    for review in view.reviews:
        if review.result_id == result.id and review.verdict not in silent:
            yield ResultVersion(replace(view, reviews=(review,)), result)
