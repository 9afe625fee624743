"""The PDF is one that archives take, shows every chart, and takes any text for what it is."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Sequence

import numpy as np
import pytest

from dashboard.components.cohort import panels as cohort_panels
from data.records import NOTICE, ExportRow
from reports.cohort_document import Section, cohort_document, interval, words
from reports.document import Table
from reports.figures import ChartColumn, counts_figure, places_figure, shares_figure
from reports.typesetting import pdf

FACTS = {"Filters": "all scans", "Counted": "2026-11-20 08:00 UTC", "By": "Dr Grey", "Notice": NOTICE}
NASTY = [
    '#panic("x")',
    "$x^2$",
    '#import "@preview/x:1.0"',
    "*a* _b_ `c` <d> @e \\ // /*",
    "\x00\x07",
    "東京 病院 🙂",
]


def counts(names: Sequence[str], section: str = "site") -> list[ExportRow]:
    return [ExportRow(section, name, "scans", n, n) for n, name in enumerate(names, start=5)]


def a_section(names: Sequence[str] = ("North", "South"), *, drawn: bool = True) -> Section:
    columns = [ChartColumn(name, n) for n, name in enumerate(names, start=5)]
    return Section("Scans by site", counts_figure(columns, lying=True) if drawn else None, counts(names))


def text_of(content: bytes) -> list[str]:
    """The words of each page."""
    if importlib.util.find_spec("pypdf") is None:
        pytest.skip("pypdf is not installed")
    from pypdf import PdfReader

    return [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]


@pytest.fixture(scope="module")
def whole() -> bytes:
    shares = [ChartColumn("F", 30, "", 0.25, 0.2, 0.3, 20), ChartColumn("M", 10, "", 0.5, 0.3, 0.7, 10)]
    rows = [ExportRow("sex", "F", "scans", 30, 30), ExportRow("sex", "F", "share", 20, 0.25, 0.2, 0.3)]
    sizes = [ExportRow("size_by_site", "1 to 10 mL", "scans", 6, 6, group="North")]
    places = places_figure(np.eye(16, dtype=np.int64), [[""] * 16 for _ in range(16)])
    sections = [
        a_section(),
        Section("Positive by sex", shares_figure(shares, "Positive"), rows),
        Section("Tumour volume by site", None, sizes),
        Section("Places", places, counts([str(n) for n in range(200)])),
        Section("Agreement of masks", None, []),
    ]
    return pdf(cohort_document(sections, FACTS))


def test_it_is_a_pdf_for_archives(whole: bytes) -> None:
    assert whole.startswith(b"%PDF-1.7")
    assert b"pdfaid:part>2</pdfaid:part" in whole
    assert b"pdfaid:conformance>B</pdfaid:conformance" in whole


def test_its_charts_are_vectors(whole: bytes) -> None:
    assert b"/Subtype/Image" not in whole.replace(b" ", b"")


def test_every_page_says_that_it_is_no_diagnosis_and_which_it_is(whole: bytes) -> None:
    pages = text_of(whole)
    assert len(pages) > 2
    for number, page in enumerate(pages, start=1):
        said = " ".join(page.split())
        assert "Not for diagnostic use" in said
        assert f"{number} / {len(pages)}" in said


def test_contents_and_numbers_can_be_read(whole: bytes) -> None:
    said = " ".join(" ".join(text_of(whole)).split())
    assert said.count("Positive by sex") == 2
    for part in ("Dr Grey", "25.0 %", "20.0 to 30.0 %", "Nothing was counted here"):
        assert part in said


def test_places_that_are_withheld_are_crossed_out_on_paper_too() -> None:
    def drawn(withheld: list[tuple[int, int]]) -> int:
        figure = places_figure(np.zeros((16, 16), dtype=np.int64), [[""] * 16 for _ in range(16)], withheld)
        return len(pdf(cohort_document([Section("Places", figure, counts(["none"]))], FACTS)))

    assert drawn([(row, 5) for row in range(16)]) > drawn([]) + 100


def test_single_numbers_are_named_in_words() -> None:
    rows = [
        ExportRow("summary", "all", "patients", 9, 9),
        ExportRow("summary", "positive", "scans", 6, 6),
        ExportRow("summary", "positive", "share", 9, 0.6, 0.3, 0.8),
        ExportRow("summary", "tumour volume", "scans", 6, 6),
        ExportRow("summary", "tumour volume", "median_ml", 6, 12.0),
    ]
    (chapter,) = cohort_document([Section("At a glance", None, rows)], FACTS).chapters
    (told,) = chapter.blocks
    assert isinstance(told, Table)
    names = ["Patients", "Positive", "Positive, share", "Tumour volume, scans", "Tumour volume, median"]
    assert [row[0] for row in told.rows] == names


def test_nothing_that_a_header_says_is_typeset_as_a_command() -> None:
    facts = FACTS | {"Filters": "site " + " or ".join(NASTY), "By": NASTY[0]}
    content = pdf(cohort_document([a_section(NASTY, drawn=False)], facts))
    assert content.startswith(b"%PDF")
    assert '#panic("x")' in " ".join(text_of(content))


def test_such_names_stand_in_charts_too() -> None:
    assert pdf(cohort_document([a_section(NASTY)], FACTS)).startswith(b"%PDF")


@pytest.mark.parametrize("seconds", [0.0, 1.25, 119.9, 120.0, 7200.0, 172_800.0, 1e7])
def test_lengths_of_time_read_as_on_the_page(seconds: float) -> None:
    assert words(ExportRow("summary", "x", "median_s", 5, seconds)) == cohort_panels.duration(seconds)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (ExportRow("s", "x", "scans", 1234567, 1234567), "1\u202f234\u202f567"),
        (ExportRow("s", "x", "share", 8, 0.125, 0.0347, 0.36), "12.5 %"),
        (ExportRow("s", "x", "median_ml", 8, 12.34), "12.3 mL"),
        (ExportRow("s", "x", "median", 8, 0.876), "0.876"),
        (ExportRow("s", "x", "share", 0, None), "–"),
        (ExportRow("s", "x", "scans", None, None, note="<5"), "<5"),
        (ExportRow("s", "x", "share", None, None, note="fewer than 5"), "fewer than 5 on one side"),
    ],
)
def test_numbers_read_as_on_the_page(row: ExportRow, said: str) -> None:
    assert words(row) == said
    assert interval(row) == ("3.5 to 36.0 %" if row.low else "")


def test_only_made_scans_are_called_so_whatever_a_site_is_called() -> None:
    facts = FACTS | {"Filters": "site SYNTHETIC ward; real scans"}
    real = cohort_document([], facts)
    made = cohort_document([], facts, synthetic=True)
    assert "SYNTHETIC" not in real.title + real.stamp
    assert "SYNTHETIC" in made.title and "SYNTHETIC" in made.stamp
