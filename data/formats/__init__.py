"""Bytes to arrays and back: DICOM, NIfTI and pictures.

- `decode_guarded(path, name, limits)`: all scans in a file or folder, in a child process that may
  hang, crash or starve without harm; for everything that comes from outside; `as_volume` joins its
  numbered pictures to one volume
- `decode(path, name, limits)`: the same in this process
- `Decoded`, `Limits`: what comes out, and how much may go in
- `to_display(source, grid)`, `to_source(displayed, grid)`: between the file's order and the eye's
- `display_shape(grid)`, `display_affine(grid)`, `placed_affine(grid)`: of the displayed array
- `is_volume(grid)`: whether its masks are volumes or single pictures
- `read_mask(file, name, grid, answers)`: a corrected mask in display order, with what was said of it
- `source_index(point, grid)`: a displayed point in the file's own array
- `source_picture(displayed, grid)`: one slice as the file's own picture
- `without_identity(file)`: a DICOM file's bytes without direct identifiers
- `pixel_declaration(archive)`: whether DICOM files say that text is burned into their pixels
- `kept_series(archive, grid, displayed)`: which pictures of which DICOM instances a kept scan came from

For what comes over the network:

- `uids_of(dataset, transfer_syntax)`, `file_head(...)`, `sender_in(file)`: of data sets and their files
- `query_identifier(...)`, `answered_texts(...)`, `answered_identity(...)`: of queries and their answers

For bulk imports, all guarded in the same way:

- `is_archive(file)`, `unpack(file, into, limits)`: a zip or tar laid out as files
- `look_at(members)`, `grouped(sightings)`: what files are, and which of them make one item
- `decode_batch(items, folder, limits)`: many items in one child; `Item`, `Member`, `Opened`, `Outcome`
"""

from data.formats.decoding import decode
from data.formats.dicom.burned_in import PixelDeclaration, pixel_declaration
from data.formats.dicom.deidentification import without_identity
from data.formats.dicom.kept_series import SourceFrame, SourceSeries, kept_series
from data.formats.dicom.queries import (
    answer_in_json,
    answered_identity,
    answered_texts,
    identity_in,
    query_identifier,
)
from data.formats.dicom.stored import StoredObject, stored_object
from data.formats.dicom.times import date_of
from data.formats.dicom.transfer import (
    IMPLEMENTATION_NAME,
    IMPLEMENTATION_UID,
    InstanceUids,
    file_head,
    file_parts,
    is_uid,
    sender_in,
    uids_of,
)
from data.formats.geometry import (
    display_affine,
    display_shape,
    is_volume,
    placed_affine,
    source_index,
    to_display,
    to_source,
)
from data.formats.limits import Decoded, Limits
from data.formats.masks.drawn import drawn_mask
from data.formats.masks.files import read_mask, source_picture
from data.formats.masks.values import MaskAnswers
from data.formats.members import Member
from data.formats.processes.batches import Item
from data.formats.processes.bulk import Opened, Outcome, decode_batch, is_archive, look_at, unpack
from data.formats.processes.guard import ReaderUnavailable, decode_guarded
from data.formats.processes.sightings import Sighting, grouped

__all__ = [
    "IMPLEMENTATION_NAME",
    "StoredObject",
    "stored_object",
    "IMPLEMENTATION_UID",
    "Decoded",
    "Item",
    "Limits",
    "MaskAnswers",
    "Member",
    "Opened",
    "Outcome",
    "PixelDeclaration",
    "ReaderUnavailable",
    "Sighting",
    "SourceFrame",
    "SourceSeries",
    "decode",
    "decode_batch",
    "decode_guarded",
    "display_affine",
    "display_shape",
    "drawn_mask",
    "grouped",
    "is_archive",
    "is_volume",
    "kept_series",
    "look_at",
    "pixel_declaration",
    "placed_affine",
    "read_mask",
    "source_index",
    "source_picture",
    "to_display",
    "to_source",
    "unpack",
    "without_identity",
    "InstanceUids",
    "file_head",
    "file_parts",
    "is_uid",
    "date_of",
    "answer_in_json",
    "answered_identity",
    "answered_texts",
    "identity_in",
    "query_identifier",
    "sender_in",
    "uids_of",
]
