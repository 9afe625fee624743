"""Pseudonyms of readers: stable in a house, another one elsewhere, and in no order that tells anything."""

from __future__ import annotations

import re

from services.readers.pseudonyms import Pseudonyms

PEOPLE = [f"{number:032x}" for number in range(200)]


def test_a_reader_keeps_a_pseudonym_in_one_house_and_has_another_in_the_next() -> None:
    here, there = Pseudonyms(lambda: "a" * 40), Pseudonyms(lambda: "b" * 40)
    assert [here.of(person) for person in PEOPLE] == [Pseudonyms(lambda: "a" * 40).of(p) for p in PEOPLE]
    assert all(here.of(person) != there.of(person) for person in PEOPLE)


def test_no_two_of_a_large_department_share_one_and_each_can_be_read_aloud() -> None:
    named = [Pseudonyms(lambda: "a" * 40).of(person) for person in PEOPLE]
    assert len(set(named)) == len(PEOPLE)
    assert all(re.fullmatch(r"R-[2-9BCDFGHJKMNPQRSTVWXZ]{6}", name) for name in named)


def test_the_order_of_pseudonyms_is_not_that_of_accounts() -> None:
    names = Pseudonyms(lambda: "a" * 40)
    by_pseudonym = sorted(PEOPLE, key=names.of)
    in_place = sum(first == second for first, second in zip(PEOPLE, by_pseudonym, strict=True))
    ascending = sum(first < second for first, second in zip(by_pseudonym, by_pseudonym[1:], strict=False))
    assert in_place < 10 and 70 < ascending < 130
