"""One content, several files: a number stands in the PDF and in the JSON to the digit."""

from __future__ import annotations

import io
import itertools
import json
import math
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.document import (
    CaptionedPicture,
    Chapter,
    Chart,
    Document,
    Paragraph,
    PictureGrid,
    Table,
    document_json,
    fixed,
    rounded,
)
from reports.figures import ChartColumn, counts_figure
from reports.markdown import blocks_of
from reports.typesetting import NARROW_SPACE, pdf

NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")


def text_of(content: bytes) -> str:
    from pypdf import PdfReader

    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


def numbers_in(told: Any) -> set[float]:
    """Every number of a JSON value, those within texts too."""
    if isinstance(told, bool) or told is None:
        return set()
    if isinstance(told, int | float):
        return {float(told)}
    if isinstance(told, str):
        return {float(number) for number in NUMBER.findall(told)}
    values = told.values() if isinstance(told, dict) else told
    return set().union(*(numbers_in(value) for value in values)) if told else set()


def numbers_of(text: str) -> set[float]:
    return {float(number) for number in NUMBER.findall(text.replace(NARROW_SPACE, "").replace("\u2212", "-"))}


def a_document(rows: list[list[Any]], **more: Any) -> Document:
    chart = Chart(counts_figure([ChartColumn("North", 7), ChartColumn("South", 9)]), "Scans by site")
    blocks = [Paragraph("Some words."), chart, Table(["", "n", "recall"], rows, title="Recall")]
    return Document("Report", {"Counted": "today"}, [Chapter("One", blocks)], "stamp", "notice", **more)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 10**9), st.floats(-1e6, 1e6).map(lambda value: rounded(value))),
        min_size=1,
        max_size=6,
    )
)
def test_every_number_of_the_json_stands_in_the_pdf(rows: list[tuple[int, float]]) -> None:
    document = a_document([["row", n, value] for n, value in rows])
    told = json.loads(document_json(document))
    assert numbers_in(told["chapters"]) <= numbers_of(text_of(pdf(document)))


def test_a_column_of_numbers_has_one_number_of_decimals() -> None:
    text = text_of(pdf(a_document([["A", 1234567, 0.9], ["B", 5, 0.875]])))
    assert "0.900" in text
    assert "0.875" in text
    assert f"1{NARROW_SPACE}234{NARROW_SPACE}567" in text


@pytest.mark.parametrize("value", [math.nan, math.inf, None])
def test_what_is_no_number_is_a_dash_and_null(value: float | None) -> None:
    assert fixed(value) is None
    document = a_document([["A", 3, rounded(value)]])
    assert json.loads(document_json(document))["chapters"][0]["blocks"][2]["rows"] == [["A", 3, None]]
    assert "–" in text_of(pdf(document))


def test_pictures_are_embedded_with_what_they_show() -> None:
    from PIL import Image

    memory = io.BytesIO()
    Image.new("L", (40, 30), 90).save(memory, "PNG")
    gallery = PictureGrid([CaptionedPicture(memory.getvalue(), "Case 1: missed")])
    content = pdf(Document("Report", {}, [Chapter("Worst", [gallery])]))
    assert "Case 1: missed" in text_of(content)
    assert b"/Subtype/Image" in content.replace(b" ", b"")


def test_every_page_is_tagged_and_fonts_are_embedded(tmp_path: Path) -> None:
    content = pdf(a_document([["A", 1, 0.5]]))
    assert b"/StructTreeRoot" in content
    assert b"pdfuaid:part>1</pdfuaid:part" in content
    if shutil.which("pdffonts") is None:
        assert not os.environ.get("LIGHTBOX_REQUIRE_SERVERS"), "pdffonts (poppler-utils) is not installed"
        pytest.skip("pdffonts (poppler-utils) is not installed")
    file = tmp_path / "report.pdf"
    file.write_bytes(content)
    listed = subprocess.run(["pdffonts", file], capture_output=True, text=True, check=True).stdout  # noqa: S607
    fonts = listed.splitlines()[2:]
    assert fonts
    assert all(re.search(r"\byes\s+(yes|no)\s+(yes|no)\s+\d+\s+\d+$", line) for line in fonts)


@pytest.mark.parametrize(
    ("name", "font"),
    [
        ("東京中央病院 かながわ", "NotoSerifJP"),
        ("北京协和医院 骨伤诊疗", "NotoSerifSC"),
        ("서울대학교병원", "NotoSerifKR"),
    ],
)
def test_east_asian_names_are_drawn_and_stay_text(name: str, font: str) -> None:
    from pypdf import PdfReader

    chart = Chart(counts_figure([ChartColumn(name, 7), ChartColumn("South", 9)]), f"Scans by site: {name}")
    table = Table(["", "n"], [[name, 3]])
    content = pdf(Document(name, {"Site": name}, [Chapter(name, [Paragraph(name), chart, table])]))
    text = text_of(content)
    assert text.replace("\n", " ").count(name) >= 4
    assert b"pdfaid:part>2</pdfaid:part" in content  # which no file with a box for a letter is
    pages = PdfReader(io.BytesIO(content)).pages
    fonts = {
        str(each.get_object()["/BaseFont"]) for page in pages for each in page["/Resources"]["/Font"].values()
    }
    assert any(font in each for each in fonts)


def test_a_source_stays_with_what_it_is_of_and_pages_are_filled() -> None:
    from pypdf import PdfReader

    entries = [
        block
        for number in range(60)
        for block in (
            Paragraph(f"{number}. Attribute", "heading"),
            Paragraph(f"What is said of it, {number}."),
            Paragraph(f"From: source {number}.", "source"),
        )
    ]
    content = pdf(Document("Card", {}, [Chapter("All", entries)]))
    told = [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages][1:]
    counts = [text.count("From: source") for text in told]
    assert sum(counts) == 60 and min(counts[:-1]) >= 10
    for text in told:
        assert text.count("From: source") == text.count("What is said") == text.count("Attribute")


def test_a_model_card_becomes_parts() -> None:
    card = "# Title\n\n**Not** for\nuse.\n\n## Data\n- one `x`\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    assert blocks_of(card) == [
        Paragraph("Not for use."),
        Paragraph("Data", "heading"),
        Paragraph("one x", "point"),
        Paragraph("two", "point"),
        Table(["a", "b"], [["1", "2"]], texts=2),
    ]


def test_a_wide_table_of_a_card_is_made_narrow_enough_for_paper() -> None:
    card = """| group | kind | source | age | n | refused | found | note |
|---|---|---|---|---|---|---|---|
| healthy | all | all | 40 | 3 | 1 | 2: 66.7 % | |
| all | all | all | all | 1 | 1 |  | |
"""
    (table,) = blocks_of(card)
    assert table == Table(
        ["group, kind, source, age", "n", "refused", "found"],
        [["healthy, 40", "3", "1", "2: 66.7 %"], ["all", "1", "1", "–"]],
        texts=4,
    )


def test_a_short_table_of_long_texts_goes_on_on_the_next_page() -> None:
    from pypdf import PdfReader

    rows = [[f"row{n}", "so many words were written here " * 20] for n in range(12)]
    table = Table(["", "what", "n"], [[*row, n] for n, row in enumerate(rows)], texts=2)
    pages = PdfReader(io.BytesIO(pdf(Document("Test", {}, [Chapter("Incidents", [table])])))).pages
    told = [page.extract_text() for page in pages[1:]]
    assert len(told) > 1 and "row0" in told[0] and "row11" in told[-1]
    assert "row11" not in told[0]


def overprinted(content: bytes) -> bool:
    """Whether a word of a PDF begins before the one to its left has ended."""
    if shutil.which("pdftotext") is None:
        pytest.skip("poppler's pdftotext is not installed")
    told = subprocess.run(["pdftotext", "-bbox", "-", "-"], input=content, capture_output=True, check=True)
    word = r'<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="[\d.]+">'
    foot = 780  # points; below it stand the notice and the page's number
    for page in told.stdout.decode().split("<page ")[1:]:
        boxes = sorted((float(y), float(left), float(right)) for left, y, right in re.findall(word, page))
        body = [box for box in boxes if box[0] < foot]
        for (above, _, right), (below, left, _) in itertools.pairwise(body):
            if above == below and right > left + 0.5:
                return True
    return False


@given(
    st.lists(
        st.lists(st.text("aeinostum", min_size=1, max_size=14), min_size=1, max_size=12).map(" ".join),
        min_size=6,
        max_size=6,
    )
)
@settings(max_examples=25, deadline=None)
def test_no_word_of_a_table_is_printed_over_the_next_column(cells: list[str]) -> None:
    head = ["when", "what", "state", "asked by", "decided by", "gate"]
    table = Table(head, [list(cells)], texts=6)
    assert not overprinted(pdf(Document("Test", {}, [Chapter("Approvals", [table])])))


def test_a_table_of_nothing_says_in_its_own_words_what_there_was_not() -> None:
    table = Table(["", "n"], [], nothing="No alert in this period.")
    text = text_of(pdf(Document("Test", {}, [Chapter("Incidents", [table])])))
    assert "No alert in this period." in text and "Nothing was counted" not in text


def test_a_short_table_is_not_cut_by_the_end_of_a_page() -> None:
    from pypdf import PdfReader

    rows: list[list[Any]] = [[f"row-{number:02d}.", number, 1] for number in range(12)]
    for words in (640, 700, 760):  # the table would lie across the end of one page or another
        blocks = [Paragraph("words " * words), Table(["", "n", "m"], rows)]
        pages = PdfReader(io.BytesIO(pdf(Document("Test", {}, [Chapter("One", blocks)])))).pages
        held = [sum(f"row-{number:02d}." in page.extract_text() for number in range(12)) for page in pages]
        assert [n for n in held if n] == [12]


def test_long_words_of_a_wide_table_do_not_lie_over_their_neighbours() -> None:
    head = [f"column {number}" for number in range(10)]
    rows = [["AbdomenGynaecology", *(["of some length, adult, years not stated"] * 9)]] * 3
    table = Table(head, rows, texts=10)
    assert not overprinted(pdf(Document("Test", {}, [Chapter("Chapter", [table])])))
