"""Which priors are fetched from remote nodes, which were asked for, and what came."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, Row, delete, insert, select, update

from data.codec import from_json, to_json
from data.database import id_from, reading, writing
from data.records import PriorRequest, PriorRule, PriorSeries, PriorState, RetrieveMethod
from data.tables import prior_requests, prior_rules, prior_series


class PriorStore:
    """Rules, requests and their series."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def rules(self) -> dict[str, PriorRule]:
        """The rules by the id of their node."""
        with reading(self._engine) as connection:
            return {row.node_id: _rule(row) for row in connection.execute(select(prior_rules))}

    def set_rule(self, rule: PriorRule) -> None:
        """Keeps a rule in place of the node's older one."""
        with writing(self._engine) as connection:
            connection.execute(delete(prior_rules).where(prior_rules.c.node_id == rule.node_id))
            connection.execute(insert(prior_rules).values(vars(rule) | {"method": rule.method.value}))

    def remove_rule(self, node_id: str) -> None:
        """Fetch nothing from a node any more."""
        with writing(self._engine) as connection:
            connection.execute(delete(prior_rules).where(prior_rules.c.node_id == node_id))

    def add(self, request: PriorRequest) -> bool:
        """Keeps a new request; False where one of this id is here already."""
        with writing(self._engine) as connection:
            known = select(prior_requests.c.id).where(prior_requests.c.id == request.id)
            if connection.execute(known).first() is not None:
                return False
            connection.execute(insert(prior_requests).values(_request_values(request)))
        return True

    def get(self, request_id: str) -> PriorRequest | None:
        """The request, or None."""
        requests = self._requests(prior_requests.c.id == request_id)
        return requests[0] if requests else None

    def of_patient(self, patient_id: str) -> list[PriorRequest]:
        """The requests of a patient, the latest first."""
        return self._requests(prior_requests.c.patient_id == patient_id)

    def due(self, moment: datetime) -> list[PriorRequest]:
        """Failed requests that are to be tried again by now."""
        failed = prior_requests.c.state == PriorState.FAILED.value
        return self._requests(failed & (prior_requests.c.next_at <= moment))

    def waiting(self) -> list[PriorRequest]:
        """Requests that are not done yet and did not fail."""
        return self._requests(prior_requests.c.state == PriorState.WAITING.value)

    def put(self, request: PriorRequest) -> None:
        """Keeps a request as it is now."""
        mine = prior_requests.c.id == request.id
        with writing(self._engine) as connection:
            connection.execute(update(prior_requests).where(mine).values(_request_values(request)))

    def series_of(self, request_id: str) -> list[PriorSeries]:
        """The series of a request, the newest study first."""
        query = select(prior_series).where(prior_series.c.request_id == request_id)
        query = query.order_by(prior_series.c.study_date.desc(), prior_series.c.study_uid, prior_series.c.id)
        with reading(self._engine) as connection:
            return [_series(row) for row in connection.execute(query)]

    def series(self, study_uid: str, series_uid: str) -> PriorSeries | None:
        """The series that was asked for as a prior, or None."""
        query = select(prior_series).where(prior_series.c.id == id_from(study_uid, series_uid))
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _series(row)

    def put_series(self, series: PriorSeries) -> None:
        """Keeps a series as it is now."""
        series_id = id_from(series.study_uid, series.series_uid)
        values = vars(series) | {"state": series.state.value}
        with writing(self._engine) as connection:
            mine = prior_series.c.id == series_id
            if not connection.execute(update(prior_series).where(mine).values(values)).rowcount:
                connection.execute(insert(prior_series).values(id=series_id, **values))

    def _requests(self, condition: ColumnElement[bool]) -> list[PriorRequest]:
        query = select(prior_requests).where(condition)
        query = query.order_by(prior_requests.c.created_at.desc(), prior_requests.c.id)
        with reading(self._engine) as connection:
            return [_request(row) for row in connection.execute(query)]


def _rule(row: Row[Any]) -> PriorRule:
    return PriorRule(row.node_id, RetrieveMethod(row.method), row.automatic, row.studies, row.years)


def _request_values(request: PriorRequest) -> dict[str, Any]:
    changed = {"state": request.state.value, "passed_over": to_json(request.passed_over)}
    return vars(request) | changed


def _request(row: Row[Any]) -> PriorRequest:
    values = {name: row._mapping[name] for name in PriorRequest.__dataclass_fields__}
    changed = {
        "state": PriorState(row.state),
        "passed_over": from_json(tuple[str, ...], row.passed_over),
    }
    return PriorRequest(**values | changed)


def _series(row: Row[Any]) -> PriorSeries:
    values = {name: row._mapping[name] for name in PriorSeries.__dataclass_fields__}
    return PriorSeries(**values | {"state": PriorState(row.state)})
