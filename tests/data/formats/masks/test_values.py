"""Which values of a mask file are the finding; a question where it is not plain."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from data.errors import InvalidInput
from data.formats.masks.values import EMPTY, FULL, MOST_LABELS, MaskAnswers, marked

BLOB = np.hypot(*np.mgrid[-32:32, -32:32]) < 15
LABELLED = np.where(BLOB, 1, 0).astype(np.uint8)
LABELLED[30:34, 30:34] = 4
LABELLED[20:24, 30:34] = 2


@pytest.mark.parametrize("value", [1, 100, 127, 128, 255])
@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
def test_whatever_is_not_zero_is_marked(value: int, dtype: str) -> None:
    assert np.array_equal(marked((BLOB * value).astype(dtype)), BLOB)


@pytest.mark.parametrize("value", [0.25, -3.0])
def test_fractions_and_values_below_zero_mark_too(value: float) -> None:
    assert np.array_equal(marked(BLOB * value), BLOB)


def test_an_empty_mask_must_be_meant() -> None:
    with pytest.raises(InvalidInput, match=EMPTY):
        marked(np.zeros((4, 4)))
    assert not marked(np.zeros((4, 4)), MaskAnswers(empty=True)).any()


def test_a_mask_without_background_says_nothing() -> None:
    with pytest.raises(InvalidInput, match=FULL):
        marked(np.ones((4, 4)), MaskAnswers(empty=True))


def test_several_labels_are_asked_about() -> None:
    with pytest.raises(InvalidInput, match=r"several labels \(1, 2, 4\)"):
        marked(LABELLED)
    with pytest.raises(InvalidInput, match="no label 3"):
        marked(LABELLED, MaskAnswers(labels=frozenset({1, 3})))
    assert np.array_equal(marked(LABELLED, MaskAnswers(labels=frozenset({2, 4}))), np.isin(LABELLED, (2, 4)))
    assert np.array_equal(marked(LABELLED, MaskAnswers(every_label=True)), LABELLED > 0)


def test_labels_that_are_said_of_many_files_may_be_absent_from_one_and_mean_no_other() -> None:
    said = MaskAnswers.of("1, 3", empty=True, of_many=True)
    assert np.array_equal(marked(LABELLED, said), LABELLED == 1)
    assert not marked(np.where(BLOB, 2, 0), said).any()
    assert np.array_equal(marked(np.where(BLOB, 3, 0), said), BLOB)
    assert not marked(np.zeros((4, 4)), said).any()
    assert np.array_equal(marked(np.where(BLOB, 2, 0), MaskAnswers.of("", of_many=True)), BLOB)
    assert np.array_equal(marked(LABELLED, MaskAnswers.of("all", of_many=True)), LABELLED > 0)


@pytest.mark.parametrize(
    "values",
    [
        np.linspace(0, 1, 64 * 64).reshape(64, 64),  # probabilities
        np.arange(64 * 64).reshape(64, 64) % 256,  # a picture
        np.where(BLOB, np.arange(64 * 64).reshape(64, 64) % 199, 0),  # a picture on black
    ],
)
def test_grey_values_are_no_mask(values: Any) -> None:
    for answers in (MaskAnswers(), MaskAnswers(every_label=True), MaskAnswers(labels=frozenset({1}))):
        with pytest.raises(InvalidInput, match="grey values"):
            marked(values, answers)


def test_what_jpeg_leaves_of_two_values_is_a_mask() -> None:
    memory = io.BytesIO()
    large = np.kron(BLOB, np.ones((7, 7)))
    Image.fromarray((large * 255).astype(np.uint8)).save(memory, "JPEG", quality=90)
    stored = np.array(Image.open(memory))
    assert len(np.unique(stored)) > 10
    assert np.mean(marked(stored) != (large > 0)) < 0.002


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", MaskAnswers()),
        ("1", MaskAnswers(labels=frozenset({1}))),
        ("1, 4", MaskAnswers(labels=frozenset({1, 4}))),
        ("4;1 2", MaskAnswers(labels=frozenset({1, 2, 4}))),
        (" ALL ", MaskAnswers(every_label=True)),
    ],
)
def test_labels_as_they_are_written_in_a_form(text: str, expected: MaskAnswers) -> None:
    assert MaskAnswers.of(text) == expected
    assert MaskAnswers.of(text, empty=True).empty


@pytest.mark.parametrize("text", ["tumour", "1, x", "-1", "1.5"])
def test_other_words_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="numbers"):
        MaskAnswers.of(text)


@pytest.mark.parametrize(
    ("count", "words"), [(MOST_LABELS, "several labels"), (MOST_LABELS + 1, "grey values")]
)
def test_more_labels_than_people_draw_are_grey_values(count: int, words: str) -> None:
    values = np.arange(count + 1)
    with pytest.raises(InvalidInput, match=words):
        marked(values)


@pytest.mark.parametrize("labels", [(0, 1, 1.5), (0, -1, 2)])
def test_labels_are_whole_and_positive(labels: tuple[float, ...]) -> None:
    with pytest.raises(InvalidInput, match="grey values"):
        marked(np.array(labels))


def test_so_many_labels_are_named_and_no_more() -> None:
    with pytest.raises(InvalidInput, match=r"\(1, 2, 3, 4, 5, 6, 7, 8\)"):
        marked(np.arange(9))
    with pytest.raises(InvalidInput, match=r"\(1, 2, 3, 4, 5, 6, 7, 8, …\)"):
        marked(np.arange(10))
    with pytest.raises(InvalidInput, match="no label 9; it holds 1, 2"):
        marked(np.array([0, 1, 2]), MaskAnswers(labels=frozenset({9})))


def blurred(between: int, high: int = 250, dtype: str = "u1") -> Any:
    """A thousand pixels of two values that lost a little, and so many in the middle of both."""
    values = np.resize([0, 1, 2, 3, 4, high, high - 1, high - 2, high - 3, high - 4], 1000)
    values[:between] = high // 2
    return values.astype(dtype)


def test_a_blurred_mask_may_have_one_pixel_of_a_hundred_in_between() -> None:
    assert marked(blurred(10)).sum() == 495
    for values in (blurred(11), blurred(0, high=127), blurred(0, dtype="u2")):
        with pytest.raises(InvalidInput):
            marked(values)
    assert marked(blurred(0, high=128)).sum() == 500
