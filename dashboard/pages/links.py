"""What an address may ask of each page: whoever opens a bad link is told on a page of its own what is wrong.

Within a page, what a person chooses goes through the same services, and an error stands in the alert.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode

from dashboard.components.reports import NEEDS
from data.errors import InvalidInput, NotFound, TrackingAway
from data.records import WATCHED, FeedbackState, ReportKind, User, WorklistQuery
from services import addresses
from services.addresses import (
    AlertsAddress,
    AuditAddress,
    BoardAddress,
    DriftAddress,
    ReportsAddress,
    WorklistAddress,
)
from services.boards.choices import chosen
from services.cohort.filters import Query
from services.performance.cases import CHOICES
from services.reviewing.worklist import BY_URGENCY
from services.statistics.subgroups import SUBGROUPS

if TYPE_CHECKING:
    from services.assembly.container import Services

Check = Callable[[User, str, str], None]
"""Of a person, what follows the page's path, and what follows the question mark; raises what is wrong."""


class Links:
    """Asks the services whether what an address names is there."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._checks: Mapping[tuple[str, str], Check] = {
            (addresses.WORKLIST, ""): self._worklist,
            (addresses.SCANS, ""): self._scan,
            (addresses.PATIENTS, ""): self._patient,
            (addresses.PATIENTS, addresses.COMPARE): self._comparison,
            (addresses.COHORT, ""): self._cohort,
            (addresses.PERFORMANCE, ""): self._performance,
            (addresses.DRIFT, ""): self._drift,
            (addresses.BOARDS, ""): self._boards,
            (addresses.REHEARSALS, ""): self._rehearsal,
            (addresses.EVALUATIONS, ""): self._evaluations,
            (addresses.ACCEPTANCE, ""): self._acceptance,
            (addresses.MODEL_CARD, ""): self._model_card,
            (addresses.REPORTS, ""): self._reports,
            (addresses.FEEDBACK, ""): self._feedback,
            (addresses.ALERTS, ""): self._alerts,
            (addresses.AUDIT, ""): self._audit,
        }

    def check(self, path: str, part: str, user: User, argument: str, search: str) -> None:
        """Raises NotFound or InvalidInput where a link to the page asks for what there is not."""
        check = self._checks.get((path, part))
        if check is None:
            _only(search, ())
        else:
            check(user, argument, search)

    def _worklist(self, user: User, _: str, search: str) -> None:
        given = parse_qs(search.lstrip("?"))
        for row in given.get("row", ()):
            if not row.isdecimal():
                raise InvalidInput(f"“{row}” is not the number of a row.")
        address = WorklistAddress.read(search)
        self._here(address.filters, user)
        self._listed(address, user)

    def _listed(self, address: WorklistAddress, user: User) -> None:
        """Raises InvalidInput for filters and an order that the worklist does not have."""
        if not address.filters and not address.sort:
            return
        asked = WorklistQuery(0, 1, "", dict(address.filters), address.sort or BY_URGENCY)
        self._services.reviewing.worklist.page(asked, user)

    def _scan(self, user: User, scan_id: str, search: str) -> None:
        self._services.reviewing.scan_views.require(scan_id, user)
        # Which list it was opened from may be outdated; the scan itself is there.
        self._listed(WorklistAddress.read(addresses.ScanAddress.read(scan_id, search).worklist), user)

    def _patient(self, user: User, reference: str, search: str) -> None:
        _only(search, ())
        self._services.reviewing.patients.require(reference, user)

    def _comparison(self, user: User, reference: str, search: str) -> None:
        _only(search, ("current", "prior"))
        self._services.reviewing.patients.require(reference, user)
        for scan_id in filter(None, addresses.compared(search)):
            self._services.reviewing.scan_views.require(scan_id, user)

    def _cohort(self, user: User, _: str, search: str) -> None:
        numbers = self._services.cohort.numbers
        first = numbers.asked(search)
        for asked in (first, *([] if first.vs is None else [numbers.asked(first.vs)])):
            numbers.total(asked.filters, None)
            self._here(asked.filters, user)

    def _performance(self, user: User, _: str, search: str) -> None:
        performance = self._services.performance
        asked = performance.numbers.asked(search, user)
        for version in filter(None, (asked.version, asked.vs)):
            if not self._may_be_version(asked.task, version):
                raise NotFound(f"There is no version {version} of this task.")
        if asked.vs and asked.vs == asked.version:
            raise InvalidInput("Choose another version to compare with.")
        dimension, _, group = asked.group.partition(":")
        if asked.group and dimension not in SUBGROUPS:
            raise InvalidInput(f"Cases are not grouped by {dimension}.")
        self._services.cohort.numbers.require_here({dimension: (group,)})
        self._services.cohort.numbers.require_here({name: (value,) for name, value in asked.chosen})
        performance.cases.of(asked.which(asked.cases or "all"))
        performance.numbers.require_month(asked.task, asked.month)

    def _drift(self, _: User, __: str, search: str) -> None:
        _only(search, [field.name for field in fields(DriftAddress)])
        address = DriftAddress.read(search)
        if address.task is not None and address.task not in self._services.versions.registry.clinical:
            raise InvalidInput(f"There is no task called {address.task}.")
        for run_id in filter(None, (address.run, address.vs)):
            self._services.drift.runs.run(run_id)
        if address.feature is not None and address.feature not in WATCHED:
            raise NotFound(f"No feature called {address.feature[:60]} is watched for drift.")

    def _boards(self, user: User, board_id: str, search: str) -> None:
        if not board_id:
            _only(search, ())
            return
        _only(search, [field.name for field in fields(BoardAddress)])
        chosen(self._services.boards.boards.get(board_id, user), search)
        of = BoardAddress.read(search)
        self._services.cohort.numbers.require_here({name: (getattr(of, name),) for name in CHOICES})

    def _rehearsal(self, _: User, rehearsal_id: str, search: str) -> None:
        _only(search, ())
        try:
            self._services.versions.rehearsals.opened(rehearsal_id)
        except TrackingAway:
            return  # the page says so itself, and the link may be a good one

    def _evaluations(self, user: User, evaluation_id: str, search: str) -> None:
        if not evaluation_id:
            self._cohort(user, "", search)
            return
        _only(search, ("beside",))
        for each in filter(None, (evaluation_id, addresses.beside(search))):
            self._services.evaluations.evaluations.get(each, user)

    def _acceptance(self, user: User, _: str, search: str) -> None:
        _only(search, ("task", "test"))
        clinical = self._services.versions.registry.clinical
        asked = parse_qs(search.lstrip("?")).get("task", [None])[0]
        if asked is not None and asked not in clinical:
            raise InvalidInput(f"There is no task called {asked}.")
        test_id = addresses.acceptance_test_of(search)
        if test_id:
            self._services.acceptance.tests.view(test_id, user)

    def _model_card(self, user: User, _: str, search: str) -> None:
        _only(search, ("task", "version"))
        self._performance(user, "", search)

    def _reports(self, user: User, _: str, search: str) -> None:
        address = ReportsAddress.read(search)
        _only(search, {"kind", *(name for needs in NEEDS.values() for part in needs for name in part)})
        if address.kind is not None and address.kind not in {kind.value for kind in ReportKind}:
            raise InvalidInput(f"There is no kind of report called {address.kind}.")
        given = address.fields or {}
        about = {name: given[name] for name in ("task", "version", "month") if name in given}
        if about:
            self._performance(user, "", urlencode(about))
        if "run" in given:
            self._services.drift.runs.run(given["run"])
        days = {name: (given[name],) for name in ("from", "to") if name in given}
        self._services.cohort.numbers.total(days, None)
        self._cohort(user, "", given.get("filters", ""))

    def _feedback(self, _: User, __: str, search: str) -> None:
        _only(search, ("state",))
        state = addresses.feedback_state(search)
        if state and state not in {each.value for each in FeedbackState}:
            raise InvalidInput(f"Messages are never “{state}”.")

    def _alerts(self, user: User, _: str, search: str) -> None:
        _only(search, [field.name for field in fields(AlertsAddress)])
        for past in parse_qs(search.lstrip("?")).get("past", ()):
            if not past.isdecimal():
                raise InvalidInput(f"“{past}” is not a number of past alerts.")
        alert = AlertsAddress.read(search).alert
        if alert is not None:
            self._services.alerts.get(alert, user)

    def _audit(self, _: User, __: str, search: str) -> None:
        _only(search, [field.name for field in fields(AuditAddress)])
        self._services.auditing.trail.asked(AuditAddress.read(search))

    def _here(self, filters: Query, user: User) -> None:
        """Raises NotFound or InvalidInput for what no scan can be filtered by here."""
        numbers = self._services.cohort.numbers
        clinical = self._services.versions.registry.clinical
        for task in filters.get("task", ()):
            if task not in clinical and not numbers.total({"task": (task,)}, None):
                raise InvalidInput(f"There is no task called {task}.")
        unknown = [name for name in filters.get("version", ()) if not self._may_be_model(name)]
        numbers.require_here({**filters, "version": unknown})

    def _may_be_model(self, name: str) -> bool:
        """Whether a version by the name of a filter, such as "pneumonia 2", is registered."""
        task, _, version = name.rpartition(" ")
        return task in self._services.versions.registry.clinical and self._may_be_version(task, version)

    def _may_be_version(self, task: str, version: str) -> bool:
        """Whether a version is registered, or has judged cases; nobody can tell while MLflow is away."""
        performance = self._services.performance
        history = performance.numbers.history(task)
        registered = {each.version.version for each in history.versions}
        judged = {name for name, _ in performance.cases.versions(task)}
        return version in registered | judged or history.trouble is not None


def _only(search: str, names: Collection[str]) -> None:
    """Raises InvalidInput for a parameter that the page does not have."""
    if unknown := set(parse_qs(search.lstrip("?"), keep_blank_values=True)) - set(names):
        raise InvalidInput(f"This page has nothing called {sorted(unknown)[0]} to choose by.")
