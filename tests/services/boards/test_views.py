"""Boards show what the services below them count, no number of their own."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from data.errors import NotAllowed
from data.ledger.in_memory import Ledger
from data.records import (
    BRAIN_TUMOUR,
    AuditQuery,
    Board,
    BoardChoice,
    BoardPanel,
    DriftAsk,
    Refusal,
    Role,
    Severity,
    User,
)
from data.stores.alerts import AlertStore
from data.stores.audit import AuditLog
from data.stores.refusals import RefusalStore
from reports.performance_figures import VALIDATION
from services.alerts.alerts import Alerts
from services.alerts.delivery import Delivery
from services.assembly.boards import BoardServices, boards_on
from services.boards.charts import chart
from services.boards.points import LEAST, BoardPoint, PanelView
from services.cohort.cohort import Cohorts, hidden_from_nobody
from services.cohort.exports import told
from services.cohort.small_numbers import Audience
from tests.databases import migrated
from tests.services.drifting import DriftHouse
from tests.services.performance_department import TASKS, Department, with_history

EVERYTHING = BoardChoice(0)
NOVEMBER = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAYS = {"2026-10": "2026-10-31", "2026-11": "2026-11-30"}
HEAD, ADMIN = (User(role.value, role.value, f"Dr {role.value}", role) for role in (Role.HEAD, Role.ADMIN))
INSIDE, OUTSIDE = Audience.INSIDE, Audience.OUTSIDE


class House:
    """A department with a history, a drift run and alerts."""

    def __init__(self, folder: Any) -> None:
        self.engine = migrated(f"sqlite:///{folder / 'house.db'}")
        self.department: Department = with_history(self.engine, folder)
        self.cohorts = Cohorts(Ledger(self.engine), RefusalStore(self.engine), dict, hidden_from_nobody)
        self.drift = DriftHouse(self.engine, folder / "drift")
        self.alerts = Alerts(AlertStore(self.engine), AuditLog(self.engine), Delivery())
        self.today = date(2026, 11, 30)
        self.services: BoardServices = boards_on(
            self.engine, self.cohorts, self.department.performance, self.drift.drift, self.alerts, TASKS,
            lambda: self.today,
        )  # fmt: skip
        for cause, month in (("a", 9), ("b", 9), ("c", 11)):
            at = datetime(2026, month, 3, tzinfo=UTC)
            self.alerts.raise_alert(cause, Severity.WARNING, "Title", "It rose.", "/models", at=at)

    def view(
        self,
        panel: BoardPanel,
        choice: BoardChoice = EVERYTHING,
        viewer: User = HEAD,
        audience: Audience = INSIDE,
    ) -> PanelView:
        (view,) = self.services.views.of(a_board(panel), choice, viewer, audience)
        return view


def a_board(*panels: BoardPanel) -> Board:
    moment = datetime(2026, 11, 1, tzinfo=UTC)
    return Board("b" * 32, "Board", panels, EVERYTHING, True, HEAD.id, "Dr Head", moment, moment)


def of(measure: str, **changes: str) -> BoardPanel:
    return replace(BoardPanel("p", measure, BRAIN_TUMOUR), **changes)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(tmp_path_factory.mktemp("boards"))
    yield house
    house.department.close()
    house.engine.dispose()


@pytest.mark.parametrize("measure", ["recall", "far", "precision", "latency_p95_ms"])
def test_performance_is_that_of_its_page_month_by_month(house: House, measure: str) -> None:
    performance = house.department.performance
    asked = performance.numbers.asked(f"task={BRAIN_TUMOUR}&metric={measure}&by=month", HEAD)
    real = [point for point in performance.numbers.shown(asked).points if point.source != VALIDATION]
    expected = {(point.month, f"Version {point.version}", point.synthetic): point.figure for point in real}
    shown = house.view(of(measure)).points
    assert len(shown) == len(expected) > 1
    for point in shown:
        figure = expected[point.at, point.series, point.synthetic]
        assert point.n == figure.n
        if figure.n < LEAST:
            assert (point.value, point.note) == (None, f"too few (n = {figure.n})")
        else:
            plain = figure.plain()
            assert [point.value, point.low, point.high] == [plain[name] for name in ("value", "low", "high")]


def test_made_cases_are_a_line_of_their_own(house: House) -> None:
    points = house.view(of("latency_p95_ms", version="2")).points
    assert {(point.series, point.synthetic) for point in points} == {
        ("Version 2", False),
        ("Version 2", True),
    }
    names = [trace["name"] for trace in chart(house.view(of("latency_p95_ms", version="2")))["data"]]
    assert any("SYNTHETIC" in name for name in names) and "Version 2" in names


def test_a_version_and_a_period_narrow_a_panel(house: House) -> None:
    everything = house.view(of("latency_p95_ms")).points
    assert {point.at for point in everything} == {"2026-10", "2026-11"}
    first = house.view(of("latency_p95_ms", version="1")).points
    assert {point.series for point in first} == {"Version 1"}
    house.today = date(2027, 1, 15)
    try:
        assert {point.at for point in house.view(of("latency_p95_ms"), BoardChoice(3)).points} == {"2026-11"}
        assert {point.at for point in house.view(of("readings"), BoardChoice(3)).points} == {
            "2026-11", "2026-12", "2027-01"
        }  # fmt: skip
    finally:
        house.today = date(2026, 11, 30)


def test_scans_read_are_those_of_the_cohort_page(house: House) -> None:
    shown = house.view(of("readings")).points
    for point in shown:
        month = {
            "from": (f"{point.at}-01",),
            "to": (f"{point.at}-31" if point.at == "2026-10" else "2026-11-30",),
        }
        made = ("yes" if point.synthetic else "no",)
        cohort = house.cohorts.cohort({"task": (BRAIN_TUMOUR,), "synthetic": made, **month}, HEAD)
        assert cohort.positive.share is not None and point.value == point.n == cohort.positive.share.n
    real = {point.at: point.value for point in shown if not point.synthetic}
    assert real == {"2026-10": 20, "2026-11": 30}
    assert [point.value for point in shown if point.synthetic and point.value] == [6]


def test_an_uncertain_share_has_its_interval_and_says_too_few(house: House) -> None:
    points = {(point.at, point.synthetic): point for point in house.view(of("uncertain")).points}
    many, few = points["2026-10", False], points["2026-11", True]
    assert many.n == 20 and many.value is not None and many.low is not None and many.low <= many.value
    assert few.value is None and few.note == "too few (n = 6)"


def test_a_place_narrows_what_can_be_narrowed_and_the_rest_says_so(house: House) -> None:
    nowhere = BoardChoice(0, site="Nowhere")
    assert house.view(of("readings"), nowhere).points == ()
    assert house.view(of("recall"), nowhere).points == ()
    times = house.view(of("latency_p50_ms"), nowhere)
    assert times.points and any("not counted by site" in sentence for sentence in times.says)
    assert not any("not counted by site" in sentence for sentence in house.view(of("latency_p50_ms")).says)
    refused = house.view(of("refusals", task=""), BoardChoice(0, sex="F"))
    assert any("not by sex" in sentence for sentence in refused.says)


@pytest.mark.parametrize(
    "choice", [BoardChoice(0, sex="F", scanner="Siemens Skyra"), BoardChoice(0, age="60-69", sex="M")]
)
def test_a_panels_link_leads_to_the_page_with_the_same_filtered_numbers(
    house: House, choice: BoardChoice
) -> None:
    performance, panel = house.department.performance, house.view(of("recall"), choice)
    asked = performance.numbers.asked(urlsplit(panel.link).query, HEAD)
    assert dict(asked.chosen) == choice.of and choice.sex in " ".join(panel.says)
    page = {
        (point.month, f"Version {point.version}", point.synthetic): point.figure.n
        for point in performance.numbers.shown(asked).points
        if point.source != VALIDATION
    }
    assert {(point.at, point.series, point.synthetic): point.n for point in panel.points} == page
    assert bool(page) is (choice.sex == "F")  # of whom all are


def test_refused_files_are_counted_and_few_of_them_withheld_outside(house: House) -> None:
    store, at = RefusalStore(house.engine), datetime(2026, 10, 5, 12, tzinfo=UTC)
    store.add([Refusal(f"file{number}", "not_an_image", "No image.") for number in range(3)], at)
    store.add([Refusal(f"more{number}", "not_an_image", "No image.") for number in range(7)], NOVEMBER)
    inside, outside = (
        {
            point.at: (point.value, point.n, point.note)
            for point in house.view(panel, audience=audience).points
        }
        for panel in (of("refusals", task=""),)
        for audience in (INSIDE, OUTSIDE)
    )
    assert inside == {"2026-10": (3, 3, ""), "2026-11": (7, 7, "")}
    # All refusals less those of November would tell those of October.
    assert outside == {"2026-10": (None, None, "fewer than 5"), "2026-11": (None, None, "withheld")}


def test_what_is_withheld_outside_is_withheld_by_the_one_rule(house: House) -> None:
    performance = house.department.performance
    for measure in ("recall", "specificity"):
        asked = performance.numbers.asked(f"task={BRAIN_TUMOUR}&metric={measure}&by=month", HEAD)
        (page,) = performance.exports.told([performance.numbers.shown(asked)], OUTSIDE)
        why = {
            (point.month, f"Version {point.version}", point.synthetic): point.withheld
            for point in page.points
            if point.source != VALIDATION
        }
        for point in house.view(of(measure), audience=OUTSIDE).points:
            note = why[point.at, point.series, point.synthetic]
            if note:
                assert (point.note, point.value, point.n) == (note, None, None)
    made = {"task": (BRAIN_TUMOUR,), "synthetic": ("yes",), "from": ("2026-11-01",), "to": ("2026-11-30",)}
    rows = told(house.cohorts, house.cohorts.cohort(made, HEAD), OUTSIDE, HEAD)
    note = next(
        row.note for row in rows if (row.section, row.name, row.quantity) == ("summary", "uncertain", "share")
    )
    (point,) = [
        p for p in house.view(of("uncertain"), audience=OUTSIDE).points if p.synthetic and p.at == "2026-11"
    ]
    assert point.note == (note or "too few (n = 6)")


def test_alerts_are_counted_by_the_month_they_were_raised_in(house: House) -> None:
    points = house.view(of("alerts", task="")).points
    assert [(point.at, point.value) for point in points] == [("2026-09", 2), ("2026-10", 0), ("2026-11", 1)]


def test_who_may_not_see_a_number_reads_a_sentence(house: House) -> None:
    view = house.view(of("recall"), viewer=ADMIN)
    assert view.points == () and "clinicians, department heads and MLOps staff" in view.refused
    assert house.view(of("alerts", task=""), viewer=ADMIN).refused == ""


def test_drift_is_that_of_the_kept_runs(house: House) -> None:
    house.drift.add(80, 1)
    house.drift.add(60, 2, day=30, noise=lambda value, random: value + 0.03)
    run = house.drift.drift.run_now(DriftAsk(BRAIN_TUMOUR, last=60))
    snapshot = house.drift.drift.snapshot(run.id)
    noise = next(feature for feature in snapshot["features"] if feature["name"] == "noise")
    (point,) = house.view(of("drift-distance", feature="noise")).points
    assert (point.value, point.n, point.beyond) == (noise["effect"], 60, True)
    assert point.series == run.reference_name and run.id in point.link
    (share,) = house.view(of("drifted-share")).points
    assert (share.value, share.n) == (run.drifted / run.watched, run.watched)  # type: ignore[operator]
    assert house.view(of("drifted-share", reference="another")).points == ()
    (kept,) = house.services.views.references(BRAIN_TUMOUR, HEAD)
    assert len(house.view(of("drifted-share", reference=kept)).points) == 1
    outside = house.view(of("drift-distance", feature="noise"), audience=OUTSIDE).points[0]
    assert outside.value == float(f"{noise['effect']:.2g}")
    assert house.view(of("drifted-share"), BoardChoice(0, site="North")).points == ()


@pytest.mark.parametrize(("measure", "whole"), [("alerts", True), ("readings", True), ("uncertain", False)])
def test_an_axis_of_counts_ticks_whole_numbers(measure: str, whole: bool) -> None:
    panel = BoardPanel("", measure, BRAIN_TUMOUR)
    view = PanelView(panel, "T", (BoardPoint("2026-10", "All", 1, 1), BoardPoint("2026-11", "All", 0, 0)))
    assert (chart(view)["layout"]["yaxis"].get("dtick") == 1) is whole


def test_a_file_holds_the_points_and_stands_in_the_audit_trail(house: House) -> None:
    board = a_board(of("recall"), of("alerts", task=""))
    made = house.services.exports.written(board, EVERYTHING, "csv", HEAD, "inside")
    rows = list(csv.DictReader(io.StringIO(made.content.decode("utf-8-sig"))))
    written = [row for row in rows if row["section"].startswith("Recall")]
    shown = house.view(of("recall")).points
    assert [row["value"] for row in written] == ["" if p.value is None else str(p.value) for p in shown]
    assert [row["note"] for row in written if row["name"] == "2026-11" and "too few" in row["note"]]
    assert "for-the-house" in made.name
    assert "for-the-house" not in house.services.exports.written(board, EVERYTHING, "csv", HEAD).name
    event = AuditLog(house.engine).page(AuditQuery(), 1).events[0]
    assert (event.action, event.subject) == ("board.export", board.id)
    with pytest.raises(NotAllowed):
        house.services.exports.written(board, EVERYTHING, "csv", ADMIN, "inside")
    refused = house.services.exports.written(a_board(of("recall")), EVERYTHING, "csv", ADMIN).content.decode()
    assert "These numbers are for" in refused and "2026-10" not in refused
