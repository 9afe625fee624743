"""A patient's names, numbers and birth date, found in free text of any script and spelling.

Whole words count, so that a short name does not cut into a plain one: letters on both sides of a
match must be a word's end, a change from small to capital letters, or a genitive. Chinese,
Japanese and Korean names stand without blanks and are found anywhere from two characters on.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

_PLAIN = 3  # letters, from which a name is looked for in any case
_SHORTEST = 2
_GENITIVE = 4
_LONG = 4  # bytes and letters that do not occur by chance
_SHORTEST_NUMBER = 3
_TITLES = frozenset(
    "dr prof med herr frau mr mrs ms von van der den de la le di da el al bin ibn".split()  # noqa: SIM905
)
_ORDINARY = frozenset(
    "head brain chest thorax lung skull neck spine body axial sagittal coronal flair contrast native "  # noqa: SIM905
    "post localizer localiser scout phantom test patient anonymous anonymized anonymised unknown "
    "diffusion perfusion mprage space blade propeller haste trace routine study series scan image "
    "images volume".split()
)
"""Words of descriptions that tell nobody apart, though people and test patients may be called so."""
_ALSO_WORDS = frozenset(
    "max may will mark bill grant art long short old new rose ray gray grey low high".split()  # noqa: SIM905
)
"""Names that count only where they are written with a capital."""
_BYTES_IN = ("utf-8", "latin-1", "gb18030", "shift_jis", "euc_jp", "iso2022_jp", "euc_kr", "big5", "cp1251")
_DATE_FORMS = (
    *("%Y%m%d", "%Y-%m-%d", "%Y.%m.%d", "%Y/%m/%d"),
    *("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%d%m%Y"),
)
_IDEOGRAPHS = (
    ("\u3040", "\u30ff"),
    ("\u3400", "\u9fff"),
    ("\uac00", "\ud7af"),
    ("\U00020000", "\U0003ffff"),
)
_TRANSLITERATED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "å": "aa", "æ": "ae"})


@dataclass(frozen=True)
class IdentifyingWords:
    """What must not be found in text; make one with `of`."""

    patterns: tuple[re.Pattern[str], ...] = ()
    capitals: re.Pattern[str] | None = None  # short names, which count where they are written as names
    encoded: tuple[bytes, ...] = field(default=(), repr=False)

    @classmethod
    def of(
        cls,
        names: Iterable[str] = (),
        numbers: Iterable[str] = (),
        births: Iterable[date] = (),
        others: Iterable[str] = (),
    ) -> IdentifyingWords:
        """The words of the patient's `names`, `numbers` and `births`, and of `others` (their doctors)."""
        split = [_parts(name) for name in names]
        parts = {part for name in split for part in name}
        parts |= {part for name in others for part in _parts(name) if len(part) > _LONG or _is_dense(part)}
        parts = {part for part in parts - _TITLES if _folded(part) not in _ORDINARY}
        long = {part for part in parts - _ALSO_WORDS if len(part) >= _PLAIN or _is_dense(part)}
        short = {part for part in parts - long if len(part) >= _SHORTEST}
        genitives = {variant for part in long if len(part) >= _GENITIVE for variant in _variants(part)}
        told = {number.strip() for number in numbers if len(number.strip()) >= _SHORTEST_NUMBER}
        exact = {re.escape(_folded(number)) for number in told}
        exact |= {re.escape(written) for born in births for written in _written(born)}
        patterns = (
            _any({joined for name in split for joined in _joined(name)}),
            _any(genitives, "s?"),
            _any({variant for part in long for variant in _variants(part)}),
            _any({part for part in parts if len(part) == 1 and _is_ideograph(part)}),
            _any(exact),
        )
        encoded = {raw for part in long | told for raw in _encoded(part)}
        encoded |= {written.encode() for born in births for written in _written(born)}
        capitals = _any({variant for part in short for variant in _variants(part)})
        return cls(tuple(pattern for pattern in patterns if pattern), capitals, tuple(sorted(encoded)))

    def __bool__(self) -> bool:
        return bool(self.patterns or self.capitals)

    def taken_out(self, text: str, instead: str = "") -> str:
        """The text with each match replaced, unchanged where there is none."""
        for pattern in self.patterns:
            text = _replaced(text, pattern, instead, as_names=False)
        return text if self.capitals is None else _replaced(text, self.capitals, instead, as_names=True)

    def may_be_in_bytes(self, raw: bytes) -> bool:
        """Whether it is worth decoding them: plain ASCII without any of the words' plain spellings is not."""
        if not raw.isascii() or b"\x1b" in raw:
            return True
        text = raw.decode("ascii").lower()
        every = (*self.patterns, self.capitals) if self.capitals is not None else self.patterns
        return any(pattern.search(text) for pattern in every)

    def are_in_bytes(self, raw: bytes) -> bool:
        """Whether bytes of unknown encoding hold one of the longer words."""
        lowered = raw.lower()
        return any(word in lowered for word in self.encoded)


def _parts(name: str) -> tuple[str, ...]:
    name = unicodedata.normalize("NFKC", name).lower()
    return tuple(part for part in re.split(r"[\s^,;=._/\\-]+", name) if part)


def _is_dense(text: str) -> bool:
    """Whether it is of a script that is written without blanks, and long enough to be found anywhere."""
    return len(text) >= _SHORTEST and all(_is_ideograph(char) for char in text)


def _is_ideograph(char: str) -> bool:
    return any(first <= char <= last for first, last in _IDEOGRAPHS)


def _joined(parts: Sequence[str]) -> set[str]:
    """Two parts of a name after each other, as one word or with anything but letters between."""
    filled = [_folded(part) for part in parts if part not in _TITLES]
    pairs = [(first, second) for first in filled for second in filled if first != second]
    return {
        rf"{re.escape(first)}[\W_]{{0,3}}{re.escape(second)}"
        for first, second in pairs
        if len(first + second) >= _LONG or all(map(_is_ideograph, first + second))
    }


def _variants(part: str) -> set[str]:
    """The spellings of a name in folded text: without accents, and transliterated to and fro."""
    spelled = {_folded(part), _folded(part.translate(_TRANSLITERATED))}
    spelled |= {re.sub("([aou])e", r"\1", word) for word in spelled if len(word) > _LONG}
    return {re.escape(word) for word in spelled}


def _written(born: date) -> set[str]:
    dates = {f"{born:{form}}" for form in _DATE_FORMS}
    return dates | {f"{born.day}.{born.month}.{born.year}", f"{born.month}/{born.day}/{born.year}"}


def _encoded(word: str) -> set[bytes]:
    encoded = set()
    for spelling in (word.lower(), word.upper(), word.title()):
        for encoding in _BYTES_IN:
            try:
                encoded.add(spelling.encode(encoding).lower())
            except UnicodeEncodeError:
                continue
    return {raw for raw in encoded if len(raw) >= _LONG}


def _any(words: Iterable[str], end: str = "") -> re.Pattern[str] | None:
    ordered = sorted(words, key=lambda word: (-len(word), word))
    return re.compile(f"(?:{'|'.join(ordered)}){end}") if ordered else None


@lru_cache(maxsize=4096)
def _base(char: str) -> str:
    """A letter without accents and in small, always one character."""
    apart = unicodedata.normalize("NFKD", char)
    if apart and all(unicodedata.combining(mark) for mark in apart[1:]):
        char = apart[0]
    return char.lower() if len(char.lower()) == 1 else char


def _composed(text: str) -> str:
    """With one character for a letter and its accents, also in the half width of old Japanese systems."""
    half_width = any("\uff61" <= char <= "\uff9f" for char in text)
    return unicodedata.normalize("NFKC" if half_width else "NFC", text)


def _folded(text: str) -> str:
    """As many characters as the text in NFC, without case and accents."""
    return "".join(map(_base, _composed(text)))


def _replaced(text: str, pattern: re.Pattern[str], instead: str, *, as_names: bool) -> str:
    text = _composed(text)
    kept, at = [], 0
    for match in pattern.finditer(_folded(text)):
        start, end = match.span()
        if _bounded(text, start, end) and (not as_names or text[start].isupper()):
            kept += [text[at:start], instead]
            at = end
    return "".join([*kept, text[at:]])


def _bounded(text: str, start: int, end: int) -> bool:
    """Whether a match is a word of its own."""
    if _is_ideograph(text[start]) and _is_ideograph(text[end - 1]):
        alone = end - start == 1
        return not alone or not (_letter_at(text, start - 1) or _letter_at(text, end))
    digits = text[start].isdigit() or text[end - 1].isdigit()
    before, after = _joins(text, start - 1, digits), _joins(text, end, digits)
    before = before and not (text[start - 1].islower() and text[start].isupper())
    after = after and not (text[end - 1].islower() and text[end].isupper())
    return not before and not after


def _joins(text: str, at: int, digits: bool) -> bool:
    return 0 <= at < len(text) and (text[at].isalpha() or digits and text[at].isdigit())


def _letter_at(text: str, at: int) -> bool:
    return 0 <= at < len(text) and text[at].isalpha()
