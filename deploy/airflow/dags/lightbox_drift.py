"""Drift: the newest readings beside a reference. The run fails, and so calls, where they drifted."""

from __future__ import annotations

import time
from typing import Any

from airflow.sdk import Param, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException
from lightbox_api import LightboxApi

CALLING = ("warning", "critical")
_PAUSE_S = 2
_PATIENCE_S = 3600


@dag(
    schedule=None,
    max_active_runs=1,
    tags=["lightbox"],
    doc_md=__doc__,
    params={
        "task": Param("brain-tumour", type="string", enum=["brain-tumour", "pneumonia"]),
        "reference": Param("house", type="string", description="a name, or house, training, last-quarter, …"),
        "last": Param(1000, type="integer", description="the newest so many readings"),
    },
)
def lightbox_drift() -> None:
    """Plan it by `schedule` in a copy of this file, or trigger it after an import."""

    @task(retries=3)
    def asked(params: dict[str, Any]) -> str:
        context = get_current_context()
        with LightboxApi() as api:
            if context["ti"].try_number > 1:  # the answer to the first try may have been lost
                for run in api.get("/drift", task=params["task"])["runs"]:
                    if run["asked_at"] >= context["dag_run"].start_date.isoformat():
                        return str(run["id"])
            body = {"task": params["task"], "reference": params["reference"], "last": params["last"]}
            return str(api.post("/drift", body)["id"])

    @task(retries=3)
    def verdict(compared: str) -> dict[str, Any]:
        until = time.monotonic() + _PATIENCE_S
        with LightboxApi() as api:
            while time.monotonic() < until:
                run = api.get(f"/drift/{compared}")
                if run["failure"]:
                    raise AirflowFailException(run["failure"])
                if run["state"] == "done":
                    return {name: run[name] for name in ("id", "severity", "drifted", "watched")}
                time.sleep(_PAUSE_S)
        raise TimeoutError(f"drift run {compared} is not done yet")

    @task
    def call(run: dict[str, Any]) -> str:
        told = f"{run['severity']}: {run['drifted']} of {run['watched']} features drifted (run {run['id']})"
        if run["severity"] in CALLING:
            raise AirflowFailException(told)
        return told

    call(verdict(asked()))


lightbox_drift()
