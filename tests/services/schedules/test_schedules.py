"""Due times are run once each, whatever ticks, dies or changes its clock."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from data.errors import Busy, InvalidInput, NotFound
from data.records import AlertState, Role, RunOutcome, Schedule, User
from data.stores.alerts import AlertStore
from data.stores.audit import AuditLog
from data.stores.jobs import JobStore
from data.stores.schedules import ScheduleStore
from services.alerts.alerts import Alerts
from services.alerts.delivery import Delivery
from services.jobs import Jobs
from services.schedules.kinds import Default
from services.schedules.schedules import Schedules, cause_of
from services.schedules.times import latest_due
from tests.databases import migrated

BERLIN = ZoneInfo("Europe/Berlin")
NORA = User("nora-id", "nora", "Nora N", Role.MLOPS)
START = datetime(2026, 11, 20, 7, 30, tzinfo=UTC)  # 08:30 in Berlin
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Server:
    """One server with a clock that is set by hand."""

    def __init__(self, engine: Engine, folder) -> None:
        self.moment = START
        self.ran: list[str] = []
        self.faults: list[Exception] = []
        self.jobs = Jobs(JobStore(engine), 2, busy_delay_s=0.01, retry_delay_s=0.01)
        self.audit = AuditLog(engine)
        self.alerts = Alerts(AlertStore(engine), self.audit, Delivery())
        self.store = ScheduleStore(engine)
        self.schedules = Schedules(
            self.store, self.jobs, self.alerts, self.audit, BERLIN, clock=lambda: self.moment
        )
        self.register()

    def register(self, **options) -> None:
        self.schedules.register("drift", self.run, lambda ask: f"drift of {ask}", **options)

    def run(self, schedule: Schedule) -> None:
        self.ran.append(schedule.ask)
        if self.faults:
            raise self.faults.pop(0)

    def add(self, cron: str = "0 9 * * *", ask: str = "brain") -> Schedule:
        return self.schedules.add("drift", ask, cron, "", NORA)

    def at(self, moment: datetime, ticks: int = 1) -> int:
        """Ticks at a moment; how many runs that gave."""
        self.moment, before = moment, len(self.ran)
        for _ in range(ticks):
            self.schedules.tick()
            assert self.jobs.wait_idle(20)
        return len(self.ran) - before


@pytest.fixture
def engine(tmp_path) -> Iterator[Engine]:
    engine = migrated(f"sqlite:///{tmp_path}/lightbox.db")
    yield engine
    engine.dispose()


@pytest.fixture
def server(engine, tmp_path) -> Iterator[Server]:
    server = Server(engine, tmp_path / "jobs")
    server.jobs.start()
    yield server
    server.jobs.stop()


def test_it_runs_when_it_is_due_and_only_once(server: Server) -> None:
    schedule = server.add()
    assert server.at(START + 29 * MINUTE) == 0
    assert server.at(START + 30 * MINUTE, ticks=3) == 1
    assert server.at(START + 31 * MINUTE) == 0
    assert server.at(START + DAY + 30 * MINUTE) == 1
    kept = server.schedules.get(schedule.id)
    assert kept.last_due_at == START + DAY + 30 * MINUTE
    assert (kept.last_run_at, kept.failure) == (server.moment, None)


def test_a_new_schedule_does_not_run_for_times_before_it(server: Server) -> None:
    server.add("0 8 * * *")
    assert server.at(START + MINUTE) == 0


def test_what_was_missed_is_caught_up_once(server: Server) -> None:
    schedule = server.add("0 * * * *")
    assert server.at(START + 10 * DAY, ticks=3) == 1
    assert server.schedules.get(schedule.id).last_due_at == START + 10 * DAY - 30 * MINUTE
    assert server.at(START + 10 * DAY + 30 * MINUTE) == 1


def test_two_servers_run_a_due_time_once(server: Server, engine: Engine, tmp_path) -> None:
    server.add()
    other = Server(engine, tmp_path / "other")
    other.jobs.start()
    due = START + 30 * MINUTE
    for _ in range(3):
        server.moment = other.moment = due
        server.schedules.tick()
        other.schedules.tick()
        assert server.jobs.wait_idle(20)
        assert other.jobs.wait_idle(20)
    other.jobs.stop()
    assert len(server.ran) + len(other.ran) == 1


def test_a_due_time_is_claimed_by_one_only(server: Server) -> None:
    seen = server.add()
    due = START + 30 * MINUTE
    assert server.store.claim(seen, due, "one") is True
    assert server.store.claim(seen, due, "two") is False
    assert server.schedules.get(seen.id).job_id == "one"


def test_a_run_that_was_put_off_or_broke_off_still_runs(server: Server) -> None:
    server.add()
    server.faults = [Busy("Later."), RuntimeError("lost")]
    assert server.at(START + 30 * MINUTE) == 3
    assert server.alerts.unfinished() == []


def test_a_killed_run_is_run_at_the_next_start(server: Server, engine: Engine, tmp_path) -> None:
    schedule = server.add()
    server.jobs.stop()
    server.moment = START + 30 * MINUTE
    server.schedules.tick()
    (job,) = JobStore(engine).unfinished()
    JobStore(engine).start(job.id, "a run that is killed")
    assert server.store.claim(schedule, server.moment, job.id)
    after = Server(engine, tmp_path / "after")
    after.moment = server.moment + HOUR
    after.jobs.start()
    assert after.jobs.wait_idle(20)
    after.jobs.stop()
    assert after.ran == ["brain"]


def test_a_failing_run_is_an_alert_until_a_good_one(server: Server) -> None:
    schedule = server.add()
    server.faults = [InvalidInput("There is no reference."), InvalidInput("There is no reference.")]
    server.at(START + 30 * MINUTE)
    server.at(START + DAY + 30 * MINUTE)
    (alert,) = server.alerts.calling()
    assert (alert.cause, alert.times, alert.sentence) == (cause_of(schedule.id), 2, "There is no reference.")
    assert server.schedules.get(schedule.id).failure == "There is no reference."
    server.at(START + 2 * DAY + 30 * MINUTE)
    assert server.alerts.get(alert.id).state is AlertState.CLOSED
    assert server.schedules.get(schedule.id).failure is None


def test_an_unexpected_fault_is_an_alert_without_its_words(server: Server, caplog) -> None:
    server.add()
    server.faults = [RuntimeError("a secret")] * 3
    server.at(START + 30 * MINUTE)
    (alert,) = server.alerts.calling()
    assert "Something went wrong inside Lightbox" in alert.sentence
    assert "a secret" not in alert.sentence


def test_a_run_that_ends_later_says_how(server: Server) -> None:
    server.register(later=True)
    schedule = server.add()
    assert server.at(START + 30 * MINUTE) == 1
    assert server.schedules.get(schedule.id).last_run_at is None
    server.schedules.failed(schedule.id, "Too few scans.")
    assert len(server.alerts.calling()) == 1
    server.schedules.succeeded(schedule.id)
    assert server.alerts.calling() == []


def test_a_kind_that_is_unknown_is_an_alert_and_holds_up_nobody(server: Server) -> None:
    server.schedules.register("old", server.run, str)
    server.schedules.add("old", "x", "0 9 * * *", "Old", NORA)
    server.schedules._kinds.pop("old")
    server.add()
    assert server.at(START + 30 * MINUTE) == 1
    (alert,) = server.alerts.calling()
    assert "does not know the kind of run “old”" in alert.sentence


def test_the_clocks_go_forward(server: Server) -> None:
    """On 29 March 2026 in Berlin 02:30 does not exist: the run comes at 03:00, and once."""
    server.moment = datetime(2026, 3, 28, 12, tzinfo=BERLIN)
    server.add("30 2 * * *")
    runs = [
        moment
        for minutes in range(0, 6 * 60 + 1, 30)
        if server.at(moment := datetime(2026, 3, 28, 23, tzinfo=UTC) + minutes * MINUTE)
    ]
    assert runs == [datetime(2026, 3, 29, 3, 0, tzinfo=BERLIN)]


def test_the_clocks_go_back(server: Server) -> None:
    """On 25 October 2026 in Berlin 02:30 comes twice, the run once."""
    server.moment = datetime(2026, 10, 24, 12, tzinfo=BERLIN)
    server.add("30 2 * * *")
    runs = [
        moment
        for minutes in range(0, 6 * 60 + 1, 30)
        if server.at(moment := datetime(2026, 10, 24, 22, tzinfo=UTC) + minutes * MINUTE)
    ]
    assert runs == [datetime(2026, 10, 25, 0, 30, tzinfo=UTC)]


def test_the_hour_stays_where_the_wall_clock_is(server: Server) -> None:
    for day, hour in ((datetime(2026, 7, 1), 4), (datetime(2026, 12, 1), 5)):
        latest = latest_due("0 6 * * *", day.replace(hour=12, tzinfo=BERLIN))
        assert (latest.hour, latest.minute, latest.utcoffset()) == (hour, 0, timedelta(0))


def test_the_very_second_is_due(server: Server) -> None:
    six = datetime(2026, 7, 1, 6, tzinfo=BERLIN)
    assert latest_due("0 6 * * *", six) == six
    assert latest_due("0 6 * * *", six - timedelta(microseconds=1)) == six - DAY


def test_a_paused_schedule_rests_and_leaves_out_what_it_missed(server: Server) -> None:
    schedule = server.add()
    server.schedules.pause(schedule.id, NORA)
    assert server.at(START + 3 * DAY) == 0
    server.schedules.go_on(schedule.id, NORA)
    assert server.at(START + 3 * DAY + MINUTE) == 0
    assert server.at(START + 3 * DAY + 30 * MINUTE) == 1


def test_changed_times_count_from_the_change(server: Server) -> None:
    schedule = server.add("0 6 1 * *")
    server.moment = START + HOUR
    changed = server.schedules.change(schedule.id, "Daily", " 0  9 * * * ", NORA)
    assert (changed.name, changed.cron) == ("Daily", "0 9 * * *")
    assert server.at(START + 2 * HOUR) == 0
    assert server.at(START + DAY + 30 * MINUTE) == 1


def test_a_person_may_run_it_now_beside_its_times(server: Server) -> None:
    schedule = server.add()
    server.schedules.pause(schedule.id, NORA)
    server.jobs.stop()
    server.schedules.run_now(schedule.id, NORA)
    assert [view.in_hand for view in server.schedules.views()] == [True]
    server.jobs.start()
    assert server.jobs.wait_idle(20)
    assert [view.in_hand for view in server.schedules.views()] == [False]
    assert server.ran == ["brain"]
    server.schedules.go_on(schedule.id, NORA)
    assert server.at(START + 30 * MINUTE) == 1


def test_a_deleted_schedule_is_gone_with_its_alert(server: Server) -> None:
    schedule = server.add()
    server.schedules.failed(schedule.id, "No.")
    server.schedules.delete(schedule.id, NORA)
    assert server.schedules.views() == []
    assert server.alerts.calling() == []
    assert server.at(START + DAY) == 0
    server.schedules.failed(schedule.id, "Still running when it was deleted.")
    assert server.alerts.calling() == []
    with pytest.raises(NotFound):
        server.schedules.run_now(schedule.id, NORA)


def test_defaults_are_made_once_and_stay_deleted(server: Server) -> None:
    server.register(defaults=[Default("Drift, brain", "brain", "0 6 * * *")])
    server.schedules.start()
    server.schedules.start()
    (view,) = server.schedules.views()
    assert (view.schedule.name, view.schedule.made_by, view.what) == (
        "Drift, brain", "lightbox", "drift of brain",
    )  # fmt: skip
    server.schedules.delete(view.schedule.id, NORA)
    server.schedules.start()
    assert server.schedules.views() == []


def test_a_preview_is_in_words_and_in_local_time(server: Server) -> None:
    preview = server.schedules.preview("0 6 * * MON-FRI")
    assert (preview.words, preview.zone) == ("Monday to Friday at 06:00", "Europe/Berlin")
    first = preview.times[0]
    assert first == datetime(2026, 11, 23, 6, tzinfo=BERLIN)
    assert first.utcoffset() == HOUR


@pytest.mark.parametrize(
    ("cron", "says"),
    [
        ("", "Five parts"),
        ("* * * *", "Five parts"),
        ("0 0 6 * * *", "Five parts"),
        ("61 6 * * *", "minute"),
        ("0 25 * * *", "hour"),
        ("0 6 * * XYZ", "day of week"),
        ("0 6 30 2 *", "day of month"),
        ("0 6 29 2 MON#5", None),
    ],
)
def test_times_that_cannot_be_kept_are_refused(server: Server, cron: str, says: str | None) -> None:
    if says is None:
        assert server.schedules.preview(cron).times
        return
    with pytest.raises(InvalidInput, match=says):
        server.add(cron)
    assert server.schedules.views() == []


def test_each_run_stands_in_the_history_with_its_outcome(server: Server) -> None:
    schedule = server.add()
    server.faults = [InvalidInput("There is no reference.")]
    server.at(START + 30 * MINUTE)
    server.at(START + 3 * DAY)  # after a downtime
    server.moment += MINUTE
    server.schedules.run_now(schedule.id, NORA)
    assert server.jobs.wait_idle(20)
    by_hand, caught_up, failed = server.schedules.runs(schedule.id)
    assert (failed.outcome, failed.sentence) == (RunOutcome.FAILED, "There is no reference.")
    assert (caught_up.outcome, caught_up.due_at) == (RunOutcome.DONE, START + 2 * DAY + 30 * MINUTE)
    assert (by_hand.outcome, by_hand.by_hand, by_hand.due_at) == (RunOutcome.DONE, True, None)
    assert server.schedules.views()[0].runs == (by_hand, caught_up, failed)


def test_runs_that_end_later_are_told_apart_by_their_order(server: Server) -> None:
    server.register(later=True)
    schedule = server.add()
    server.at(START + 30 * MINUTE)
    server.at(START + DAY + 30 * MINUTE)
    server.schedules.skipped(schedule.id, "Fewer than 60 readings.")
    newer, older = server.schedules.runs(schedule.id)
    assert (newer.outcome, older.outcome, older.sentence) == (
        None,
        RunOutcome.SKIPPED,
        "Fewer than 60 readings.",
    )
    server.schedules.succeeded(schedule.id, "3 of 31 features drifted.", "/drift?run=1")
    newer, _ = server.schedules.runs(schedule.id)
    assert (newer.outcome, newer.link) == (RunOutcome.DONE, "/drift?run=1")
    assert server.schedules.get(schedule.id).failure is None


def test_another_ask_is_kept_and_noted(server: Server) -> None:
    schedule = server.add()
    changed = server.schedules.change(schedule.id, "", "0 9 * * *", NORA, "chest")
    assert changed.ask == server.schedules.get(schedule.id).ask == "chest"
    assert server.audit.recent(1)[0].detail.endswith("drift of brain to drift of chest")


def test_every_change_stands_in_the_audit_log(server: Server) -> None:
    schedule = server.add()
    server.schedules.change(schedule.id, "", "0 7 * * *", NORA)
    server.schedules.pause(schedule.id, NORA)
    server.schedules.go_on(schedule.id, NORA)
    server.schedules.run_now(schedule.id, NORA)
    server.schedules.delete(schedule.id, NORA)
    events = server.audit.recent(10)[::-1]
    assert [event.action for event in events] == [
        "schedule made", "schedule changed", "schedule paused", "schedule goes on", "schedule run by hand",
        "schedule deleted",
    ]  # fmt: skip
    assert {(event.user_id, event.subject) for event in events} == {("nora-id", schedule.id)}
    assert events[1].detail == "drift of brain: 0 9 * * * to 0 7 * * *"


def test_the_clock_of_the_jobs_ticks(server: Server, engine: Engine, tmp_path, caplog) -> None:
    server.add()
    ticking, ticked = Server(engine, tmp_path / "ticking"), threading.Event()
    ticking.moment = START + 30 * MINUTE
    ticking.jobs.every_minute(lambda: 1 / 0)  # a fault in one leaves the others alone
    ticking.jobs.every_minute(ticking.schedules.tick)
    ticking.jobs.every_minute(ticked.set)
    ticking.jobs.start()
    assert ticked.wait(20)
    assert ticking.jobs.wait_idle(20)
    ticking.jobs.stop()
    assert ticking.ran == ["brain"]
    assert "ZeroDivisionError" in caplog.text
