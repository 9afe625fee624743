"""An ORU^R01 stands a validator of 2.5.1, and any text comes out of it as it went in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import hl7 as other_library
import pytest
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_message
from hypothesis import given
from hypothesis import strategies as st

from reports.dicom.origin import Subject
from reports.dicom.structured_report import VOLUME
from reports.hl7 import control_id, escaped, message
from reports.plain_result import PlainLesion, PlainResult, Quantity, ResultStatus
from tests.reports.plain_results import identified, plain

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


def parsed(result: PlainResult) -> Any:
    """The message as python-hl7 reads it."""
    return other_library.parse(message(result).decode())


def rows(result: PlainResult) -> list[Any]:
    return list(parsed(result).segments("OBX"))


def unescaped(segment: Any, *place: int) -> str:
    """A field, component or line as python-hl7 takes its escapes back."""
    part: Any = segment
    for number in place:
        part = part(number) if hasattr(part, "assign_field") else part[number]
    return str(other_library.parse("MSH|^~\\&|").unescape(str(part)))


@pytest.mark.parametrize("status", list(ResultStatus))
@pytest.mark.parametrize("named", [True, False])
def test_the_message_stands_the_tables_of_2_5_1(status: ResultStatus, named: bool) -> None:
    gone = PlainLesion(2, "Tumour 2", "2.25.2", [Quantity(VOLUME, None, "mL")], withdrawn=True)
    lesions = [*plain().lesions, gone]
    subject = plain().subject if named else Subject("P-7K3QX")
    result = plain(status=status, lesions=lesions, subject=subject, reviewer="Dr Müller", pdf=b"%PDF-1.7")
    text = message(result).decode()
    checked = parse_message(text, validation_level=VALIDATION_LEVEL.TOLERANT, find_groups=True)
    assert checked.name == "ORU_R01" and checked.version == "2.5.1"
    assert checked.validate()
    assert text.endswith("\r") and "\n" not in text


def test_a_message_that_lacks_what_it_must_have_does_not_stand_them() -> None:
    text = message(plain()).decode().replace("OBR|1|", "ZZZ|1|")
    with pytest.raises(Exception, match="(?i)OBR|missing|invalid"):  # noqa: B017
        parse_message(text, validation_level=VALIDATION_LEVEL.TOLERANT, find_groups=True).validate()


@given(TEXT)
def test_an_escaped_text_has_no_delimiter_and_comes_back(text: str) -> None:
    told = escaped(text)
    assert not set(told.replace("\\", "")) & set("|^~&\r\n")
    assert back(told) == text


def back(told: str) -> str:
    """The escapes taken back as 2.7 of the standard says it, one after the other."""
    made, place = [], 0
    while place < len(told):
        if told[place] != "\\":
            made.append(told[place])
            place += 1
            continue
        end = told.index("\\", place + 1)
        word = told[place + 1 : end]
        made.append(
            {"E": "\\", "F": "|", "S": "^", "T": "&", "R": "~"}.get(word)
            or bytes.fromhex(word.removeprefix("X")).decode("latin-1")
        )
        place = end + 1
    return "".join(made)


@given(TEXT, TEXT, st.lists(TEXT, min_size=1, max_size=4))
def test_any_text_comes_out_as_it_went_in(family: str, reviewer: str, lines: list[str]) -> None:
    family = family.replace(", ", " ")
    result = plain(subject=Subject("P", family, "T-1", None, named=True), reviewer=reviewer, text=lines)
    segments = message(result).decode().split("\r")
    assert [segment[:3] for segment in segments[:4]] == ["MSH", "PID", "ORC", "OBR"]
    fields = {segment[:3]: segment.split("|") for segment in segments if segment}
    name = (fields["PID"] + [""] * 6)[5].split("^")
    assert back(name[0]) == family
    told = next(
        segment.split("|")[5] for segment in segments if segment.startswith("OBX") and "18782-3" in segment
    )
    assert [back(line) for line in told.split("~")] == lines


@given(st.text(st.characters(min_codepoint=32, max_codepoint=0x17F), max_size=60))
def test_another_library_reads_the_same_text(text: str) -> None:
    finding = next(row for row in rows(plain(headline=text)) if "19005-8" in str(row))
    told = str(finding[5])
    assert back(told) == text
    if "\\X" not in told:  # python-hl7 takes control characters back only where a map for them is given
        assert other_library.parse("MSH|^~\\&|\r").unescape(told) == text


@given(st.floats(min_value=0, max_value=1e9, allow_nan=False))
def test_a_number_is_written_without_rounding_and_without_an_exponent(value: float) -> None:
    lesion = PlainLesion(1, "Tumour 1", "2.25.1", [Quantity(VOLUME, value, "mL")])
    (row,) = [row for row in rows(plain(lesions=[lesion], quantities=[])) if str(row[2]) == "NM"]
    assert float(str(row[5])) == value and "e" not in str(row[5]).lower()
    assert str(row[6]) == "mL^milliliter^UCUM"


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (ResultStatus.PRELIMINARY, "P"),
        (ResultStatus.FINAL, "F"),
        (ResultStatus.CORRECTED, "C"),
        (ResultStatus.REJECTED, "X"),
    ],
)
def test_the_status_stands_in_obr_and_in_every_obx(status: ResultStatus, word: str) -> None:
    read = parsed(plain(status=status))
    assert str(read.segment("OBR")[25]) == word
    assert {str(row[11]) for row in read.segments("OBX")} == {word}


def test_what_is_withdrawn_is_deleted_by_its_name() -> None:
    gone = PlainLesion(1, "Tumour 1", "2.25.1", [Quantity(VOLUME, None, "mL")], withdrawn=True)
    result = plain(status=ResultStatus.REJECTED, answer=None, quantities=[], lesions=[gone])
    deleted = [(str(row[3][0][0]), str(row[4])) for row in rows(result) if str(row[11]) == "D"]
    assert deleted == [("108369006", "0"), ("112039", "1"), ("118565006", "1")]
    assert all(str(row[5]) == "" for row in rows(result) if str(row[11]) == "D")


def test_the_same_result_has_the_same_bytes_and_another_verdict_another_control_id() -> None:
    assert message(plain()) == message(plain())
    told = {control_id(plain()), control_id(plain(version="c" * 32)), control_id(plain(reading="c" * 32))}
    assert len(told) == 3 and all(len(word) == 20 for word in told)
    assert control_id(plain()) != control_id(plain(subject=Subject("P-7K3QX")))
    assert str(parsed(plain())[0][10]) == control_id(plain())


def test_an_umlaut_is_utf_8_and_the_message_says_so() -> None:
    result = plain(subject=Subject("P", "Müller, Jürgen", "ß|1", date(1950, 12, 31), named=True), sex="M")
    content = message(result)
    assert "Müller^Jürgen".encode() in content
    read = other_library.parse(content.decode("utf-8"))
    assert str(read.segment("MSH")[18]) == "UNICODE UTF-8"
    assert str(read.segment("PID")[3][0][0]) == "ß\\F\\1"
    assert [str(read.segment("PID")[place]) for place in (7, 8)] == ["19501231", "M"]


def test_order_and_issuer_are_told_with_the_identity_alone() -> None:
    read = parsed(plain(subject=identified()))
    assert [str(read.segment("OBR")[place]) for place in (2, 18)] == ["A\\F\\77"] * 2
    assert str(read.segment("ORC")[2]) == "A\\F\\77"
    assert str(read.segment("PID")[3]) == "T-1^^^CITY^MR"
    assert str(read.segment("PID")[5]) == "Doe^Jane^M^Jr^Dr^^L"  # XPN has the suffix before the prefix
    hidden = message(plain(subject=replace(identified(), named=False)))
    assert not any(word in hidden for word in (b"77", b"CITY", b"Doe", b"T-1"))


def test_a_pseudonym_is_marked_as_one() -> None:
    read = parsed(plain(subject=Subject("P-7K3QX")))
    assert str(read.segment("PID")[3]) == "P-7K3QX^^^LIGHTBOX^ANON"
    assert str(read.segment("PID")[5]) == "P-7K3QX^^^^^^S"  # table 0200: a pseudonym
    assert "Doe" not in str(read)


def test_made_up_patients_go_to_training_systems() -> None:
    assert str(parsed(plain(synthetic=True))[0][11]) == "T"
    assert str(parsed(plain())[0][11]) == "P"


def test_a_day_without_a_time_stays_a_day() -> None:
    result = plain(examined_at=datetime(2026, 1, 2, 12, tzinfo=UTC), examined_day_only=True)
    assert str(parsed(result).segment("OBR")[7]) == "20260102"
