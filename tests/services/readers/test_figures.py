"""Figures of reading: what counts, what few readers stand behind, and whose names stand nowhere."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import timedelta

import pytest

from data.database import new_id, now
from data.errors import NotAllowed
from data.records import BRAIN_TUMOUR, Role, Scan, UnaidedFinding, User, Verdict
from services.cohort.small_numbers import FEW_READERS, WITHHELD
from services.readers.figures import LEAST_CASES, TOO_FEW, ToldFigure
from services.readers.readers import NO_GROUP, ReaderRow, ReadersView
from tests.dashboard.clinic import Clinic
from tests.services.verdicts import read_scans, readers, say, say_all

FIGURES = ("accepted", "overridden", "seconds", "quick", "agreement")


def view(clinic: Clinic, viewer: User) -> ReadersView:
    return clinic.services.readers.figures.of_task(BRAIN_TUMOUR, viewer)


def own(clinic: Clinic, reader: User) -> dict[str, ToldFigure]:
    (reading,) = clinic.services.readers.figures.own(reader)
    return dict(reading.figures)


def group(shown: ReadersView, name: str) -> ReaderRow:
    return next(row for row in shown.groups if row.name == name)


def test_shares_and_times_of_all_of_groups_and_of_readers(clinic: Clinic) -> None:
    head, results = clinic.person(Role.HEAD), read_scans(clinic, 12)
    people = readers(clinic, ["North"] * 3 + ["South"] * 3)
    for number, reader in enumerate(people):
        say_all(clinic, reader, results, seconds=10.0 + number, overrides=number)
    shown = view(clinic, head)
    assert (shown.whole.figures["accepted"].n, shown.whole.figures["accepted"].value) == (72, 57 / 72)
    north = group(shown, "North").figures
    assert (north["accepted"].value, north["overridden"].value) == (33 / 36, 3 / 36)
    assert (north["seconds"].n, north["seconds"].value) == (33, 11.0)
    assert group(shown, "South").figures["overridden"].value == 12 / 36
    assert shown.readers is not None and not shown.few
    assert [row.name for row in shown.readers] == sorted(row.name for row in shown.readers)
    assert sorted(row.figures["overridden"].value for row in shown.readers) == [n / 12 for n in range(6)]
    for row in shown.readers:
        figure = row.figures["accepted"]
        assert figure.low is not None and figure.high is not None and figure.value is not None
        assert figure.low <= figure.value <= figure.high


def test_a_reader_is_told_what_a_department_head_sees_of_them_and_nobody_else_is(clinic: Clinic) -> None:
    head, results = clinic.person(Role.HEAD), read_scans(clinic, 12)
    people = readers(clinic, ["", "", ""])
    for number, reader in enumerate(people):
        say_all(clinic, reader, results, overrides=number)
    shown = view(clinic, head).readers
    assert shown is not None
    seen = [row.figures for row in shown]
    assert all(own(clinic, reader) in seen for reader in people)
    for role in (Role.MLOPS, Role.CLINICIAN):
        assert view(clinic, clinic.person(role)).readers is None
    with pytest.raises(NotAllowed):
        clinic.services.readers.figures.single_readers(BRAIN_TUMOUR, people[0])
    with pytest.raises(NotAllowed):
        view(clinic, clinic.person(Role.ADMIN))


def test_two_readers_are_told_of_by_nobody_and_three_are(clinic: Clinic) -> None:
    head, results = clinic.person(Role.HEAD), read_scans(clinic, 12)
    people = readers(clinic, ["North", "North", "North"])
    for reader in people[:2]:
        say_all(clinic, reader, results)
    two = view(clinic, head)
    assert two.few and two.readers == ()
    assert two.whole.figures["accepted"] == ToldFigure(None, note=FEW_READERS)
    assert group(two, "North").figures["accepted"] == ToldFigure(None, note=FEW_READERS)
    assert own(clinic, people[0])["accepted"].value == 1.0  # one's own is one's own
    say_all(clinic, people[2], results)
    three = view(clinic, head)
    assert not three.few and three.readers is not None and len(three.readers) == 3
    assert three.whole.figures["accepted"].n == 36 == group(three, "North").figures["accepted"].n


def test_a_group_that_a_subtraction_would_give_away_takes_another_with_it(clinic: Clinic) -> None:
    head, results = clinic.person(Role.HEAD), read_scans(clinic, 12)
    for reader in readers(clinic, ["North"] * 4 + ["South"] * 3 + [""]):
        say_all(clinic, reader, results)
    shown = view(clinic, head)
    assert group(shown, "North").figures["accepted"].n == 48
    assert group(shown, "South").figures["accepted"] == ToldFigure(None, note=WITHHELD)
    assert group(shown, NO_GROUP).figures["accepted"] == ToldFigure(None, note=FEW_READERS)


def test_a_figure_that_fewer_of_a_group_stand_behind_is_not_told(clinic: Clinic) -> None:
    """Three gave verdicts, but the times of two are not known."""
    head, results = clinic.person(Role.HEAD), read_scans(clinic, 12)
    timed, *others = readers(clinic, ["North"] * 3)
    say_all(clinic, timed, results)
    for reader in others:
        for result in results:
            say(clinic, reader, result, seconds=None)
    north = group(view(clinic, head), "North").figures
    assert north["accepted"].n == 36
    assert north["seconds"] == north["quick"] == ToldFigure(None, note=FEW_READERS)


def test_few_cases_are_too_few(clinic: Clinic) -> None:
    (reader,), results = readers(clinic, [""]), read_scans(clinic, LEAST_CASES)
    say_all(clinic, reader, results[1:])
    assert own(clinic, reader)["accepted"] == ToldFigure(LEAST_CASES - 1, note=TOO_FEW)
    say(clinic, reader, results[0])
    assert own(clinic, reader)["accepted"].value == 1.0


def test_the_last_verdict_that_stands_of_a_reader_on_a_result_counts(clinic: Clinic) -> None:
    (reader,), results = readers(clinic, [""]), read_scans(clinic, 11)
    say_all(clinic, reader, results)
    reviews = clinic.services.reviewing.reviews
    reviews.unsure(results[0].scan_id, reader)
    taken = reviews.unsure(results[1].scan_id, reader)
    reviews.take_back(taken.id, reader)
    say(clinic, reader, results[2], at=now() - timedelta(days=366))  # older than what is counted
    counted = own(clinic, reader)
    assert (counted["accepted"].n, counted["accepted"].value) == (11, 10 / 11)
    assert counted["overridden"].value == 0.0


def test_withdrawn_scans_and_demonstrations_do_not_count(clinic: Clinic) -> None:
    (reader,), results = readers(clinic, [""]), read_scans(clinic, 12)
    real = clinic.add_volume("u")
    scan, _ = clinic.scans.add(replace(real, id=new_id(), content_sha256=new_id(), synthetic=True))
    made_up = clinic.read_volume(scan)
    say_all(clinic, reader, [*results, made_up])
    assert own(clinic, reader)["accepted"].n == 12
    clinic.services.reviewing.withdrawals.withdraw(results[0].scan_id, "wrong patient", reader)
    assert own(clinic, reader)["accepted"].n == 11


def test_the_time_after_a_reading_without_the_ai_says_nothing(clinic: Clinic) -> None:
    (reader,), results = readers(clinic, [""]), read_scans(clinic, 11)
    unaided = clinic.services.reviewing.unaided
    unaided.ask([results[0].scan_id], reader)
    unaided.give(results[0].scan_id, reader, UnaidedFinding.PRESENT)
    say_all(clinic, reader, results, seconds=2.0, begin=now())
    counted = own(clinic, reader)
    assert (counted["accepted"].n, counted["seconds"].n, counted["quick"].n) == (11, 10, 10)


def second_readings(clinic: Clinic, scans: list[Scan], head: User) -> None:
    clinic.services.reviewing.second_readings.ask([scan.id for scan in scans], "Check.", head)


def test_agreement_counts_pairs_that_both_have_read_blind(clinic: Clinic) -> None:
    head, results = clinic.person(Role.HEAD), read_scans(clinic, 12)
    first, second = readers(clinic, ["", ""])
    scans = [scan for result in results if (scan := clinic.scans.get(result.scan_id))]
    second_readings(clinic, scans, head)
    say_all(clinic, first, results, begin=now() - timedelta(minutes=2))
    assert own(clinic, first)["agreement"] == ToldFigure(0, note=TOO_FEW)
    say_all(clinic, second, results, overrides=3)
    assert (own(clinic, first)["agreement"].n, own(clinic, first)["agreement"].value) == (12, 0.75)
    assert own(clinic, second)["agreement"] == own(clinic, first)["agreement"]


def test_what_a_clinician_reads_blind_is_not_in_the_figures_that_they_see(clinic: Clinic) -> None:
    head, results = clinic.person(Role.HEAD), read_scans(clinic, 12)
    people, waiting = readers(clinic, ["", "", ""]), clinic.person(Role.CLINICIAN)
    scan = clinic.scans.get(results[0].scan_id)
    assert scan is not None
    second_readings(clinic, [scan], head)
    for reader in people[:1]:
        say_all(clinic, reader, results)
    for reader in people[1:]:
        say_all(clinic, reader, results[1:])
    assert view(clinic, head).whole.figures["accepted"].n == 34
    assert view(clinic, waiting).whole.figures["accepted"].n == 33


def test_no_name_stands_in_a_file_or_an_answer(clinic: Clinic) -> None:
    head, results = clinic.person(Role.HEAD), read_scans(clinic, 12)
    people = readers(clinic, ["North"] * 3)
    for reader in people:
        say_all(clinic, reader, results)
    services = clinic.services.readers
    content = services.exports.export(BRAIN_TUMOUR, head).content.decode("utf-8-sig")
    answer = services.exports.answer(BRAIN_TUMOUR, head)
    for reader in people:
        for name in (reader.id, reader.display_name):
            assert name not in content and name not in str(answer)
    rows = [row for row in csv.DictReader(io.StringIO(content)) if row["section"] != "about"]
    shown = view(clinic, head)
    assert len(rows) == len(FIGURES) * (1 + 1 + 3) == len(answer["numbers"])
    assert shown.readers is not None
    named = {row["name"] for row in rows if row["group"] == "reader"}
    assert named == {row.name for row in shown.readers}
    assert "FOR THE HOUSE ONLY" in content
    unheaded = services.exports.export(BRAIN_TUMOUR, clinic.person(Role.MLOPS)).content.decode("utf-8-sig")
    assert not any(name in unheaded for name in named)


def test_a_verdict_of_somebody_unsure_is_neither(clinic: Clinic) -> None:
    (reader,), results = readers(clinic, [""]), read_scans(clinic, 10)
    for result in results:
        say(clinic, reader, result, verdict=Verdict.UNSURE)
    assert [own(clinic, reader)[name].value for name in ("accepted", "overridden")] == [0.0, 0.0]
