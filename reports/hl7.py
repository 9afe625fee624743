"""A result as an HL7 v2.5.1 ORU^R01 message, for systems that take nothing else.

The message is put together here: of the libraries that there are, hl7apy leaves alone what looks escaped
already, and line ends; hl7 writes letters beyond ASCII as numbers that come back as other letters. The tests
read the message with both.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

from reports.dicom.codes import IMAGING_STUDY, Code
from reports.dicom.origin import MANUFACTURER
from reports.plain_result import PlainResult, Quantity, ResultStatus, identifier_of, name_parts

VERSION = "2.5.1"
CHARACTER_SET = "UNICODE UTF-8"
SENDER = MANUFACTURER.upper()
STUDY = Code("113014", "DCM", "DICOM Study")
LESION = Code("112039", "DCM", "Tracking Identifier")
FINDINGS = Code("18782-3", "LN", "Radiology Study observation (narrative)")
IMPRESSION = Code("19005-8", "LN", "Radiology Imaging study [Interpretation] (narrative)")
_METHOD = Code("123109", "DCM", "Artificial Intelligence")
_UNITS = {"mL": "milliliter", "mm": "millimeter", "%": "percent"}
_STATUS = {
    ResultStatus.PRELIMINARY: "P",
    ResultStatus.FINAL: "F",
    ResultStatus.CORRECTED: "C",
    ResultStatus.REJECTED: "X",
}
"""Tables 0123 (OBR-25) and 0085 (OBX-11); what is withdrawn has OBX-11 D (deleted)."""
_DELETED = "D"
_CONTROL_ID = 20  # letters that MSH-10 may have
_ESCAPES = {
    "\\": "\\E\\",
    "|": "\\F\\",
    "^": "\\S\\",
    "&": "\\T\\",
    "~": "\\R\\",
}
_DELETE = 127


def message(result: PlainResult) -> bytes:
    """The message in UTF-8, each segment ended by CR; the same bytes for the same result."""
    segments = [_msh(result), _pid(result), _orc(result), _obr(result), *_observations(result)]
    return "".join(f"{segment}\r" for segment in segments).encode()


def escaped(text: str) -> str:
    r"""A text as a field holds it: delimiters by their letters, control characters as `\X0D\`."""
    return "".join(_ESCAPES.get(letter) or _printable(letter) for letter in text)


def control_id(result: PlainResult) -> str:
    """MSH-10: the same for what is said of a result now, whenever it is sent."""
    said = result.key("message", result.version)
    return hashlib.sha256(said.encode()).hexdigest()[:_CONTROL_ID].upper()


def _printable(letter: str) -> str:
    return letter if ord(letter) >= ord(" ") and ord(letter) != _DELETE else f"\\X{ord(letter):02X}\\"


def _msh(result: PlainResult) -> str:
    processing = "T" if result.synthetic else "P"  # training: what is of nobody never goes into a chart
    issued, kind = _moment(result.issued), "ORU^R01^ORU_R01"
    head = ["MSH", "^~\\&", SENDER, "", "", "", issued, "", kind, control_id(result), processing, VERSION]
    return "|".join([*head, "", "", "", "", "", CHARACTER_SET])


def _pid(result: PlainResult) -> str:
    subject = result.subject
    if subject.named:
        issuer, parts = identifier_of(subject, "IssuerOfPatientID"), name_parts(subject)
        number = _components(subject.patient_id, "", "", issuer, "MR") if subject.patient_id else ""
        names = (parts.family, parts.given, parts.middle, parts.suffix, parts.prefix)
        name = _components(*names, "", "L")
        born = "" if subject.birth_date is None else _day(subject.birth_date)
    else:
        number = _components(subject.pseudonym, "", "", SENDER, "ANON")
        name, born = _components(subject.pseudonym, "", "", "", "", "", "S"), ""
    return _segment("PID", "1", "", number, "", name, "", born, result.sex or "U")


def _orc(result: PlainResult) -> str:
    return _segment("ORC", "RE", escaped(result.accession), _filler(result))


def _obr(result: PlainResult) -> str:
    fields = {
        1: "1",
        2: escaped(result.accession),
        3: _filler(result),
        4: _coded(result.codes.examination),
        7: _examined(result),
        18: escaped(result.accession),  # where IHE has it
        22: _moment(result.issued),
        24: "RAD",
        25: _STATUS[result.status],
    }
    if result.reviewer is not None:
        fields[32] = f"&{escaped(result.reviewer)}"  # NDL, whose first component is a name (CNN)
    return _numbered("OBR", fields)


def _observations(result: PlainResult) -> Iterator[str]:
    rows = list(_rows(result))
    for number, fields in enumerate(rows, start=1):
        common = {1: str(number), 14: _examined(result), 17: _coded(_METHOD), 18: _equipment(result)}
        if result.reviewer is not None:
            common[16] = _components("", result.reviewer)
        yield _numbered("OBX", common | fields)


def _rows(result: PlainResult) -> Iterator[dict[int, str]]:
    """What each OBX says; OBX-4 tells lesions apart: 0 is the whole, then the lesion's number."""
    status = _STATUS[result.status]
    if result.images is not None:
        yield _row("HD", STUDY, "", _components("", result.images.study_uid, "ISO"), status)
    if result.answer is None:
        yield _row("CWE", result.codes.finding, "0", "", _DELETED)
    else:
        yield _row("CWE", result.codes.finding, "0", _coded(result.answer), status)
    yield from (_number(quantity, "0", status) for quantity in result.quantities)
    for lesion in result.lesions:
        part = str(lesion.number)
        if lesion.withdrawn:
            yield _row("ST", LESION, part, "", _DELETED)
        else:
            yield _row("ST", LESION, part, escaped(lesion.label), status)
        yield from (_number(quantity, part, status) for quantity in lesion.quantities)
    yield _row("TX", IMPRESSION, "", escaped(result.headline), status)
    # A line each: repetitions of TX are lines (2.A.79), so that fewer lines replace more of them.
    yield _row("TX", FINDINGS, "", "~".join(escaped(line) for line in result.text), status)
    if result.pdf is not None:
        data = base64.b64encode(result.pdf).decode()
        yield _row("ED", IMAGING_STUDY, "", f"^application^pdf^Base64^{data}", status)


def _row(kind: str, name: Code, part: str, value: str, status: str) -> dict[int, str]:
    return {2: kind, 3: _coded(name), 4: part, 5: value, 11: status}


def _number(quantity: Quantity, part: str, status: str) -> dict[int, str]:
    if quantity.value is None:
        return _row("NM", quantity.name, part, "", _DELETED)
    unit = _components(quantity.unit, _UNITS[quantity.unit], "UCUM")
    return _row("NM", quantity.name, part, _decimal(quantity.value), status) | {6: unit}


def _decimal(value: float) -> str:
    """A number without an exponent, which NM does not know, and without rounding."""
    return format(Decimal(repr(value)), "f")


def _equipment(result: PlainResult) -> str:
    made = result.provenance
    words = f"{made.model_name} version {made.model_version}, weights {made.weights_sha256}"
    return _components(words, SENDER)


def _filler(result: PlainResult) -> str:
    return _components(result.reading, SENDER)


def _examined(result: PlainResult) -> str:
    if result.examined_at is None:
        return ""
    return _day(result.examined_at.astimezone()) if result.examined_day_only else _moment(result.examined_at)


def _moment(time: datetime) -> str:
    local = time.astimezone()
    return f"{local:%Y%m%d%H%M%S}.{local.microsecond // 1000:03d}{local:%z}"


def _day(day: date) -> str:
    return f"{day:%Y%m%d}"


def _coded(concept: Code) -> str:
    """A CE or CWE: DICOM's names of coding schemes are those of table 0396."""
    return _components(concept.value, concept.meaning, concept.scheme_designator)


def _components(*parts: str) -> str:
    return "^".join(escaped(part) for part in parts).rstrip("^")


def _segment(*fields: str) -> str:
    return "|".join(fields).rstrip("|")


def _numbered(name: str, fields: dict[int, str]) -> str:
    return _segment(name, *(fields.get(number, "") for number in range(1, max(fields) + 1)))
