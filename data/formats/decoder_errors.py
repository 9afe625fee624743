"""What decoders raise for bytes that make no sense: everything else is a fault of the program."""

from __future__ import annotations

import lzma
import tarfile
import zipfile

import nibabel as nib
from PIL import Image

from data.errors import RefusedScan
from data.formats.dicom.values import PARSE_ERRORS

DECODING_ERRORS = (
    *PARSE_ERRORS,
    AssertionError,  # numpy and nibabel check headers by it
    Image.DecompressionBombError,
    MemoryError,
    RefusedScan,
    lzma.LZMAError,
    tarfile.TarError,
    RuntimeError,  # the compiled decoders of JPEG and JPEG 2000
    SyntaxError,  # Pillow, for broken PNG
    nib.filebasedimages.ImageFileError,
    nib.spatialimages.HeaderDataError,
    nib.wrapstruct.WrapStructError,
    zipfile.BadZipFile,
)
"""What a file may make a decoder raise; it is told to people as a refusal."""
