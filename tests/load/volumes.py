"""What is sent under load: the same head again and again, each time another file."""

from __future__ import annotations

HEADER = 352  # bytes of a NIfTI-1 header without extensions
_DIGITS = 16


def numbered(file: bytes, number: int) -> bytes:
    """An open NIfTI file of 16-bit voxels with a number in its first ones, which lie in the dark."""
    digits = bytes(byte for at in range(_DIGITS) for byte in (number >> 3 * at & 7, 0))
    return file[:HEADER] + digits + file[HEADER + len(digits) :]
