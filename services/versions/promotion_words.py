"""What became of somebody's wish that another version goes live, in words: pages and reports say the same."""

from __future__ import annotations

from collections.abc import Mapping

from data.records import PromotionState

STATE_WORDS: Mapping[PromotionState, str] = {
    PromotionState.ASKED: "waits for a second person",
    PromotionState.DONE: "went live",
    PromotionState.REFUSED: "did not go live",
}
