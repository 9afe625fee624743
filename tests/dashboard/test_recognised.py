"""What a scan page says of the sequence."""

from __future__ import annotations

import pytest

from data.records import MrSequence, RecognisedBy, RecognisedSequence
from services.reading_words import recognised_words

PICTURE, HEADER = RecognisedBy.PICTURE, RecognisedBy.HEADER


@pytest.mark.parametrize(
    ("recognised", "words"),
    [
        (None, None),
        (RecognisedSequence(MrSequence.FLAIR, HEADER), "FLAIR (the header says so)"),
        (
            RecognisedSequence(MrSequence.T1_CONTRAST, PICTURE, 0.934),
            "contrast-enhanced T1 (by the picture, certainty 93%)",
        ),
        (RecognisedSequence(None, PICTURE, 0.5), "not recognised (by the picture; likeliest kind 50%)"),
    ],
)
def test_a_page_says_what_was_recognised_and_by_what(
    recognised: RecognisedSequence | None, words: str | None
) -> None:
    assert recognised_words(recognised) == words
