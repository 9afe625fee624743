"""What the node takes is what its manual says and what the formats decode."""

from __future__ import annotations

import re
from pathlib import Path

import pydicom
import pytest

from services.priors.query_retrieve import MODELS
from services.receiving.contexts import STORAGE, TRANSFER_SYNTAXES, UNCOMPRESSED, VERIFICATION

MANUAL = (Path(__file__).parents[3] / "docs" / "integration.md").read_text()


def table(heading: str) -> dict[str, str]:
    """The names in a table of the conformance statement, by their UIDs."""
    section = MANUAL.split(f"#### {heading}\n")[1].split("\n#")[0]
    return {uid: name for name, uid in re.findall(r"^\| ([^|`]+) \| `([\d.]+)` \|", section, re.MULTILINE)}


def test_the_conformance_statement_names_exactly_what_is_taken_and_asked() -> None:
    assert table("SOP classes received") == {VERIFICATION: "Verification", **STORAGE}
    assert table("Transfer syntaxes received") == TRANSFER_SYNTAXES
    assert table("SOP classes of queries") == MODELS


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
