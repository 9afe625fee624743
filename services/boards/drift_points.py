"""Drift over time on a board: what the kept runs came to, each against its own reference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from data import house_clock
from data.errors import NotFound
from data.records import WATCHED, Against, BoardChoice, BoardPanel, DriftRun, ReferenceKind, User
from reports.time_words import minute
from services.addresses import DriftAddress
from services.boards.measures import DISTANCE
from services.boards.points import BoardPoint, PanelView, in_order, panel_title
from services.cohort.filters import filters_of, in_words
from services.cohort.small_numbers import Audience, small
from services.drift.alerting import rule_of
from services.drift.reference_rules import NAMES
from services.drift.runs import DriftRuns
from services.drift.small_counts import coarse
from services.permissions import Permission, require

MOST_RUNS = 200
_SAYS = {
    True: "Distance of the window from the reference in each kept run; what it is measured in says the run. "
    "A distance has no interval here: n is the readings of the window.",
    False: "Of the features that a kept run could judge, the share that drifted; n is the features.",
}


class DriftPoints:
    """Reads kept runs; compares nothing anew."""

    def __init__(self, runs: DriftRuns) -> None:
        self._runs = runs

    def of(
        self, panel: BoardPanel, choice: BoardChoice, since: str, viewer: User, audience: Audience
    ) -> PanelView:
        """A feature's distance or the drifted share, run by run, from the month `since` on."""
        require(viewer, Permission.SEE_DRIFT)
        distances = panel.measure == DISTANCE
        runs = [run for run in self._runs.finished(panel.task, MOST_RUNS) if _fits(run, choice, since)]
        points = [
            self._distance(run, panel, audience) if distances else self._share(run)
            for run in runs
            if panel.reference in ("", self.reference_of(run))
        ]
        known = WATCHED.get(panel.feature)
        link = DriftAddress(panel.task, feature=panel.feature or None)
        return PanelView(
            panel,
            panel_title(panel, known.title if known else ""),
            in_order([point for point in points if point is not None]),
            (_SAYS[distances],),
            str(link),
        )

    def references(self, task: str) -> dict[str, str]:
        """What the task's kept runs were measured against: by rule or id, in words."""
        runs = self._runs.finished(task, MOST_RUNS)
        return {self.reference_of(run): self._name(run) for run in runs}

    def reference_of(self, run: DriftRun) -> str:
        """What stays the same from run to run: the rule by which a run took its reference, or its id."""
        return self._rule(run) or run.reference_id or run.reference_name

    def _rule(self, run: DriftRun) -> str:
        try:
            reference = self._runs.references.get(run.reference_id or "")
        except NotFound:  # deleted since
            return ""
        rolling = reference.kind is ReferenceKind.ROLLING
        return rule_of(run, reference) if rolling else ""

    def _name(self, run: DriftRun) -> str:
        rule = self._rule(run)
        return NAMES[Against(rule)].capitalize() if rule else run.reference_name

    def _series(self, run: DriftRun) -> str:
        query = filters_of(run.ask.query)
        return f"{self._name(run)}; {in_words(query)}" if query else self._name(run)

    def _point(self, run: DriftRun, n: int | None, **told: Any) -> BoardPoint:
        link = str(DriftAddress(run.task, run.id, told.pop("feature", None)))
        made = bool(self._runs.snapshot(run.id)["synthetic"])
        at = minute(run.created_at)
        return BoardPoint(
            at, self._series(run), told.pop("value", None), n, synthetic=made, link=link, **told
        )

    def _share(self, run: DriftRun) -> BoardPoint:
        if not run.watched or run.drifted is None:
            return self._point(run, 0, note="too few to judge")
        return self._point(run, run.watched, value=run.drifted / run.watched)

    def _distance(self, run: DriftRun, panel: BoardPanel, audience: Audience) -> BoardPoint | None:
        feature = self._feature(run, panel.feature)
        if feature is None:
            return None
        n = feature["n_current"]
        told = None if audience.withholds and small(n) else n
        if feature["effect"] is None:
            return self._point(run, told, note="not compared: too few", feature=panel.feature)
        value = coarse(feature["effect"]) if audience.withholds else feature["effect"]
        drifted = bool(feature["drifted"])
        return self._point(run, told, value=value, beyond=drifted, feature=panel.feature)

    def _feature(self, run: DriftRun, name: str) -> Mapping[str, Any] | None:
        features = self._runs.snapshot(run.id)["features"]
        return next((feature for feature in features if feature["name"] == name), None)


def _fits(run: DriftRun, choice: BoardChoice, since: str) -> bool:
    query = filters_of(run.ask.query)
    of_choice = all(query.get(name) == (value,) for name, value in choice.of.items())
    return of_choice and house_clock.month_of(run.created_at) >= since
