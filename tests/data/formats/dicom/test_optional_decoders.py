"""Decoders that a hospital may leave out, for their licence: what they read is then refused by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders import JPEGLosslessDecoder, JPEGLosslessSV1Decoder
from pydicom.pixels.decoders.base import Decoder

from data.formats import decode
from tests.data.formats.making import picture, save


@pytest.mark.parametrize("decoder", [JPEGLosslessDecoder, JPEGLosslessSV1Decoder])
def test_without_the_libjpeg_plugin_lossless_jpeg_is_refused_by_name(
    decoder: Decoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoder, "_available", {})
    dataset = picture(np.zeros((8, 8), np.uint8))
    dataset.file_meta.TransferSyntaxUID = decoder.UID
    dataset.PixelData = encapsulate([b"\xff\xd8\xff\xd9"])
    decoded = decode(save(dataset, tmp_path / "file"), "file")
    (refusal,) = decoded.refusals
    assert refusal.code == "compression"
    assert decoder.UID.name in refusal.sentence
