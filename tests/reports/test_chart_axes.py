"""What charts say where there is nothing, little or nothing that may be told, and what their axes tick."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from plotly.graph_objects import Figure as Plotly

from reports import figures, performance_figures
from reports.chart_axes import NOTHING, WITHHELD, Figure, short_name
from reports.drift_figures import Point, distribution_figure, history_figure
from reports.figures import ChartColumn
from reports.patient_figures import CourseLine, course_figure
from reports.performance_figures import REVIEWED, VALIDATION, Dot, MetricSeries, Scale
from reports.stop_figures import stop_figure

FEW = "fewer than 5"
HIDDEN = [ChartColumn("North", 0, withheld=FEW, share_withheld=FEW)]
RECALL = Scale("Recall", percent=True, goal=0.95, limit=0.85)
MONTHS = [f"{2024 + month // 12}-{month % 12 + 1:02d}" for month in range(36)]
UNTOLD = [MetricSeries("Version 1", REVIEWED, [], withheld=[("2024-01", FEW)])]


def _series(places: list[str], name: str = "Version 1", kind: str = REVIEWED) -> MetricSeries:
    return MetricSeries(name, kind, [Dot(place, 0.9, 0.8, 0.95, 20) for place in places])


def _spread(share: float | None) -> Figure:
    spread = {"edges": [0, 1, 2], "reference": [share, share], "current": [share, share]}
    return distribution_figure({"unit": "mm", "distribution": spread})


def _classes(share: float | None) -> Figure:
    spread = {"names": ["a"], "reference": [share], "current": [share]}
    return distribution_figure({"unit": "", "distribution": spread})


def _said(figure: Figure) -> list[str]:
    return [note["text"] for note in figure["layout"].get("annotations", ())]


@pytest.mark.parametrize(
    "drawn",
    [
        lambda: figures.counts_figure([]),
        lambda: figures.shares_figure([], "Positive"),
        lambda: figures.sizes_figure({}),
        lambda: figures.time_figure([]),
        lambda: performance_figures.version_figure([], [], RECALL),
        lambda: performance_figures.month_figure([], [], [], RECALL),
        lambda: history_figure([], 0.1),
        lambda: stop_figure([], [], 64, "Reviewed scans"),
    ],
)
def test_a_chart_of_nothing_says_so_and_has_no_axes(drawn: Callable[[], Figure]) -> None:
    figure = drawn()
    Plotly(figure)
    assert _said(figure) == [NOTHING]
    assert not figure["layout"]["xaxis"]["visible"] and not figure["layout"]["yaxis"]["visible"]
    assert not figure["layout"].get("shapes")


@pytest.mark.parametrize(
    ("drawn", "axis"),
    [
        (lambda: figures.counts_figure(HIDDEN), "yaxis"),
        (lambda: figures.counts_figure(HIDDEN, lying=True), "xaxis"),
        (lambda: figures.shares_figure(HIDDEN, "Positive"), "yaxis"),
        (lambda: figures.sizes_figure({"North": HIDDEN}), "xaxis"),
        (lambda: performance_figures.month_figure(MONTHS[:6], UNTOLD, [], RECALL), "yaxis"),
        (lambda: performance_figures.version_figure(["2024-01"], UNTOLD, RECALL), "yaxis"),
        (lambda: _spread(None), "yaxis"),
        (lambda: _classes(None), "xaxis"),
    ],
)
def test_a_chart_of_which_all_is_withheld_says_so_and_ticks_no_number(
    drawn: Callable[[], Figure], axis: str
) -> None:
    figure = drawn()
    Plotly(figure)
    assert _said(figure) == [WITHHELD]
    told = {trace.get("yaxis", "y") for trace in figure["data"] if trace.get("y") or trace.get("x")}
    assert (
        told == {"y"} and "yaxis2" not in figure["layout"]
    )  # a second axis over an empty one is drawn nowhere
    assert figure["layout"][axis]["tickvals"] == []
    assert not figure["layout"][axis]["showticklabels"]
    assert not figure["layout"].get("shapes")


def test_a_chart_of_too_few_does_not_say_that_something_is_withheld() -> None:
    few = [replace(line, withheld=[(at, "too few (n = 3)") for at, _ in line.withheld]) for line in UNTOLD]
    assert _said(performance_figures.month_figure(MONTHS[:6], few, [], RECALL)) == ["Too few to tell"]


@pytest.mark.parametrize(
    "drawn", [lambda: figures.counts_figure([ChartColumn("North", 1)]), lambda: _spread(0.5)]
)
def test_a_chart_of_which_something_is_told_keeps_its_axis(drawn: Callable[[], Figure]) -> None:
    figure = drawn()
    assert _said(figure) == []
    assert "tickvals" not in figure["layout"]["yaxis"]


def test_one_run_alone_has_days_beside_it_and_no_parts_of_seconds() -> None:
    drift = history_figure([Point("2026-10-10T05:47:31", 0.2, True, "", "")], 0.1)
    course = course_figure([CourseLine("Version 1", False, ["2026-10-10T05:47:31"], [3.2])], "Volume", "mL")
    for figure in (drift, course):
        assert [day[:10] for day in figure["layout"]["xaxis"]["range"]] == ["2026-09-25", "2026-10-25"]


def test_there_is_no_half_scan_and_no_half_epoch() -> None:
    few = figures.counts_figure([ChartColumn("North", 2)])["layout"]["yaxis"]
    many = figures.counts_figure([ChartColumn("North", 200)])["layout"]["yaxis"]
    epochs = performance_figures.training_figure("loss", [(1, 0.3), (2, 0.2)])["layout"]["xaxis"]
    assert few["dtick"] == epochs["dtick"] == 1
    assert "dtick" not in many


def test_bars_of_few_weeks_are_as_wide_as_those_of_many() -> None:
    weeks = ["2026-10-05", "2026-10-12", "2026-10-19", "2026-10-26"]
    columns = [ChartColumn(week, 9) for week in weeks[:2]]
    columns += [ChartColumn(week, 0, withheld=FEW) for week in weeks[2:]]
    told, hidden = figures.time_figure(columns)["data"]
    assert {*told["width"]} == {*hidden["width"]}
    assert told["width"][0] < 7 * 86_400_000


def test_of_three_years_of_months_only_some_are_named() -> None:
    axis = performance_figures.month_figure(MONTHS, [_series(MONTHS)], [], RECALL)["layout"]["xaxis"]
    assert len(axis["tickvals"]) == 36
    assert [name for name in axis["ticktext"] if name] == MONTHS[::3]


def test_n_stands_below_the_names_and_not_beside_points_where_lines_cross_it() -> None:
    figure = performance_figures.month_figure(MONTHS[:2], [_series(MONTHS[:1])], [], RECALL)
    assert figure["layout"]["xaxis"]["ticktext"] == ["2024-01<br>n = 20", "2024-02<br>–"]
    both = [_series(MONTHS[:2]), _series(MONTHS[1:2], "Version 2")]
    axis = performance_figures.month_figure(MONTHS[:2], both, [], RECALL)["layout"]["xaxis"]
    assert axis["ticktext"] == ["2024-01<br>20<br>–", "2024-02<br>20<br>20"]
    assert "legend" in axis["title"]["text"]
    assert not any("text" in trace.get("mode", "") for trace in figure["data"])


def test_words_of_goal_and_limit_stand_beside_the_chart_and_apart() -> None:
    layout = performance_figures.version_figure(["1"], [_series(["1"], kind=VALIDATION)], RECALL)["layout"]
    assert {note["xanchor"] for note in layout["annotations"]} == {"left"}
    assert [note["yanchor"] for note in layout["annotations"]] == ["bottom", "top"]
    assert layout["margin"]["r"] > 60


def test_beside_the_months_only_the_newest_versions_are_drawn() -> None:
    validated = [_series([str(number) for number in range(1, 13)], "Validation", VALIDATION)]
    figure = performance_figures.month_figure(MONTHS[:2], [_series(MONTHS[:2])], validated, RECALL)
    assert figure["layout"]["xaxis2"]["categoryarray"] == [str(number) for number in range(7, 13)]


def test_names_of_groups_are_short_and_have_their_n() -> None:
    long = "Siemens Healthineers MAGNETOM Skyra fit 3T in the new building"
    axis = performance_figures.groups_figure(
        [("Scanner", Dot(long, 0.9, 0.8, 1, 20))], 0.9, Scale("Recall", percent=True)
    )["layout"]["yaxis"]
    assert axis["ticktext"] == [f"{short_name(f'Scanner: {long}')}, n = 20"]
    assert len(axis["ticktext"][0]) < 50


def test_the_words_of_thresholds_stand_clear_of_the_legend() -> None:
    tenths = [f"0.{tenth} to 0.{tenth + 1}" for tenth in range(9)]
    columns = [ChartColumn(tenths[0], 9), ChartColumn(tenths[1], 0, withheld=FEW)]
    layout = figures.chances_figure(columns, tenths, {"Pneumonia": 0.5})["layout"]
    assert (layout["legend"]["yref"], layout["legend"]["yanchor"]) == ("container", "top")
    assert layout["margin"]["t"] > 40


def test_a_long_name_beside_a_bar_takes_two_lines_and_tells_both_its_ends() -> None:
    stations = [f"SIEMENS MAGNETOM Vida Fit 3T, Radiologie Haus 7 Untergeschoss, Station {n}" for n in (1, 2)]
    columns = [ChartColumn(name, 9) for name in (*stations, "Halden Aurora 3T")]
    axis = figures.counts_figure(columns, lying=True)["layout"]["yaxis"]
    assert axis["tickvals"] == [column.name for column in columns]
    lines = [name.split("<br>") for name in axis["ticktext"]]
    assert [len(of) for of in lines] == [2, 2, 1]
    assert all(len(line) <= 32 for of in lines for line in of)
    assert [of[-1][-9:] for of in lines[:2]] == ["Station 1", "Station 2"]
    assert lines[0][0] == "SIEMENS MAGNETOM Vida Fit 3T,"
