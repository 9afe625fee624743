"""Bytes to arrays and back: DICOM, NIfTI and pictures.

- `decode_guarded(path, name, limits)`: all scans in a file or folder, in a child process that may
  hang, crash or starve without harm; for everything that comes from outside
- `decode(path, name, limits)`: the same in this process
- `Decoded`, `Limits`: what comes out, and how much may go in
- `to_display(source, grid)`, `to_source(displayed, grid)`: between the file's order and the eye's
- `display_shape(grid)`, `display_affine(grid)`: of the displayed array
- `is_volume(grid)`: whether its masks are volumes or single pictures
- `read_mask(file, name, grid)`: a corrected mask in display order
- `source_picture(displayed, grid)`: one slice as the file's own picture
- `without_identity(file)`: a DICOM file's bytes without direct identifiers
"""

from data.formats.decoding import decode
from data.formats.geometry import display_affine, display_shape, is_volume, to_display, to_source
from data.formats.guard import ReaderUnavailable, decode_guarded
from data.formats.keeping import without_identity
from data.formats.limits import Decoded, Limits
from data.formats.masks import read_mask, source_picture

__all__ = [
    "Decoded",
    "Limits",
    "ReaderUnavailable",
    "decode",
    "decode_guarded",
    "display_affine",
    "display_shape",
    "is_volume",
    "read_mask",
    "source_picture",
    "to_display",
    "to_source",
    "without_identity",
]
