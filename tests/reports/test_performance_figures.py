"""Charts of performance: what is drawn, how, and what it leads to."""

from __future__ import annotations

import math

import pytest
from plotly.graph_objects import Figure as Plotly

from reports import curve_figures as curves
from reports import performance_figures as figures
from reports.performance_figures import REVIEWED, VALIDATION, Dot, MetricSeries, Scale
from reports.stop_figures import stop_figure

RECALL = Scale("Recall", percent=True, goal=0.95, limit=0.9)
SEEN = Dot("2", 0.92, 0.85, 0.96, 99, "/worklist?x=1")
SERIES = [
    MetricSeries("Validation", VALIDATION, [Dot("1", 0.9, 0.82, 0.95, 90), Dot("2", 0.94, 0.87, 0.97, 90)]),
    MetricSeries("Real use", REVIEWED, [SEEN]),
    MetricSeries("Real use", REVIEWED, [Dot("2", 1.0, 0.6, 1.0, 6)], synthetic=True),
]


def test_versions_hold_value_interval_n_and_cases() -> None:
    figure = figures.version_figure(["1", "2"], SERIES, RECALL, live="2")
    Plotly(figure)  # refuses what Plotly does not know
    validation, real, synthetic = figure["data"]
    assert real["y"] == [pytest.approx(92.0)]
    assert real["error_y"]["array"] == [pytest.approx(4.0)]
    assert real["error_y"]["arrayminus"] == [pytest.approx(7.0)]
    assert real["customdata"][0] == ["/worklist?x=1", " % (85.0 to 96.0)", 99, "2"]
    assert validation["marker"]["symbol"] != real["marker"]["symbol"]
    assert not any("lines" in trace["mode"] for trace in figure["data"])
    assert synthetic["name"] == "Real use (SYNTHETIC)"
    assert figure["layout"]["xaxis"]["ticktext"] == ["1<br>90<br>–<br>–", "2<br>90<br>99<br>6<br><b>live</b>"]
    assert [round(at, 1) for at in (-0.14, 0.86)] == [round(at, 1) for at in validation["x"]]


def test_goal_and_limit_are_lines_with_their_words() -> None:
    layout = figures.version_figure(["1", "2"], SERIES, RECALL)["layout"]
    assert [shape["y0"] for shape in layout["shapes"]] == [95.0, 90.0]
    assert [note["text"] for note in layout["annotations"]] == ["goal<br>95.0 %", "alert limit<br>90.0 %"]


def test_only_months_of_one_version_are_joined() -> None:
    real = [
        MetricSeries(
            "Version 2", REVIEWED, [Dot("2026-10", 0.9, 0.8, 1, 20), Dot("2026-11", 0.8, 0.7, 0.9, 30)]
        )
    ]
    figure = figures.month_figure(["2026-10", "2026-11"], real, SERIES[:1], RECALL)
    Plotly(figure)
    joined, validation = figure["data"]
    assert "lines" in joined["mode"]
    assert "lines" not in validation["mode"]
    assert validation["xaxis"] == "x2"
    assert figure["layout"]["xaxis2"]["domain"][1] < figure["layout"]["xaxis"]["domain"][0]


def test_unknown_intervals_are_not_drawn() -> None:
    lone = [MetricSeries("Real use", REVIEWED, [Dot("1", 812.0, math.nan, math.nan, 9)])]
    (trace,) = figures.version_figure(["1"], lone, Scale("Median (ms)"))["data"]
    assert (trace["error_y"]["array"], trace["error_y"]["arrayminus"]) == ([0.0], [0.0])
    assert trace["customdata"][0][1] == ""


def test_what_is_past_its_limit_has_another_colour() -> None:
    both = [MetricSeries("Real use", REVIEWED, [SEEN, Dot("3", 0.5, 0.3, 0.7, 12, past_limit=True)])]
    (trace,) = figures.version_figure(["2", "3"], both, RECALL)["data"]
    assert len(set(trace["marker"]["color"])) == 2


def test_the_last_trace_of_a_curve_is_its_mark() -> None:
    for figure in (
        curves.roc_chart([0, 0.1, 1], [0, 0.9, 1], (0.1, 0.9)),
        curves.precision_chart([0, 0.9, 1], [1, 0.8, 0.5], (0.1, 0.9)),
    ):
        Plotly(figure)
        assert (figure["data"][-1]["x"], figure["data"][-1]["y"]) == ([0.1], [0.9])


def test_what_is_said_of_a_curve_stands_where_no_line_can_cross_it() -> None:
    layout = curves.roc_chart([0, 0.1, 1], [0, 0.9, 1], (0.1, 0.9), "AUC 0.917 (0.874 to 0.953)")["layout"]
    (said,) = layout["annotations"]
    assert (said["yref"], said["y"], said["yanchor"]) == ("paper", 1, "bottom")  # above the frame
    assert layout["margin"]["t"] > 2 * said["font"]["size"]  # and its letters have room there


def test_the_limit_of_a_stop_rule_is_said_beside_the_frame_where_no_point_can_lie() -> None:
    layout = stop_figure([12, 24, 36, 70], [True] * 4, 63, "Reviewed scans")["layout"]
    (said,) = layout["annotations"]
    assert said["x"] > 1 and (said["xref"], said["xanchor"]) == ("paper", "left")
    assert said["text"] == "limit 63" and layout["margin"]["r"] >= 8 * len(said["text"])


def test_groups_calibration_and_training_are_charts() -> None:
    groups = figures.groups_figure([("Sex", Dot("F", 0.9, 0.8, 1, 20, "/x")), ("Sex", SEEN)], 0.91, RECALL)
    bins = curves.calibration_chart([(0.1, Dot("", 0.2, 0.1, 0.4, 10)), (0.9, Dot("", 0.8, 0.6, 0.9, 40))])
    training = figures.training_figure("loss", [(0, 1.0), (1, 0.5)])
    for figure in (groups, bins, training):
        Plotly(figure)
    assert groups["data"][0]["y"] == ["Sex: F", "Sex: 2"]
    assert groups["data"][0]["customdata"] == ["/x", "/worklist?x=1"]
    assert groups["layout"]["shapes"][0]["x0"] == pytest.approx(91.0)
