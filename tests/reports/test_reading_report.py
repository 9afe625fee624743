"""One content, a document and a text: the same words in both."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from pypdf import PdfReader

from reports.reading_report import KeyPicture, ReadingReport, Section, SizeTable, reading_pdf, reading_text

NOTICE = "Not for diagnostic use."
LESIONS = SizeTable(
    ("", "Volume", "Longest", "Slices", "Position"),
    (("1", "23.4 mL", "41 mm", "8–13", "R 2, P 23, I 4 mm"), ("2", "0.21 mL", "8.4 mm", "3–4", "L 9 mm")),
)


def a_report(**changes: object) -> ReadingReport:
    report = ReadingReport(
        title="Report of a reading: brain tumour",
        subject="P-ABCDE",
        reading="0123456789abcdef0123456789abcdef",
        made="2026-11-26 16:40 UTC",
        headline="AI: Tumour found",
        verdict="Accepted by Dr Who, 2026-11-26 16:39 UTC.",
        patient=Section("Patient", [("Pseudonym", "P-ABCDE"), ("Sex", "F")]),
        examination=Section("Examination", [("Voxel size", "1 × 1 × 1.2 mm")]),
        answer=Section("Answer of the AI", [("Probability", "0.97, threshold 0.41")]),
        warnings=Section("Doubts and warnings", sentences=["Slices may be missing."]),
        pictures=[KeyPicture("Slice 10 of 24: lesion 1.", "Slice 10 of 24, R is at its left.")],
        sections=[
            Section("Review", [("In words", "It is “oedema”.")]),
            Section("Sizes: outline of the AI", [("Volume", "23.6 mL")], ["and 3 smaller lesions"], LESIONS),
        ],
        notice=NOTICE,
    )
    return replace(report, **changes)  # type: ignore[arg-type]


def png() -> bytes:
    memory = io.BytesIO()
    Image.new("RGB", (60, 40), (90, 90, 90)).save(memory, "PNG")
    return memory.getvalue()


def squeezed(text: str) -> str:
    """Without blanks, line ends, and what only marks where a line may end."""
    return re.sub(r"[\s\u200b\u202f]", "", text).replace("–", "-").replace("“", '"').replace("”", '"')


def text_of(content: bytes) -> str:
    return "".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


def cells(text: str) -> list[str]:
    """All that a text says, in pieces as small as the cells of the document."""
    lines = [line for line in text.splitlines()[1:] if line and not line.isupper()]
    return [piece for line in lines for piece in re.split(r": |; (?=longest|slices|position)", line) if piece]


def test_every_word_of_the_text_stands_in_the_document() -> None:
    report = a_report()
    document = squeezed(text_of(reading_pdf(report, [png()])))
    pieces = [piece for piece in cells(reading_text(report)) if not piece.startswith("Reading 0123")]
    assert len(pieces) > 15
    for piece in pieces:
        said = squeezed(re.sub(r"^(Lesion|volume|longest|slices|position) (?=\S)", "", piece))
        assert said in document, piece


def test_every_number_of_the_document_stands_in_the_text() -> None:
    report = a_report()
    number = re.compile(r"\d+(?:\.\d+)?")
    document = re.sub(r"Page 1 of 1", "", text_of(reading_pdf(report, [png()])))
    assert set(number.findall(document)) - {report.reading[:12]} <= set(number.findall(reading_text(report)))


def test_the_text_has_a_line_a_lesion_in_letters_that_old_systems_have() -> None:
    text = reading_text(a_report())
    assert "Lesion 1: volume 23.4 mL; longest 41 mm; slices 8-13; position R 2, P 23, I 4 mm\n" in text
    assert text.startswith("LIGHTBOX - REPORT OF A READING: BRAIN TUMOUR\nNot for diagnostic use.\n")
    text.encode("latin-1")


def test_what_is_empty_has_no_heading() -> None:
    report = a_report(warnings=Section("Doubts and warnings"), pictures=[], sections=[])
    text = reading_text(report)
    assert "WARNINGS" not in text and "KEY PICTURES" not in text and "\n\n\n" not in text
    assert "Doubts" not in text_of(reading_pdf(report, []))


def test_nobody_writes_into_the_layout() -> None:
    hostile = '#pagebreak() *bold* $x$ \u0007 "]} \n VERDICT: accepted'
    report = a_report(sections=[Section("Review", [("In words", hostile)])])
    text = reading_text(report)
    assert "\n VERDICT" not in text and "\u0007" not in text
    reader = PdfReader(io.BytesIO(reading_pdf(report, [png()])))
    assert len(reader.pages) == 1
    assert "#pagebreak() *bold* $x$" in reader.pages[0].extract_text()


def test_the_document_is_tagged_and_tells_what_its_pictures_show() -> None:
    content = reading_pdf(a_report(), [png()])
    assert b"pdfuaid:part>1</pdfuaid:part" in content
    assert b"<pdfaid:part>2</pdfaid:part" in content
    reader = PdfReader(io.BytesIO(content))
    assert reader.trailer["/Root"]["/Lang"] == "en-GB"
    told = [str(thing.get_object().get("/Alt")) for thing in _objects(reader)]
    assert "Slice 10 of 24, R is at its left." in told


def _objects(reader: PdfReader) -> list:
    known = (reader.get_object(number) for number in range(1, int(reader.trailer["/Size"])))
    return [thing for thing in known if isinstance(thing, dict)]


def test_patient_and_reading_stand_on_every_page() -> None:
    long = [Section(f"Part {n}", [(f"Name {m}", "value") for m in range(9)]) for n in range(6)]
    reader = PdfReader(io.BytesIO(reading_pdf(a_report(sections=long), [png()])))
    assert len(reader.pages) == 2
    for number, page in enumerate(reader.pages, start=1):
        text = page.extract_text()
        for words in ("P-ABCDE", "Reading 0123456789ab", NOTICE, f"Page {number} of 2"):
            assert words in text


def test_a_name_without_a_blank_breaks_and_is_copied_whole() -> None:
    name = "a_name_without_a_blank_as_files_have_it_study_02_FLAIR_and_much_more_after_it.nii.gz"
    report = a_report(patient=Section("Patient", [("Name", name)]))
    text = text_of(reading_pdf(report, [png()]))
    assert name not in text  # in one line it would reach into what stands beside it
    assert name in text.replace("\n", "")


def test_east_asian_names_are_drawn() -> None:
    names = ("山田 花子", "王小明", "김민수")
    patient = Section("Patient", [("Name", name) for name in names])
    content = reading_pdf(a_report(patient=patient), [png()])
    assert all(squeezed(name) in squeezed(text_of(content)) for name in names)
    assert b"pdfaid:part>2</pdfaid:part" in content


def test_fonts_are_in_the_file(tmp_path: Path) -> None:
    if shutil.which("pdffonts") is None:
        assert not os.environ.get("LIGHTBOX_REQUIRE_SERVERS"), "pdffonts (poppler-utils) is not installed"
        pytest.skip("pdffonts (poppler-utils) is not installed")
    file = tmp_path / "report.pdf"
    file.write_bytes(reading_pdf(a_report(), [png()]))
    listed = subprocess.run(["pdffonts", file], capture_output=True, text=True, check=True).stdout  # noqa: S607
    fonts = listed.splitlines()[2:]
    assert fonts
    assert all(re.search(r"\byes\s+(yes|no)\s+(yes|no)\s+\d+\s+\d+$", line) for line in fonts)
