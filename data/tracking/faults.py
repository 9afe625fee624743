"""Faults of MLflow as ours: the one place that tells an outage from a mistake, and both from a bad id.

Only what MLflow, its database, its file store or the network raise is translated. A KeyError is a
mistake in Lightbox and stays one.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from data.errors import NotFound, Outage, TrackingAway

AWAY = "MLflow cannot be reached right now; please try again in a moment."
_MISSING = "MLflow has no such run or version."
# What MLflow gives runs; of another id it says that the question is wrong, never that there is no such run.
_RUN = re.compile(r"[a-zA-Z0-9][\w\-]{0,255}", re.ASCII)
_HIGHEST_VERSION = 2**31 - 1  # its databases break off at more, as if they were away
_MISSING_CODES = {"RESOURCE_DOES_NOT_EXIST"}
# The server lives and refuses what it was asked: whoever asked has to deal with it.
_REFUSALS = {"INVALID_PARAMETER_VALUE", "MALFORMED_REQUEST", "RESOURCE_ALREADY_EXISTS", "RESOURCE_CONFLICT"}


@contextmanager
def translated(refusals: Collection[str] = _REFUSALS) -> Iterator[None]:
    """Raises TrackingAway where MLflow gives no answer, NotFound where it has no such thing.

    What it says with one of the codes in `refusals` comes through as its own exception.
    """
    try:
        yield
    except _raised_on_the_way() as error:
        code = getattr(error, "error_code", None)
        if code in _MISSING_CODES:
            raise NotFound(_MISSING) from error
        if code in refusals:
            raise
        raise TrackingAway(AWAY) from error


def can_be_run(run_id: str) -> bool:
    """Whether MLflow could have a run of this id."""
    return _RUN.fullmatch(run_id) is not None


def can_be_version(version: str) -> bool:
    """Whether a registered model could have a version of this number."""
    digits = version.isascii() and version.isdecimal() and len(version) <= len(str(_HIGHEST_VERSION))
    return digits and int(version) <= _HIGHEST_VERSION


class Answering:
    """Another's methods, each called within `translated`.

    A `run_id` or a `version` that MLflow cannot have raises NotFound: nothing is asked.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, method: str) -> Any:
        attribute = getattr(self._client, method)
        if not callable(attribute):
            return attribute

        def call(*arguments: Any, **named: Any) -> Any:
            asked = inspect.signature(attribute).bind(*arguments, **named).arguments
            for name, can_be in (("run_id", can_be_run), ("version", can_be_version)):
                if asked.get(name) is not None and not can_be(str(asked[name])):
                    raise NotFound(_MISSING)
            with translated():
                return attribute(*arguments, **named)

        return call


def _raised_on_the_way() -> tuple[type[Exception], ...]:
    """What MLflow's client raises; looked up when something went wrong, as importing MLflow takes seconds."""
    from mlflow.exceptions import MlflowException
    from requests.exceptions import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    return MlflowException, RequestException, SQLAlchemyError, OSError, Outage, *_of_object_stores()


def _of_object_stores() -> tuple[type[Exception], ...]:
    """What a bucket's own client raises, where artifacts lie in one."""
    botocore = sys.modules.get("botocore.exceptions")
    return () if botocore is None else (botocore.BotoCoreError, botocore.ClientError)
