"""A scan package as bytes: a zip of one statement in JSON, and of the blobs that it speaks of.

Everything in it is packed already, so the zip only stores; each member has its checksum, and the list of
members stands at the end: what was cut off on its way is no package.
"""

from __future__ import annotations

import io
import shutil
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from data.codec import from_json, to_json
from data.errors import InvalidInput
from data.packing import unpacked
from data.records import KnownOfScan, ScanPackage

FORMAT = 1
MEDIA_TYPE = "application/vnd.lightbox.scan+zip"
ORIGINAL = "original"
RESULT_BLOBS = ("mask", "pixels", "heatmap")
_STATEMENT = "statement.json"
_LONGEST_STATEMENT = 64 << 20
_NO_PACKAGE = "This is no whole scan package: it was cut off on its way, or is something else."
_NEWER = "This package was written by a newer Lightbox ({software}): bring this house up to date first."
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, NotImplementedError)


def result_blob(result_id: str, which: str) -> str:
    """The name of what belongs to a result: "mask", "pixels" or "heatmap"."""
    return f"results/{result_id}/{which}"


def review_blob(review_id: str) -> str:
    """The name of the mask that a review brings."""
    return f"reviews/{review_id}/mask"


def written(package: ScanPackage, blobs: Mapping[str, bytes | Path]) -> bytes:
    """The package as bytes; a blob may lie in a file."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(_STATEMENT, to_json(package))
        for name, blob in blobs.items():
            if isinstance(blob, bytes):
                archive.writestr(name, blob)
            else:
                archive.write(blob, name)
    return stream.getvalue()


class OpenedPackage:
    """A package that is read, from a file or from bytes. Close it, or use it as a context."""

    def __init__(self, source: Path | bytes) -> None:
        """Raises InvalidInput for what is no package, or one of a later format."""
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(source) if isinstance(source, bytes) else source)
        except _UNREADABLE as error:
            raise InvalidInput(_NO_PACKAGE) from error
        self.names = frozenset(self._archive.namelist())
        self.package = self._statement()

    def __enter__(self) -> OpenedPackage:
        return self

    def __exit__(self, *_: object) -> None:
        self._archive.close()

    def blob(self, name: str) -> bytes:
        """What a name stands for. Raises InvalidInput where it is missing or damaged."""
        try:
            return self._archive.read(name)
        except _UNREADABLE as error:
            raise InvalidInput(_NO_PACKAGE) from error

    def array(self, name: str, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
        """A blob that holds an array of this shape and kind. Raises InvalidInput for any other."""
        try:
            array = unpacked(self.blob(name))
        except _UNREADABLE as error:
            raise InvalidInput(_NO_PACKAGE) from error
        if array.shape != shape or array.dtype != dtype:
            raise InvalidInput(f"{name} in the package is no {dtype} of {shape}.")
        return array

    def copy_original(self, to: Path) -> None:
        """Put the scan's kept bytes into a file. Raises InvalidInput where they are missing or damaged."""
        try:
            with self._archive.open(ORIGINAL) as source, to.open("wb") as target:
                shutil.copyfileobj(source, target)
        except _UNREADABLE as error:
            raise InvalidInput(_NO_PACKAGE) from error

    def without(self, known: KnownOfScan) -> bytes | None:
        """The same package without what the other house has; None where it has everything."""
        results = [result for result in self.package.results if result.id not in known.results]
        reviews = [review for review in self.package.reviews if review.id not in known.reviews]
        if known.known and not results and not reviews:
            return None
        wanted = {result_blob(result.id, which) for result in results for which in RESULT_BLOBS}
        wanted |= {review_blob(review.id) for review in reviews}
        wanted |= set() if known.known else {ORIGINAL}
        return written(self.package, {name: self.blob(name) for name in sorted(wanted & self.names)})

    def _statement(self) -> ScanPackage:
        try:
            if self._archive.getinfo(_STATEMENT).file_size > _LONGEST_STATEMENT:
                raise InvalidInput(_NO_PACKAGE)
            package: ScanPackage = from_json(ScanPackage, self._archive.read(_STATEMENT).decode())
        except _UNREADABLE as error:
            raise InvalidInput(_NO_PACKAGE) from error
        if package.format > FORMAT:
            raise InvalidInput(_NEWER.format(software=package.software))
        return package
