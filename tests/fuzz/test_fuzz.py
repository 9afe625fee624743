"""A little of `make fuzz`: two thousand inputs, the same each time, at the doors that are quick."""

from __future__ import annotations

import pytest

from tests.fuzz.all_doors import ALL
from tests.fuzz.door import BrokenPromiseError, judge_sentence
from tests.fuzz.trying import Trier, drawn, seed_of

COUNT, PARTS = 2000, 4
QUICK = [door for door in ALL if door.quick]


@pytest.fixture(scope="module")
def trier(tmp_path_factory: pytest.TempPathFactory) -> Trier:
    """Opens each door once."""
    return Trier(tmp_path_factory.mktemp("doors"))


@pytest.mark.parametrize("part", range(PARTS))
def test_no_input_breaks_what_is_promised(trier: Trier, part: int) -> None:
    before, faults = trier.tally.tried(), []
    for number in range(part, COUNT, PARTS):
        seed = seed_of("tests", number)
        door, content = drawn(QUICK, seed)
        if fault := trier.try_input(door, content, seed):
            faults.append(f"{door.name} {seed}: {fault}")
    assert not faults, "\n".join(faults[:5])
    assert trier.tally.tried() - before == COUNT // PARTS


@pytest.mark.parametrize(
    "sentence",
    [
        "", " ", "KeyError: 'x'", "No such file /tmp/x.dcm.", "The patient Zyxwvut is unknown.",
        "a\u202eb.", "a\0b.",
        "<numpy.ndarray object at 0x7f12> is wrong.", "x" * 2000,
    ],
)  # fmt: skip
def test_what_is_no_plain_sentence_is_noticed(sentence: str) -> None:
    with pytest.raises(BrokenPromiseError):
        judge_sentence(sentence)


def test_a_plain_sentence_is_none_of_these() -> None:
    judge_sentence("This file is damaged or not a scan that Lightbox can read.")
    judge_sentence("The setting TZ must be a time zone, not '/tmp/KeyError'.", names_the_input=True)
