"""Deflated DICOM files that would become far more than they are: pydicom unpacks and parses them whole."""

from __future__ import annotations

import zlib
from pathlib import Path

from pydicom.filereader import read_dataset, read_preamble
from pydicom.uid import UID

from data.errors import RefusedScan
from data.formats.dicom.values import PARSE_ERRORS, after_meta, text_of

_FREE_BYTES = 4 << 20
_MOST_RATIO = 64  # beyond these; pixels deflate to a tenth, with a wide black rim to a thirtieth
_CHUNK = 1 << 16
_BOMB = RefusedScan("archive_bomb", "This unpacks to far more than it may, so it was not opened.")


def refuse_bomb(file: Path) -> None:
    """Raise RefusedScan `archive_bomb` for a deflated file that becomes too much; others are not looked at.

    What cannot be parsed or unpacked is left to whoever reads the file.
    """
    with file.open("rb") as stream:
        try:
            read_preamble(stream, force=True)
            meta = read_dataset(stream, is_implicit_VR=False, is_little_endian=True, stop_when=after_meta())
            syntax = UID(text_of(meta, "TransferSyntaxUID") or "")
            if syntax.is_deflated:
                _inflate(stream.read())
        except PARSE_ERRORS:
            return


def _inflate(packed: bytes) -> None:
    """Unpack into nothing, as far as it may go."""
    unpacking, length = zlib.decompressobj(-zlib.MAX_WBITS), 0
    most = max(_FREE_BYTES, _MOST_RATIO * len(packed))
    while packed and not unpacking.eof:
        length += len(unpacking.decompress(packed, _CHUNK))
        if length > most:
            raise _BOMB
        packed = unpacking.unconsumed_tail
