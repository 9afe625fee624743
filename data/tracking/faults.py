"""Faults of MLflow as ours: the one place that tells an outage from a mistake.

Only what MLflow, its database, its file store or the network raise is translated. A KeyError is a
mistake in Lightbox and stays one.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from data.errors import NotFound, TrackingAway

AWAY = "MLflow cannot be reached right now; please try again in a moment."
_MISSING = "MLflow has no such run or version."
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


class Answering:
    """Another's methods, each called within `translated`."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._client, name)
        if not callable(attribute):
            return attribute

        def call(*arguments: Any, **named: Any) -> Any:
            with translated():
                return attribute(*arguments, **named)

        return call


def _raised_on_the_way() -> tuple[type[Exception], ...]:
    """What MLflow's client raises; looked up when something went wrong, as importing MLflow takes seconds."""
    from mlflow.exceptions import MlflowException
    from requests.exceptions import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    return MlflowException, RequestException, SQLAlchemyError, OSError, *_of_object_stores()


def _of_object_stores() -> tuple[type[Exception], ...]:
    """What a bucket's own client raises, where artifacts lie in one."""
    botocore = sys.modules.get("botocore.exceptions")
    return () if botocore is None else (botocore.BotoCoreError, botocore.ClientError)
