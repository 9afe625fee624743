"""Damage to bytes whose meaning is not known: flips, cuts, repeats, numbers at their limits, splices."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from random import Random

_HEAD = 700  # half of the damage goes where the headers are
_LARGEST = 1 << 18

_INTERESTING = (
    0,
    1,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
    0xFFFFFFFE,
)


def mutated(rng: Random, content: bytes, others: Sequence[bytes] = ()) -> bytes:
    """The content after one to six changes."""
    raw = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 6))):
        if not raw:
            return bytes(raw)
        rng.choice(_CHANGES)(rng, raw)
    if others and rng.random() < 0.05:
        other = rng.choice(others)
        cut = rng.randrange(len(raw) + 1)
        raw[cut:] = other[rng.randrange(len(other) + 1) :]
    return bytes(raw[:_LARGEST])


def _place(rng: Random, raw: bytearray) -> int:
    reach = min(len(raw), _HEAD) if rng.random() < 0.5 else len(raw)
    return rng.randrange(reach)


def _flip(rng: Random, raw: bytearray) -> None:
    raw[_place(rng, raw)] ^= 1 << rng.randrange(8)


def _byte(rng: Random, raw: bytearray) -> None:
    raw[_place(rng, raw)] = rng.randrange(256)


def _number(rng: Random, raw: bytearray) -> None:
    form = rng.choice(("<H", ">H", "<I", ">I", "<Q"))
    value = rng.choice(_INTERESTING) % (1 << (8 * struct.calcsize(form)))
    place = _place(rng, raw)
    raw[place : place + struct.calcsize(form)] = struct.pack(form, value)


def _float(rng: Random, raw: bytearray) -> None:
    form = rng.choice(("<f", ">f", "<d", ">d"))
    value = rng.choice((float("nan"), float("inf"), float("-inf"), 0.0, -0.0, 3e38, 1e-45))
    place = _place(rng, raw)
    raw[place : place + struct.calcsize(form)] = struct.pack(form, value)


def _cut_end(rng: Random, raw: bytearray) -> None:
    del raw[_place(rng, raw) :]


def _remove(rng: Random, raw: bytearray) -> None:
    place = _place(rng, raw)
    del raw[place : place + rng.choice((1, 2, 4, 16, 100))]


def _insert(rng: Random, raw: bytearray) -> None:
    place = _place(rng, raw)
    raw[place:place] = rng.choice(
        (b"\0" * 8, b"\xff" * 8, rng.randbytes(rng.choice((1, 2, 4, 100))), b"A" * 3000)
    )


def _repeat(rng: Random, raw: bytearray) -> None:
    place = _place(rng, raw)
    piece = bytes(raw[place : place + rng.choice((2, 8, 64, 512))])
    raw[place:place] = piece * rng.choice((1, 2, 16, 64))


def _swap(rng: Random, raw: bytearray) -> None:
    first, second, length = _place(rng, raw), _place(rng, raw), rng.choice((1, 4, 32))
    raw[first : first + length], raw[second : second + length] = (
        raw[second : second + length],
        raw[first : first + length],
    )


def _fill(rng: Random, raw: bytearray) -> None:
    place = _place(rng, raw)
    length = min(rng.choice((4, 16, 256)), len(raw) - place)
    raw[place : place + length] = bytes([rng.choice((0, 0x20, 0x7F, 0xFF))]) * length


_CHANGES: tuple[Callable[[Random, bytearray], None], ...] = (
    _flip, _flip, _byte, _byte, _number, _number, _float, _cut_end, _remove, _insert, _repeat, _swap, _fill,
)  # fmt: skip
