"""Damage to DICOM files by what their parts mean: values, representations, lengths, syntaxes, claims."""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.fuzz.door import PATIENT
from tests.fuzz.texts import hostile_text, number

_LONG = {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
_VRS = (
    b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FL", b"FD", b"IS", b"LO", b"LT", b"OB", b"OW", b"PN",
    b"SH", b"SL", b"SQ", b"SS", b"ST", b"TM", b"UI", b"UL", b"UN", b"US", b"UT", b"UV", b"ZZ", b"\0\0", b"??",
)  # fmt: skip
_SYNTAXES = (
    "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2",
    "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91", "1.2.840.10008.1.2.4.201",
    "1.2.840.10008.1.2.4.100", "1.2.840.10008.1.2.5", "1.2.3", "", "0", "1.2.840.10008.1.2.4.999",
)  # fmt: skip
_CLAIMS = {
    (0x0028, 0x0002): b"US", (0x0028, 0x0006): b"US", (0x0028, 0x0010): b"US", (0x0028, 0x0011): b"US",
    (0x0028, 0x0100): b"US", (0x0028, 0x0101): b"US", (0x0028, 0x0102): b"US", (0x0028, 0x0103): b"US",
    (0x0028, 0x0120): b"US", (0x0028, 0x0121): b"US", (0x0028, 0x0106): b"US",
}  # fmt: skip
_TEXTS = {
    (0x0008, 0x0005): b"CS", (0x0008, 0x0016): b"UI", (0x0008, 0x0018): b"UI", (0x0008, 0x0020): b"DA",
    (0x0008, 0x0021): b"DA", (0x0008, 0x0022): b"DA", (0x0008, 0x0030): b"TM", (0x0008, 0x0032): b"TM",
    (0x0008, 0x0060): b"CS", (0x0008, 0x0070): b"LO", (0x0008, 0x0080): b"LO", (0x0008, 0x0201): b"SH",
    (0x0008, 0x103E): b"LO", (0x0008, 0x1090): b"LO", (0x0010, 0x0010): b"PN", (0x0010, 0x0020): b"LO",
    (0x0010, 0x0030): b"DA", (0x0010, 0x0040): b"CS", (0x0010, 0x1010): b"AS", (0x0018, 0x0015): b"CS",
    (0x0018, 0x0024): b"SH", (0x0018, 0x0050): b"DS", (0x0018, 0x0080): b"DS", (0x0018, 0x0081): b"DS",
    (0x0018, 0x0088): b"DS", (0x0018, 0x1164): b"DS", (0x0018, 0x5101): b"CS", (0x0020, 0x000D): b"UI",
    (0x0020, 0x000E): b"UI", (0x0020, 0x0013): b"IS", (0x0020, 0x0032): b"DS", (0x0020, 0x0037): b"DS",
    (0x0028, 0x0004): b"CS", (0x0028, 0x0008): b"IS", (0x0028, 0x0030): b"DS", (0x0028, 0x1050): b"DS",
    (0x0028, 0x1051): b"DS", (0x0028, 0x1052): b"DS", (0x0028, 0x1053): b"DS", (0x0028, 0x1056): b"CS",
    (0x0028, 0x0301): b"CS", (0x0028, 0x2110): b"CS", (0x2050, 0x0020): b"CS",
}  # fmt: skip
_NUMBERS = (
    "0", "-1", "1", "nan", "inf", "-inf", "1e308", "1e-308", "1e999", "0,5", "1mm", "--1", "1 2", "0x1",
    "1\\2\\3", "\\\\", "0\\0\\0", "0\\0\\0\\0\\0\\0", "1\\0\\0\\1\\0\\0", "nan\\0\\0", "1e300\\1e300\\1e300",
    "1\\0\\0\\0\\1\\0", "1\\0\\0\\0\\1", "0\\0", "1e-300\\1e-300", "99999999999999999999999999",
)  # fmt: skip


@dataclass
class Element:
    """An element of a file in explicit little endian; `length` is what it claims, None for the truth."""

    tag: tuple[int, int]
    vr: bytes
    value: bytes
    length: int | None = None

    def written(self) -> bytes:
        length = len(self.value) if self.length is None else self.length
        head = struct.pack("<HH", *self.tag) + self.vr[:2].ljust(2)
        if self.vr in _LONG:
            return head + b"\0\0" + struct.pack("<I", length & 0xFFFFFFFF) + self.value
        return head + struct.pack("<H", length & 0xFFFF) + self.value


def elements_of(content: bytes) -> list[Element] | None:
    """The elements on the top level of a file in explicit little endian; None where it is none."""
    if content[128:132] != b"DICM":
        return None
    elements, at = [], 132
    while at + 8 <= len(content):
        group, number_, vr = struct.unpack_from("<HH2s", content, at)
        if vr in _LONG:
            if at + 12 > len(content):
                return None
            (length,) = struct.unpack_from("<I", content, at + 8)
            begins = at + 12
        else:
            (length,) = struct.unpack_from("<H", content, at + 6)
            begins = at + 8
        if length == 0xFFFFFFFF:  # the rest as it is: the end of a sequence is not looked for
            elements.append(Element((group, number_), vr, content[begins:], length))
            return elements
        if not vr.isalpha():
            return None
        elements.append(Element((group, number_), vr, content[begins : begins + length]))
        at = begins + length
    return elements


def written(content: bytes, elements: list[Element]) -> bytes:
    """A file of these elements, behind the preamble of `content`."""
    return content[:132] + b"".join(element.written() for element in elements)


def mutated_dicom(rng: Random, content: bytes) -> bytes:
    """The file after one to four changes of what its parts mean; as it is where it cannot be parsed."""
    elements = elements_of(content)
    if not elements:
        return content
    for _ in range(rng.choice((1, 1, 2, 2, 3, 4))):
        rng.choice(_CHANGES)(rng, elements)
    made = written(content, elements)
    if rng.random() < 0.03:
        made = _deflated(made, elements)
    return made


def _set(elements: list[Element], element: Element) -> None:
    for place, known in enumerate(elements):
        if known.tag == element.tag:
            elements[place] = element
            return
    later = next((place for place, known in enumerate(elements) if known.tag > element.tag), len(elements))
    elements.insert(later, element)


def _padded(value: bytes, filling: bytes = b" ") -> bytes:
    return value + filling * (len(value) % 2)


def _claim(rng: Random, elements: list[Element]) -> None:
    tag = rng.choice(list(_CLAIMS))
    _set(elements, Element(tag, b"US", struct.pack("<H", number(rng) & 0xFFFF)))


def _frames(rng: Random, elements: list[Element]) -> None:
    text = rng.choice((str(number(rng)), "", "0", "-5", "1000000", "1\\2", "1.5", "1e3", "2147483647"))
    _set(elements, Element((0x0028, 0x0008), b"IS", _padded(text.encode())))


def _text(rng: Random, elements: list[Element]) -> None:
    tag = rng.choice(list(_TEXTS))
    vr = _TEXTS[tag]
    text = rng.choice(_NUMBERS) if vr in (b"DS", b"IS") and rng.random() < 0.7 else hostile_text(rng)
    value = text.encode("utf-8", "surrogatepass")
    if rng.random() < 0.2:
        value = text.encode("latin-1", "replace")
    _set(elements, Element(tag, vr, _padded(value)))


def _charset(rng: Random, elements: list[Element]) -> None:
    named = rng.choice(
        (b"ISO_IR 192", b"ISO_IR 100", b"ISO 2022 IR 87", b"\\ISO 2022 IR 149", b"GB18030", b"X")
    )
    _set(elements, Element((0x0008, 0x0005), b"CS", _padded(named)))
    value = rng.choice(
        (b"\x1b$B;3ED^\x1b(B", b"\xff\xfe\xfd", PATIENT.encode(), rng.randbytes(12), b"\x1b$)C\xff")
    )
    _set(elements, Element((0x0010, 0x0010), b"PN", _padded(value)))


def _representation(rng: Random, elements: list[Element]) -> None:
    rng.choice(elements).vr = rng.choice(_VRS)


def _length(rng: Random, elements: list[Element]) -> None:
    element = rng.choice(elements)
    element.length = rng.choice((0, 1, len(element.value) + 1, len(element.value) * 2, 0xFFFFFFFF, 0xFFFFFFFE,
                                 0x7FFFFFFF, number(rng)))  # fmt: skip


def _value(rng: Random, elements: list[Element]) -> None:
    element = rng.choice(elements)
    element.value = rng.choice((b"", element.value[:-1], element.value * 2, b"\0" * len(element.value),
                                rng.randbytes(min(len(element.value), 4096))))  # fmt: skip


def _remove(rng: Random, elements: list[Element]) -> None:
    if len(elements) > 1:
        del elements[rng.randrange(len(elements))]


def _twice(rng: Random, elements: list[Element]) -> None:
    elements.insert(rng.randrange(len(elements) + 1), rng.choice(elements))


def _swap(rng: Random, elements: list[Element]) -> None:
    first, second = rng.randrange(len(elements)), rng.randrange(len(elements))
    elements[first], elements[second] = elements[second], elements[first]


def _tag(rng: Random, elements: list[Element]) -> None:
    element = rng.choice(elements)
    element.tag = rng.choice((
        (rng.randrange(65536), rng.randrange(65536)), (0xFFFE, 0xE000), (0xFFFE, 0xE0DD), (0xFFFE, 0xE00D),
        (0x7FE0, 0x0010), (0x0009, 0x0010), (0, 0),
    ))  # fmt: skip


def _syntax(rng: Random, elements: list[Element]) -> None:
    _set(elements, Element((0x0002, 0x0010), b"UI", _padded(rng.choice(_SYNTAXES).encode(), b"\0")))


def _nested(rng: Random, elements: list[Element]) -> None:
    """Sequences within sequences, closed or not."""
    depth = rng.choice((1, 5, 40, 300, 1200))
    start = b"\x08\x00\x40\x11SQ\x00\x00\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    end = b"\xfe\xff\x0d\xe0\x00\x00\x00\x00\xfe\xff\xdd\xe0\x00\x00\x00\x00"
    inner = start * depth + end * (depth if rng.random() < 0.7 else rng.randrange(depth + 1))
    place = rng.choice(
        ((0x0008, 0x1140), (0x0040, 0x0275), (0x5200, 0x9229), (0x5200, 0x9230), (0x0028, 0x3010))
    )
    value = b"\xfe\xff\x00\xe0\xff\xff\xff\xff" + inner + b"\xfe\xff\x0d\xe0\x00\x00\x00\x00"
    value += b"\xfe\xff\xdd\xe0\x00\x00\x00\x00"
    _set(elements, Element(place, b"SQ", value, 0xFFFFFFFF))


def _pixels(rng: Random, elements: list[Element]) -> None:
    """Fragments where there are none, cut pixels, tables that point nowhere."""
    fragments = (
        b"\xfe\xff\x00\xe0" + struct.pack("<I", rng.choice((0, 4, 8))) + b"\xff" * rng.choice((0, 4, 8))
    )
    for _ in range(rng.randrange(4)):
        piece = rng.choice((b"\xff\xd8\xff\xd9", b"\xff\x4f\xff\x51", rng.randbytes(30), b""))
        fragments += b"\xfe\xff\x00\xe0" + struct.pack("<I", rng.choice((len(piece), 0xFFFFFFFF, 2))) + piece
    fragments += b"\xfe\xff\xdd\xe0\0\0\0\0" if rng.random() < 0.6 else b""
    known = next((element for element in elements if element.tag == (0x7FE0, 0x0010)), None)
    before = known.value if known else b""
    value, length = rng.choice(((fragments, 0xFFFFFFFF), (before[: len(before) // 2], None), (b"", None),
                                (before, 0xFFFFFFFF), (before, 0xFFFFFFFE)))  # fmt: skip
    _set(elements, Element((0x7FE0, 0x0010), rng.choice((b"OW", b"OB")), value, length))


def _floats(rng: Random, elements: list[Element]) -> None:
    """Pixels as floats, with values that are no numbers."""
    rows, columns = 8, 8
    values = [rng.choice((0.0, 1.0, float("nan"), float("inf"), -1e38, 3e38)) for _ in range(rows * columns)]
    elements[:] = [element for element in elements if element.tag != (0x7FE0, 0x0010)]
    for tag, claimed in (((0x0028, 0x0010), rows), ((0x0028, 0x0011), columns), ((0x0028, 0x0100), 32)):
        _set(elements, Element(tag, b"US", struct.pack("<H", claimed)))
    _set(elements, Element((0x7FE0, 0x0008), b"OF", struct.pack("<64f", *values)))


def _lookup(rng: Random, elements: list[Element]) -> None:
    """A table of values that is shorter or longer than it says."""
    said = struct.pack(
        "<HHH", rng.choice((0, 1, 256, 65535)), rng.choice((0, 65535)), rng.choice((0, 8, 16, 99))
    )
    item = Element((0x0028, 0x3002), b"US", said).written()
    item += Element(
        (0x0028, 0x3006), rng.choice((b"OW", b"US")), rng.randbytes(rng.choice((0, 2, 512)))
    ).written()
    value = b"\xfe\xff\x00\xe0" + struct.pack("<I", len(item)) + item
    _set(elements, Element(rng.choice(((0x0028, 0x3000), (0x0028, 0x3010))), b"SQ", value))


def _deflated(content: bytes, elements: list[Element]) -> bytes:
    meta = [element for element in elements if element.tag[0] == 2]
    _set(meta, Element((0x0002, 0x0010), b"UI", b"1.2.840.10008.1.2.1.99"))
    body = b"".join(element.written() for element in elements if element.tag[0] != 2)
    packing = zlib.compressobj(wbits=-15)
    packed = packing.compress(body + b"\0" * 20_000_000) + packing.flush()
    with warnings.catch_warnings():
        return content[:132] + b"".join(element.written() for element in meta) + packed


_CHANGES: tuple[Callable[[Random, list[Element]], None], ...] = (
    _claim, _claim, _frames, _text, _text, _text, _charset, _representation, _length, _value, _remove, _twice,
    _swap, _tag, _syntax, _nested, _pixels, _floats, _lookup,
)  # fmt: skip
