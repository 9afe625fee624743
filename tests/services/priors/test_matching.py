"""Which of the studies that a PACS answers with are of the same person, earlier, and worth reading."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from data.records import Identity
from services.priors.matching import (
    SeriesMatch,
    StudyMatch,
    Wanted,
    chosen_studies,
    other_person,
    worth_reading,
)

ADA = Identity("Lovelace, Ada", "MRN-1815", date(1815, 12, 10), "F")
WANTED = Wanted(ADA, "", "1.2.1", date(2026, 1, 5), "MR")
STUDY = StudyMatch("1.2.2", date(2024, 3, 10), ("MR",), ADA)


def of(**changes: Any) -> StudyMatch:
    return replace(STUDY, identity=replace(ADA, **changes))


@pytest.mark.parametrize(
    ("match", "reason"),
    [
        (of(), None),
        (of(name=None, sex=None), None),
        (of(name="LOVELACE,  ada"), None),
        (of(sex="O"), None),
        (of(patient_id="MRN-18155"), "another patient ID"),
        (of(patient_id=None), "another patient ID"),
        (of(birth_date=date(1815, 12, 11)), "another birth date"),
        (of(birth_date=None), "not known on both sides"),
        (of(name="Smith, Jane"), "another name"),
        (of(sex="M"), "another sex"),
    ],
)
def test_only_the_same_person_is_fetched(match: StudyMatch, reason: str | None) -> None:
    told = other_person(WANTED, match)
    assert (told is None) is (reason is None) and (reason or "") in (told or "")
    chosen, passed_over = chosen_studies(WANTED, [match], 5)
    assert (chosen == [match]) is (reason is None) and len(passed_over) == (reason is not None)


def test_a_birth_date_that_we_do_not_know_ourselves_is_not_certain_either() -> None:
    unknown = replace(WANTED, identity=replace(ADA, birth_date=None))
    assert "not known on both sides" in str(other_person(unknown, STUDY))


@pytest.mark.parametrize(
    ("own", "other", "same"),
    [("", "", True), ("A", "A", True), ("A", "", True), ("", "A", True), ("A", "B", False)],
)
def test_a_number_of_another_issuer_is_another_number(own: str, other: str, same: bool) -> None:
    told = other_person(replace(WANTED, issuer=own), replace(STUDY, issuer=other))
    assert (told is None) is same


def test_numbers_of_several_issuers_are_nobody_s_where_ours_is_not_known() -> None:
    matches = [replace(STUDY, issuer="A"), replace(STUDY, study_uid="1.2.3", issuer="B")]
    chosen, passed_over = chosen_studies(WANTED, matches, 5)
    assert chosen == [] and "several issuers" in passed_over[0]
    chosen, _ = chosen_studies(replace(WANTED, issuer="B"), matches, 5)
    assert [study.study_uid for study in chosen] == ["1.2.3"]


def test_the_newest_earlier_studies_of_the_kind_are_chosen() -> None:
    def on(day: date | None, uid: str, *modalities: str) -> StudyMatch:
        return replace(STUDY, study_uid=uid, day=day, modalities=modalities)

    matches = [
        on(date(2020, 1, 1), "1.3.1", "MR"),
        on(date(2026, 1, 5), "1.3.2", "MR"),
        on(date(2026, 1, 6), "1.3.3", "MR"),  # later than the current one
        on(date(2025, 1, 1), "1.3.4", "CT", "SR"),
        on(date(2024, 1, 1), "1.3.5", "CT", "MR"),
        on(date(2023, 1, 1), "1.3.6"),  # the PACS does not say
        on(date(2026, 1, 5), "1.2.1", "MR"),  # the current one itself
    ]
    chosen, passed_over = chosen_studies(WANTED, matches, 3)
    assert [study.study_uid for study in chosen] == ["1.3.2", "1.3.5", "1.3.6"] and passed_over == ()


@pytest.mark.parametrize(
    ("modality", "series", "fetched"),
    [
        ("MR", SeriesMatch("1", "MR", "BRAIN", "T2 FLAIR"), True),
        ("MR", SeriesMatch("1", "MR", "", ""), True),
        ("MR", SeriesMatch("1", "MR", "HEADNECK", "t1"), True),
        ("MR", SeriesMatch("1", "MR", "KNEE", "pd"), False),
        ("MR", SeriesMatch("1", "MR", "BRAIN", "3-plane LOCALIZER"), False),
        ("MR", SeriesMatch("1", "SR", "BRAIN", ""), False),
        ("DX", SeriesMatch("1", "CR", "CHEST", "PA"), True),
        ("CR", SeriesMatch("1", "DX", "CHEST", "PA"), True),
        ("CR", SeriesMatch("1", "DX", "FOOT", ""), False),
        ("CR", SeriesMatch("1", "MR", "", ""), False),
        ("CT", SeriesMatch("1", "CT", "", ""), False),
    ],
)
def test_series_that_can_be_compared_are_fetched(modality: str, series: SeriesMatch, fetched: bool) -> None:
    assert worth_reading(replace(WANTED, modality=modality), series) is fetched
