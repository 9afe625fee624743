"""Which version of a result is exported: the AI's own answer, or what a reviewer made of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from data.records import Measurements, Result, Review
from services import keys
from services.reviewing.pictures import AI, CORRECTED
from services.reviewing.worklist import ScanView

COUNTING = "counting"
LAYERS = (COUNTING, AI)


@dataclass(frozen=True)
class ResultVersion:
    """A result as it is exported. `review` is the correction where the outline is a reviewer's."""

    view: ScanView
    result: Result
    review: Review | None = None

    @property
    def key(self) -> str:
        """What tells it from every other version of any result."""
        return self.result.id if self.review is None else self.review.id

    @property
    def moment(self) -> datetime:
        """When it was made."""
        return self.result.created_at if self.review is None else self.review.created_at

    @property
    def layer(self) -> str:
        """Whose outline it is."""
        return AI if self.review is None else CORRECTED

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
        """The AI's own answer that a reviewer corrected."""
        return None if self.review is None else ResultVersion(self.view, self.result)


def version_of(view: ScanView, result: Result, layer: str) -> ResultVersion:
    """What counts of a result, or with `layer` "ai" the AI's own answer."""
    return ResultVersion(view, result, None if layer == AI else view.corrected)
