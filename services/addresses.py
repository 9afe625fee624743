"""The addresses of the pages: built here, and their queries are read here.

It lies below all services, because an alert keeps the address of what it is about, and commands raise
alerts where no page is. What the filters of a cohort and the choices of the performance page look like
in a query is said by `services.cohort.filters` and `services.performance.numbers`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import ClassVar, Self
from urllib.parse import parse_qs, quote, urlencode

ACCEPTANCE = "/acceptance"
ADMIN = "/admin"
ALERTS = "/alerts"
AUDIT = "/audit"
BOARDS = "/boards"
COHORT = "/cohort"
DEPARTMENTS = "/departments"
DICOM = "/dicom"
DRIFT = "/drift"
EVALUATIONS = "/evaluations"
FEEDBACK = "/feedback"
HELP = "/help"
MODELS = "/models"
MODEL_CARD = "/model-card"
PATIENTS = "/patients"
PERFORMANCE = "/performance"
REHEARSALS = "/rehearsals"
REPORTS = "/reports"
RETENTION = "/retention"
RETRAININGS = "/retrainings"
SCANS = "/scans"
ACCOUNT = "/account"
WORKLIST = "/worklist"

COMPARE = "compare"  # below a patient
CASES = "cases"  # the part of the performance page that lists cases


def scan(scan_id: str) -> str:
    """One scan's page."""
    return f"{SCANS}/{quote(scan_id, safe='')}"


def patient(pseudonym: str) -> str:
    """One patient's page."""
    return f"{PATIENTS}/{quote(pseudonym, safe='')}"


def feedback(state: str = "") -> str:
    """The messages about results; of all in one state for who may answer them."""
    return _with_query(FEEDBACK, _query({"state": state}))


def feedback_state(search: str | None) -> str:
    """Which state the query of that page asks for; "" where none."""
    return _first_values(search).get("state", "")


def comparison(pseudonym: str, current: str | None = None, prior: str | None = None) -> str:
    """Two scans of a patient beside each other, by their ids; the newest two where none is named."""
    return _with_query(f"{patient(pseudonym)}/{COMPARE}", _query({"current": current, "prior": prior}))


def compared(search: str | None) -> tuple[str | None, str | None]:
    """The ids of the current and the prior scan that a comparison's query names."""
    given = _first_values(search)
    return given.get("current"), given.get("prior")


def rehearsal(rehearsal_id: str) -> str:
    """One rehearsal's page."""
    return f"{REHEARSALS}/{quote(rehearsal_id, safe='')}"


def evaluation(evaluation_id: str, beside: str = "") -> str:
    """One evaluation's page, beside another one where that is named."""
    path = f"{EVALUATIONS}/{quote(evaluation_id, safe='')}"
    return _with_query(path, _query({"beside": beside}))


def evaluations(query: str = "") -> str:
    """The list of evaluations, and what can be asked for: of scans that fit a query of the cohort page."""
    return _with_query(EVALUATIONS, query)


def acceptance(task: str = "", test: str = "") -> str:
    """The page of local acceptance: of a task, opened at one of its tests where that is named."""
    return _with_query(ACCEPTANCE, _query({"task": task, "test": test}))


def acceptance_test_of(search: str | None) -> str:
    """The test that the query of that page names; "" where none."""
    return _first_values(search).get("test", "")


def task_of(search: str | None, tasks: Sequence[str]) -> str | None:
    """The task that a query filters by, if it is one of these; else the first of them."""
    asked = _first_values(search).get("task")
    return asked if asked in tasks else next(iter(tasks), None)


def beside(search: str | None) -> str:
    """The evaluation that the query of another one's page names; "" where none."""
    return _first_values(search).get("beside", "")


def model_card_query(task: str, version: str) -> str:
    """How a query names the card of a version."""
    return _query({"task": task, "version": version})


def model_card(task: str, version: str) -> str:
    """The page of a version's model card."""
    return _with_query(MODEL_CARD, model_card_query(task, version))


def model_card_of(search: str | None) -> tuple[str, str]:
    """Task and version that a query names; "" for what it leaves out."""
    given = _first_values(search)
    return given.get("task", ""), given.get("version", "")


def board(board_id: str) -> str:
    """One board."""
    return f"{BOARDS}/{quote(board_id, safe='')}"


def worklist(query: str = "") -> str:
    """The worklist, filtered by a query of `services.cohort.filters`."""
    return _with_query(WORKLIST, query)


def cohort(query: str = "") -> str:
    """The cohort page, filtered by a query of `services.cohort.filters`."""
    return _with_query(COHORT, query)


def department_of(scan_id: str) -> str:
    """Where a scan is moved to another department."""
    return f"{DEPARTMENTS}?{urlencode({'scan': scan_id})}"


def performance(query: str = "", part: str = "") -> str:
    """The performance page for a query of `services.performance.numbers`, scrolled to a part of it."""
    return _with_query(PERFORMANCE, query) + (f"#{part}" if part else "")


@dataclass(frozen=True)
class _PageAddress:
    """The address of a page whose query holds the fields of the class, each a text or left out."""

    path: ClassVar[str]

    def __str__(self) -> str:
        """As a link."""
        return _with_query(self.path, self.query)

    @property
    def query(self) -> str:
        """What follows the question mark."""
        return _query(vars(self))

    @classmethod
    def read(cls, search: str | None) -> Self:
        """What a page's query asks for; what it does not know is passed over."""
        given = _first_values(search)
        return cls(**{field.name: given[field.name] for field in fields(cls) if field.name in given})


@dataclass(frozen=True)
class DriftAddress(_PageAddress):
    """What the drift page shows: a task, or a run (beside a second one), and the scans behind a feature."""

    path: ClassVar[str] = DRIFT
    task: str | None = None
    run: str | None = None
    feature: str | None = None
    vs: str | None = None


@dataclass(frozen=True)
class WorklistAddress:
    """What the worklist shows: filters, words searched for, an order, and the row at the top.

    `sort` holds (column, descending) pairs; filters are those of `data.ledger.selection`. `sealed` stands for
    the words (`services.search_words`). `search` holds them where another program's link says
    them as they are; it is read and never written, because they may name a patient.
    """

    filters: Mapping[str, tuple[str, ...]]
    sealed: str = ""
    sort: tuple[tuple[str, bool], ...] = ()
    row: int = 0
    search: str = ""

    def __str__(self) -> str:
        """As a link."""
        pairs = [(name, value) for name, values in self.filters.items() for value in values]
        pairs += [("words", self.sealed)] if self.sealed else []
        pairs += [("sort", f"-{column}" if descending else column) for column, descending in self.sort]
        pairs += [("row", str(self.row))] if self.row else []
        return worklist(urlencode(pairs))

    @classmethod
    def read(cls, search: str | None) -> Self:
        """What the page's query asks for; a row that is no number is the first one."""
        given = {name: tuple(values) for name, values in parse_qs((search or "").removeprefix("?")).items()}
        sealed, row, words = (given.pop(name, ("",))[0] for name in ("words", "row", "q"))
        given.pop("vs", None)  # the cohort's second choice, which the worklist has none of
        sort = tuple((name.removeprefix("-"), name.startswith("-")) for name in given.pop("sort", ()))
        return cls(given, sealed, sort, _count(row), words)


@dataclass(frozen=True)
class ScanAddress:
    """A scan's page on the way from case to case: the query of the worklist, and the case before."""

    scan_id: str
    worklist: str = ""
    before: str | None = None

    def __str__(self) -> str:
        """As a link."""
        return _with_query(scan(self.scan_id), "&".join(filter(None, (self.worklist, self._came_from))))

    @property
    def _came_from(self) -> str:
        return _query({"before": self.before})

    @classmethod
    def read(cls, scan_id: str, search: str | None) -> Self:
        """What the query of a scan's page says."""
        given = parse_qs((search or "").removeprefix("?"))
        before = given.pop("before", [None])[0]
        return cls(scan_id, urlencode(given, doseq=True), before)


@dataclass(frozen=True)
class AlertsAddress:
    """What the page of alerts shows: how many past ones, and which alert is marked."""

    alert: str | None = None
    past: int | None = None

    def __str__(self) -> str:
        """As a link."""
        past = None if self.past is None else str(self.past)
        return _with_query(ALERTS, _query({"alert": self.alert, "past": past}))

    @classmethod
    def read(cls, search: str | None) -> Self:
        """What a page's query asks for; a number that is none, or below 1, is passed over."""
        given = _first_values(search)
        return cls(given.get("alert"), _count(given.get("past", "")) or None)


VIEWS_SHOWN = "shown"


@dataclass(frozen=True)
class AuditAddress(_PageAddress):
    """What the page of the audit trail shows: by person, kind, outcome, patient, subject and days."""

    path: ClassVar[str] = AUDIT
    person: str = ""
    kind: str = ""
    outcome: str = ""
    patient: str = ""  # a pseudonym
    views: str = ""  # VIEWS_SHOWN: what people only looked at is listed too
    subject: str = ""
    since: str = ""
    until: str = ""
    before: str = ""  # the events older than the one of this number

    @classmethod
    def of_patient(cls, pseudonym: str) -> AuditAddress:
        """Everything that was done with a patient, looks as well."""
        return cls(patient=pseudonym, views=VIEWS_SHOWN)


@dataclass(frozen=True)
class BoardAddress(_PageAddress):
    """Which part of all numbers a board shows, where it is not as the board itself says."""

    path: ClassVar[str] = BOARDS
    months: str = ""
    site: str = ""
    scanner: str = ""
    sex: str = ""
    age: str = ""


@dataclass(frozen=True)
class ReportsAddress:
    """How the form of the page of reports is filled in: a kind of report, and what it asks for by name."""

    kind: str | None = None
    fields: Mapping[str, str] | None = None

    def __str__(self) -> str:
        """As a link."""
        return _with_query(REPORTS, _query({"kind": self.kind, **(self.fields or {})}))

    @classmethod
    def read(cls, search: str | None) -> Self:
        """What a page's query fills in."""
        given = _first_values(search)
        return cls(given.pop("kind", None), given)


_DIGITS = 10  # more than any number that is asked for has


def _count(text: str) -> int:
    """A number in an address, 0 for what is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < _DIGITS else 0


def _with_query(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path


def _query(parameters: Mapping[str, str | None]) -> str:
    return urlencode({name: value for name, value in parameters.items() if value})


def _first_values(search: str | None) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs((search or "").removeprefix("?")).items()}
