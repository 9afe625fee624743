"""What the node takes is what its manual says and what the formats decode."""

from __future__ import annotations

import re
from pathlib import Path

import pydicom
import pytest

from services.priors.query_retrieve import MODELS
from services.receiving.contexts import STORAGE, TRANSFER_SYNTAXES, UNCOMPRESSED, VERIFICATION

MANUAL = (Path(__file__).parents[3] / "docs" / "dicom-node.md").read_text()


def test_the_conformance_statement_names_exactly_what_is_taken_and_asked() -> None:
    rows = dict(re.findall(r"^\| ([^|`]+) \| `([\d.]+)` \|", MANUAL, re.MULTILINE))
    said = {uid: name for name, uid in rows.items()}
    assert said == {VERIFICATION: "Verification", **STORAGE, **TRANSFER_SYNTAXES, **MODELS}


def test_every_uid_is_the_standards() -> None:
    for uid in (*STORAGE, *MODELS):
        assert pydicom.uid.UID(uid).type == "SOP Class"
    for uid in TRANSFER_SYNTAXES:
        assert pydicom.uid.UID(uid).is_transfer_syntax


@pytest.mark.parametrize("syntax", [uid for uid in TRANSFER_SYNTAXES if uid not in UNCOMPRESSED])
def test_every_compressed_transfer_syntax_has_a_decoder_here(syntax: str) -> None:
    if pydicom.uid.UID(syntax).is_deflated:
        return
    assert pydicom.pixels.get_decoder(syntax).is_available
