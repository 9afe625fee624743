"""What leaves the house with texts of strangers in it: no cell becomes a formula, no segment another one."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from pathlib import Path
from random import Random
from xml.etree import ElementTree

import hl7

from data.records import ExportRow
from reports.fhir.bundle import bundle
from reports.fhir.elements import FhirVersion
from reports.hl7 import message
from reports.tables import csv_table, json_table, xlsx_table
from tests.fuzz.door import BrokenPromiseError, Door, Knock
from tests.fuzz.texts import hostile_text
from tests.reports.plain_results import plain

_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]")
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def _make(rng: Random) -> bytes:
    said = {
        name: hostile_text(rng).replace("\ud800", "")
        for name in ("section", "group", "name", "quantity", "note")
    }
    return json.dumps(said | {"value": rng.choice((None, 0.5, -3.0, 1e300)), "fact": said["note"]}).encode()


def _opened_tables(_: Path) -> Knock:
    def knock(content: bytes) -> str:
        said = json.loads(content)
        named = {"group": said["group"], "note": said["note"]}
        row = ExportRow(said["section"], said["name"], said["quantity"], 3, said["value"], **named)
        facts = {"Notice": said["fact"]}
        for cells in csv.reader(io.StringIO(csv_table([row], facts).decode("utf-8-sig"), newline="")):
            for cell in cells:
                if _FORMULA.match(cell) and not re.fullmatch(r"-?\d+(\.\d+)?(e[+-]?\d+)?", cell):
                    raise BrokenPromiseError(f"a formula in a CSV: {cell!r}")
        with zipfile.ZipFile(io.BytesIO(xlsx_table([row], facts))) as book:
            for name in book.namelist():
                tree = ElementTree.fromstring(book.read(name))
                if name.startswith("xl/worksheets/") and (
                    tree.find(f".//{_MAIN}f") is not None or tree.find(f".//{_MAIN}hyperlink") is not None
                ):
                    raise BrokenPromiseError("a formula or a link in a workbook")
        if json.loads(json_table([row], facts))["numbers"][0]["name"] != said["name"]:
            raise BrokenPromiseError("another text in JSON")
        return "written"

    return knock


def _opened_messages(_: Path) -> Knock:
    """HL7 v2 and FHIR of a result whose texts are hostile, read by another library."""
    usual = [str(segment[0]) for segment in hl7.parse(message(plain()).decode())]

    def knock(content: bytes) -> str:
        said = json.loads(content)
        result = plain(headline=said["name"] or "x")
        read = hl7.parse(message(result).decode())
        if [str(segment[0]) for segment in read] != usual:
            raise BrokenPromiseError("a text makes segments of its own")
        json.loads(bundle(result, FhirVersion.R4))
        return "written"

    return knock


DOORS = (Door("export-table", _make, _opened_tables, 2), Door("export-message", _make, _opened_messages, 2))
