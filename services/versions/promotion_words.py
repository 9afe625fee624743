"""What became of somebody's wish that another version goes live, in words: pages and reports say the same."""

from __future__ import annotations

from collections.abc import Mapping

from data.records import Promotion, PromotionState

_STATE_WORDS: Mapping[PromotionState, str] = {
    PromotionState.ASKED: "waits for a second person",
    PromotionState.DONE: "went live",
    PromotionState.REFUSED: "did not go live",
}


def outcome_words(promotion: Promotion) -> str:
    """What became of it: "went live, past the gate"."""
    past = promotion.overridden and promotion.state is PromotionState.DONE
    return _STATE_WORDS[promotion.state] + (", past the gate" if past else "")
