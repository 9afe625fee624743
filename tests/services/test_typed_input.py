"""What people type into fields: reasons, and shares in per cent."""

from __future__ import annotations

import pytest

from data.errors import InvalidInput
from services.typed_input import reason_of, share_of_percent


def test_a_reason_is_a_line_of_some_length() -> None:
    assert reason_of("  It\n  fell ", 20) == "It fell"
    assert reason_of("four words of it", 10) == "four words"


@pytest.mark.parametrize("why", ["", " \n\t"])
def test_without_a_reason_it_is_asked_for(why: str) -> None:
    with pytest.raises(InvalidInput, match="Say why first"):
        reason_of(why, 20)


@pytest.mark.parametrize(
    ("value", "text", "share"),
    [(95, "95", 0.95), (1.01, "1.01", 0.0101), (0.9, "0.9 %", 0.009), (0, "0", 0.0), (100, "100", 1.0)],
)
def test_per_cent_becomes_a_share_of_one(value: float, text: str, share: float) -> None:
    assert share_of_percent("Recall", value, text) == share


@pytest.mark.parametrize("value", [0.9, 1])
def test_what_looks_like_a_fraction_is_asked_back(value: float) -> None:
    with pytest.raises(InvalidInput, match=rf"Recall is in per cent. Write {100 * value:g} for"):
        share_of_percent("Recall", value, f"{value:g}")
