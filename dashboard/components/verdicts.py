"""What was said of a result: what counts now, and who said what."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dash import html
from dash.development.base_component import Component

from dashboard.components import unaided
from dashboard.components.results import local_time
from data.records import Review, Verdict, current_review
from services.reading_words import VERDICT_NAMES, lesion_words, reason_words, truth_words

if TYPE_CHECKING:
    from services.reviewing.scan_views import ScanView

NOT_REVIEWED = "Nobody has reviewed this result."


def verdict_badge(verdict: Verdict) -> Component:
    """Show a verdict."""
    return html.Span(VERDICT_NAMES[verdict], className=f"lb-badge lb-verdict-{verdict.value}")


def current(view: ScanView) -> list[Component | str]:
    """Say what counts of the result shown."""
    review = view.current
    if review is None:
        return ["" if view.result is None else NOT_REVIEWED]
    said = f" by {review.reviewer_name}, {local_time(review.created_at)}"
    truth = truth_words(review, view.scan.task)
    return [verdict_badge(review.verdict), said + (f": {truth}." if truth else ".")]


def after_taking_back(view: ScanView) -> str:
    """Say what would count if the current review were taken back."""
    taken = view.current
    if taken is None or view.result is None:
        return ""
    rest = [review for review in view.reviews if review.id != taken.id]
    before = current_review(rest, view.result.id)
    if before is None:
        return "The result then waits for a review again; what was taken back stays in the list."
    verdict = VERDICT_NAMES[before.verdict].lower()
    return f"Then this counts again: {verdict} by {before.reviewer_name}, {local_time(before.created_at)}."


def history(view: ScanView) -> Component:
    """Who said what of which result, newest first, taken back or not."""
    if view.reads_unaided is not None:
        return html.P(unaided.HIDDEN, className="text-secondary mb-0")
    reviews, without_ai = view.reviews, unaided.entries(view)
    if not reviews and not without_ai:
        return html.P(NOT_REVIEWED, className="text-secondary mb-0")
    by_id = {review.id: review for review in reviews}
    taken = {review.takes_back: review for review in reviews if review.takes_back is not None}
    said = [_entry(view, review, by_id, taken) for review in reviews]
    return html.Ol([*said, *without_ai], className="lb-history")


def _entry(view: ScanView, review: Review, by_id: dict[str, Review], taken: dict[str, Review]) -> Component:
    by = taken.get(review.id)
    head: list[Component | str] = [
        verdict_badge(review.verdict),
        f" {review.reviewer_name}, {local_time(review.created_at)} ",
    ]
    if view.current is not None and review.id == view.current.id:
        head.append(html.Span("counts now", className="lb-badge lb-live"))
    said = "; ".join(part for part in _said(view, review, by_id) if part)
    return html.Li(
        [
            html.Span(head, className="lb-taken-back" if by else None),
            html.Div(f"Taken back by {by.reviewer_name}, {local_time(by.created_at)}") if by else None,
            html.Div(said, className="text-secondary") if said else None,
        ]
    )


def _said(view: ScanView, review: Review, by_id: dict[str, Review]) -> Iterable[str]:
    yield truth_words(review, view.scan.task)
    yield reason_words(review)
    yield lesion_words(review)
    if review.dice is not None:
        yield f"Dice with the AI's mask {review.dice:.2f}"
    yield review.comment or ""
    if review.minutes is not None:
        yield f"{review.minutes:.1f} min"
    named = by_id.get(review.takes_back or review.parent_id or "")
    if named is not None:
        what = "takes back" if review.takes_back else "after"
        yield f"{what} “{VERDICT_NAMES[named.verdict].lower()}” by {named.reviewer_name}"
    if view.result is not None and review.result_id != view.result.id:
        yield "of an earlier reading"
