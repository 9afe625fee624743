"""From where what this thread does was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token

from data.records import AuditOrigin

_OWN = AuditOrigin()
_origin: ContextVar[AuditOrigin] = ContextVar("lightbox_audit_origin", default=_OWN)


def origin() -> AuditOrigin:
    """From where; Lightbox itself where nobody said."""
    return _origin.get()


def begin(came_from: AuditOrigin) -> Token[AuditOrigin]:
    """Whatever this thread does from now on was asked for from there; `end` takes the answer."""
    return _origin.set(came_from)


def end(token: Token[AuditOrigin]) -> None:
    """As it was before."""
    _origin.reset(token)


@contextmanager
def coming_from(came_from: AuditOrigin) -> Iterator[None]:
    """Whatever this thread does within was asked for from there."""
    token = begin(came_from)
    try:
        yield
    finally:
        end(token)
