"""Epoch curves of many runs at once, by the quickest way that the store behind MLflow offers.

MLflow's client reads the history of one metric of one run in a request. A server also answers for
many runs at once (a request of its own pages); a store on a database is read with one SELECT over
MLflow's own mapping of the table. Where such a way is not there, the client's serves.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from data.records import TrackedRun
from data.tracking.faults import translated
from data.tracking.runs import MAX_VALUE, Runs, parts

log = logging.getLogger(__name__)

Points = list[tuple[int, float]]
Curves = dict[str, Points]

EPOCH = "epoch_"
POINTS = 1000  # of one curve; a longer one is thinned evenly, its ends kept
_BULK = "/ajax-api/2.0/mlflow/metrics/get-history-bulk"
_THINNED = "/api/2.0/mlflow/metrics/get-history-bulk-interval"
_MOST = 25_000  # points that the server gives in one answer
_RUNS = _MOST // POINTS
_TOGETHER = 4
# What a server says that has no such address, or whose proxy does not let it through.
_UNKNOWN = {"ENDPOINT_NOT_FOUND", "RESOURCE_DOES_NOT_EXIST", "PERMISSION_DENIED", "NOT_IMPLEMENTED"}


class CurveReader(Runs):
    """What was logged step by step."""

    def curves(self, runs: Iterable[TrackedRun]) -> dict[str, Curves]:
        """The numbers that each run logged over several steps: {run id: {metric: [(step, value), …]}}."""
        wanted = {run.run_id: names for run in runs if (names := stepwise(run))}
        if not wanted:
            return {}
        try:
            curves = self._in_bulk(wanted)
        except (ImportError, AttributeError, TypeError, KeyError) as error:
            log.warning("curves are read one by one: MLflow's bulk reading has changed: %r", error)
            curves = self._one_by_one(wanted)
        return {run_id: _tidy(curves.get(run_id, {})) for run_id in wanted}

    def _in_bulk(self, wanted: dict[str, list[str]]) -> dict[str, Curves]:
        from mlflow.exceptions import MlflowException

        with translated():
            if not self._by_http:
                return self._from_database(wanted)
            try:
                return self._from_server(wanted)
            except MlflowException as error:
                if error.error_code not in _UNKNOWN:
                    raise
        return self._one_by_one(wanted)

    def _from_database(self, wanted: dict[str, list[str]]) -> dict[str, Curves]:
        curves: dict[str, Curves] = defaultdict(lambda: defaultdict(list))
        with self._client._tracking_client.store.engine.connect() as connection:
            for part in parts(sorted(wanted)):
                names = {name for run_id in part for name in wanted[run_id]}
                for run_id, key, step, value, is_nan in _rows(connection, part, names):
                    if not is_nan:
                        curves[run_id][key].append((step, value))
        return curves

    def _from_server(self, wanted: dict[str, list[str]]) -> dict[str, Curves]:
        names = sorted({name for value in wanted.values() for name in value})
        questions = [
            (name, part)
            for name in names
            for part in parts([run_id for run_id in sorted(wanted) if name in wanted[run_id]], _RUNS)
        ]
        curves: dict[str, Curves] = defaultdict(lambda: defaultdict(list))
        with ThreadPoolExecutor(_TOGETHER) as pool:
            for answer in pool.map(lambda question: self._asked(*question), questions):
                for point in answer:
                    run_id, step = str(point["run_id"]), int(point.get("step", 0))
                    curves[run_id][str(point["key"])].append((step, float(point["value"])))
        return curves

    def _asked(self, name: str, run_ids: list[str]) -> list[dict[str, Any]]:
        """One metric of several runs; "NaN" and the like come as text, which float() reads."""
        from mlflow.utils.credentials import get_default_host_creds
        from mlflow.utils.rest_utils import http_request_safe

        creds = get_default_host_creds(self._uri)
        asked: dict[str, Any] = {"run_id": run_ids, "metric_key": name, "max_results": _MOST}
        points = http_request_safe(creds, _BULK, "GET", params=asked).json().get("metrics", [])
        if len(points) >= _MOST:  # the rest was cut off; this way is slower and thins
            asked = {"run_ids": run_ids, "metric_key": name, "max_results": POINTS}
            points = http_request_safe(creds, _THINNED, "GET", params=asked).json().get("metrics", [])
        return list(points)

    def _one_by_one(self, wanted: dict[str, list[str]]) -> dict[str, Curves]:
        return {
            run_id: {
                name: [(point.step, point.value) for point in self._client.get_metric_history(run_id, name)]
                for name in names
            }
            for run_id, names in wanted.items()
        }


def _rows(connection: Any, run_ids: list[str], names: set[str]) -> Iterator[Any]:
    """(run id, metric, step, value, whether it is NaN) in the order of logging, thinned where it is long."""
    from mlflow.store.tracking.dbmodels.models import SqlMetric
    from sqlalchemy import func, or_, select

    table = SqlMetric.__table__.c
    of = (table.run_uuid, table.key)
    asked = (table.run_uuid.in_(run_ids), table.key.in_(names))
    columns = (*of, table.step, table.value, table.is_nan)
    counted = select(func.count()).where(*asked).group_by(*of)
    if max(connection.execute(counted).scalars(), default=0) <= POINTS:
        return iter(
            connection.execute(select(*columns).where(*asked).order_by(*of, table.step, table.timestamp))
        )
    nth = func.row_number().over(partition_by=of, order_by=(table.step, table.timestamp)).label("nth")
    total = func.count().over(partition_by=of).label("total")
    row = select(*columns, table.timestamp, nth, total).where(*asked).subquery().c
    apart = (row.total + POINTS - 1) // POINTS
    kept = or_(row.nth % apart == 0, row.nth == 1, row.nth == row.total)
    thinned = select(row.run_uuid, row.key, row.step, row.value, row.is_nan).where(kept)
    return iter(connection.execute(thinned.order_by(row.run_uuid, row.key, row.nth)))


def stepwise(run: TrackedRun) -> list[str]:
    """The metrics that a run logged step by step; a run that another tool wrote may call them anything."""
    return sorted(name for name, step in run.steps.items() if step > 0 or name.startswith(EPOCH))


def _tidy(curves: Curves) -> Curves:
    """In order, one value a step (the last logged), and nothing that cannot be drawn."""
    tidied = {}
    for name, points in curves.items():
        last = {step: value for step, value in points if abs(value) < MAX_VALUE}
        if last:
            tidied[name] = sorted(last.items())
    return tidied
