"""The voxels of a scan, its masks and its map of probabilities, raw, for the viewer in the browser."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flask import Flask, Response, request

from dashboard.auth import reader
from dashboard.files.scans import KEPT_BY_BROWSER, readable
from data.errors import InvalidInput
from services.reviewing.pictures import AI, CORRECTED
from services.reviewing.voxels import RawVoxels

if TYPE_CHECKING:
    from services.assembly.container import Services

VOXEL_TYPE = "X-Voxel-Type"
_GZIP = zlib.MAX_WBITS | 16  # of zlib's own formats the one that browsers undo
_LEVEL = 1  # thrice as fast as the next for a tenth of the size


def register(server: Flask, services: Services) -> None:
    """Add the routes of raw voxels below /scans/<id>/."""
    views = VolumeFiles(services)
    rule = server.add_url_rule
    rule("/scans/<scan_id>/volume", "volume_voxels", views.volume)
    rule("/scans/<scan_id>/mask.bin", "mask_voxels", views.mask)
    rule("/scans/<scan_id>/probability.bin", "probability_voxels", views.probability)


class VolumeFiles:
    """The views; the service asks whether the person may see scans."""

    def __init__(self, services: Services) -> None:
        self._voxels = services.reviewing.voxels
        self._blinding = services.reviewing.blinding

    def volume(self, scan_id: str) -> Response:
        """Slices `first` to `last` of a scan, or all; they never change."""
        readable(scan_id)
        first, last = _index("first"), _index("last")
        return _raw(self._voxels.volume(scan_id, reader(), first or 0, last), kept=True)

    def mask(self, scan_id: str) -> Response:
        """The mask of a `layer`; that of a result or review `v` never changes."""
        readable(scan_id)
        self._blinding.refuse_model(scan_id, reader())
        layer, version = request.args.get("layer", AI), request.args.get("v", "")
        if layer == CORRECTED:
            self._blinding.refuse_reviews(scan_id, reader())
        return _raw(self._voxels.mask(scan_id, reader(), layer, version), kept=bool(version))

    def probability(self, scan_id: str) -> Response:
        """The probability of each voxel, 0 to 255; that of a result `v` never changes."""
        readable(scan_id)
        self._blinding.refuse_model(scan_id, reader())
        version = request.args.get("v", "")
        return _raw(self._voxels.probability(scan_id, reader(), version), kept=bool(version))


def _raw(voxels: RawVoxels, *, kept: bool) -> Response:
    packs = request.accept_encodings.quality("gzip") > 0
    response = Response(
        _packed(voxels.pieces) if packs else voxels.pieces, mimetype="application/octet-stream"
    )
    if packs:
        response.headers["Content-Encoding"] = "gzip"
    response.vary.add("Accept-Encoding")
    response.headers[VOXEL_TYPE] = voxels.voxel_type
    if kept:
        response.headers["Cache-Control"] = KEPT_BY_BROWSER
    return response


def _packed(pieces: Iterator[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    for piece in pieces:
        yield packer.compress(piece)
    yield packer.flush()


def _index(name: str) -> int | None:
    text = request.args.get(name)
    if text is None:
        return None
    if not text.isascii() or not text.isdigit():
        raise InvalidInput("Slices are asked for by whole numbers, the first being 0.")
    return int(text)
