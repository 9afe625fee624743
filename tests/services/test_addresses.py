"""Addresses lead back to what they were built from, whatever stands in them."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from services import addresses
from services.addresses import AlertsAddress, DriftAddress, ReportsAddress, ScanAddress, WorklistAddress

# What urllib's own parser takes back: no lone surrogates, and an empty value is the same as none.
WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
OPTIONAL = st.none() | WORDS
NAMES = st.text("abcdefghij-_", min_size=1).filter(lambda name: name != "kind")


@given(st.builds(DriftAddress, OPTIONAL, OPTIONAL, OPTIONAL, OPTIONAL))
def test_the_drift_page_reads_what_was_built(address: DriftAddress) -> None:
    link = urlsplit(str(address))
    assert link.path == addresses.DRIFT
    assert DriftAddress.read(f"?{link.query}") == DriftAddress.read(link.query) == address


@given(st.builds(AlertsAddress, OPTIONAL, st.none() | st.integers(1, 10**8)))
def test_the_page_of_alerts_reads_what_was_built(address: AlertsAddress) -> None:
    link = urlsplit(str(address))
    assert link.path == addresses.ALERTS
    assert AlertsAddress.read(link.query) == address


@given(st.builds(ReportsAddress, OPTIONAL, st.dictionaries(NAMES, WORDS)))
def test_the_page_of_reports_reads_what_was_built(address: ReportsAddress) -> None:
    link = urlsplit(str(address))
    assert link.path == addresses.REPORTS
    assert ReportsAddress.read(link.query) == address


@given(WORDS)
def test_an_id_stays_one_part_of_the_path(name: str) -> None:
    for build, page in ((addresses.scan, addresses.SCANS), (addresses.rehearsal, addresses.REHEARSALS)):
        path = urlsplit(f"http://lightbox{build(name)}").path
        assert path.count("/") == 2
        assert unquote(path.removeprefix(f"{page}/")) == name


def test_nonsense_in_a_query_is_passed_over() -> None:
    assert DriftAddress.read("?run=1&colour=red") == DriftAddress(run="1")
    assert DriftAddress.read(None) == DriftAddress.read("?run=") == DriftAddress()
    for number in ("-3", "0", "x", "²", "9" * 12):
        assert AlertsAddress.read(f"?past={number}") == AlertsAddress()


def test_a_link_without_a_query_has_no_question_mark() -> None:
    assert str(DriftAddress()) == addresses.DRIFT
    assert (addresses.worklist(), addresses.cohort()) == ("/worklist", "/cohort")
    assert addresses.worklist("site=North") == "/worklist?site=North"
    assert addresses.cohort("sex=F") == "/cohort?sex=F"
    assert addresses.performance() == "/performance"
    assert addresses.performance("task=a", addresses.CASES) == "/performance?task=a#cases"


FILTERS = st.dictionaries(
    st.text("abcdefgh-", min_size=1), st.lists(WORDS, min_size=1, max_size=3).map(tuple), max_size=3
)
COLUMNS = st.text("abcdefgh_", min_size=1)


@given(
    st.builds(
        WorklistAddress,
        FILTERS,
        st.just("") | WORDS,
        st.lists(st.tuples(COLUMNS, st.booleans()), max_size=2).map(tuple),
        st.integers(0, 10**8),
    )
)
def test_the_worklist_reads_what_was_built(address: WorklistAddress) -> None:
    link = urlsplit(str(address))
    assert link.path == addresses.WORKLIST
    assert WorklistAddress.read(link.query) == WorklistAddress.read(f"?{link.query}") == address


@given(WORDS, st.none() | st.builds(WorklistAddress, FILTERS, WORDS), OPTIONAL)
def test_a_case_keeps_the_list_that_it_came_from(
    scan_id: str, worklist: WorklistAddress | None, before: str | None
) -> None:
    query = "" if worklist is None else urlsplit(str(worklist)).query
    address = ScanAddress(scan_id, query, before)
    link = urlsplit(str(address))
    assert link.path == urlsplit(addresses.scan(scan_id)).path
    again = ScanAddress.read(scan_id, f"?{link.query}" if link.query else None)
    assert (again, str(again)) == (address, str(address))
    if worklist is not None:
        assert WorklistAddress.read(again.worklist) == worklist
