"""What people type into fields, as it is kept: reasons, and shares in per cent."""

from __future__ import annotations

from data.errors import InvalidInput


def reason_of(why: str, longest: int, missing: str = "Say why first.") -> str:
    """A reason on one line, cut at `longest` characters; raises InvalidInput, `missing`, without one."""
    reason = " ".join(why.split())[:longest]
    if not reason:
        raise InvalidInput(missing)
    return reason


def share_of_percent(name: str, value: float, text: str) -> float:
    """The share, 0 to 1, of a number that was typed as `text` in per cent.

    Raises InvalidInput for what looks like a fraction: 0.9 was kept as 0.9 per cent.
    """
    if 0 < value <= 1 and "%" not in text:
        share = f"{100 * value:g} for {100 * value:g} %"
        raise InvalidInput(f"{name} is in per cent. Write {share}, or {value:g} % if you mean that little.")
    # Divided as a decimal: 95 per cent is 0.95, not 0.9500000000000001.
    return float(f"{value / 100:.12g}")
