"""Texts that make trouble: as names, cells, values, parameters."""

from __future__ import annotations

from random import Random

HOSTILE = (
    "", " ", "\t", "\r\n", "\0", "a\0b", "'", '"', "\\", "%s%n{}{0}", "${jndi:x}", "../../../etc/passwd",
    "..\\..\\windows", "/etc/passwd", "C:\\x", "con", "aux.dcm", "-rf", ".", "..", "~", "a" * 5000,
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "&lt;b&gt;", "javascript:alert(1)",
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "=HYPERLINK(\"http://x\")", "=cmd|'/c calc'!A0", "＝1",
    "\u202egnp.dcm", "a\u2066b\u2069", "\ufeff", "\u200b", "e\u0301", "Größe", "山田^太郎", "👩‍⚕️",
    "\ud800", "'; drop table scans;--", "1' or '1'='1", "true", "null", "None", "nan", "NaN", "inf",
    "-inf", "1e999", "-0", "0x10", "1_000", "٣", "½", "１２", "99999999999999999999", "-1", "1e-320",
    "0.1.2", "1,5", "1;5", "1 5", "9999-12-31", "0000-00-00", "19000229", "2026-02-30",
    "2026-01-01T00:00:00+25:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "[]", "{}",
    "[[[[[[[[", '{"a":', "|", "^", "~", "&", "\\F\\", "\x0b", "\x1c\r", "MSH|", "\x1b[31m", "\x07",
)  # fmt: skip
NUMBERS = (
    -1, 0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 127, 128, 255, 256, 1000, 4095, 32767, 32768, 65535,
    65536, 2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**53, 2**63 - 1, 2**63, 2**64, 10**30,
)  # fmt: skip


def hostile_text(rng: Random) -> str:
    """One of them, sometimes with something before or behind."""
    text = rng.choice(HOSTILE)
    if rng.random() < 0.25:
        text = rng.choice(HOSTILE)[:40] + text
    if rng.random() < 0.1:
        text = "".join(
            chr(rng.choice((rng.randrange(32, 127), rng.randrange(0x2000, 0x2100)))) for _ in range(8)
        )
    return text


def number(rng: Random) -> int:
    """A whole number near a limit."""
    return rng.choice(NUMBERS) + rng.choice((0, 0, 0, 1, -1))


def json_value(rng: Random, depth: int = 0) -> object:
    """Any value that JSON can hold, of the wrong kind as a rule."""
    kind = rng.randrange(9 if depth < 3 else 6)
    if kind == 0:
        return None
    if kind == 1:
        return rng.random() < 0.5
    if kind == 2:
        return number(rng)
    if kind == 3:
        return rng.choice((0.5, -0.0, 1e308, 1e-308, float("nan"), float("inf")))
    if kind in (4, 5):
        return hostile_text(rng).replace("\ud800", "?")
    if kind in (6, 7):
        return [json_value(rng, depth + 1) for _ in range(rng.randrange(4))]
    return {rng.choice(HOSTILE[:20]): json_value(rng, depth + 1) for _ in range(rng.randrange(4))}


def mutated_json(rng: Random, value: object, changes: int = 3) -> object:
    """A copy in which some values have become others, gone, or come twice."""
    places = max(1, _count(value))
    chosen = {rng.randrange(places) for _ in range(rng.randint(1, changes))}
    return _changed(rng, value, chosen, [0])


def _count(value: object) -> int:
    if isinstance(value, dict):
        return 1 + sum(_count(part) for part in value.values())
    if isinstance(value, list):
        return 1 + sum(_count(part) for part in value)
    return 1


def _changed(rng: Random, value: object, chosen: set[int], at: list[int]) -> object:
    here = at[0]
    at[0] += 1
    if here in chosen:
        at[0] += _count(value) - 1
        return json_value(rng) if rng.random() < 0.8 else [value, value]
    if isinstance(value, dict):
        return {name: _changed(rng, part, chosen, at) for name, part in value.items() if rng.random() > 0.02}
    if isinstance(value, list):
        return [_changed(rng, part, chosen, at) for part in value]
    return value
