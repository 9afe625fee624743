"""From where what a request does was asked for, for those who know requests."""

from __future__ import annotations

from data.audit_origin import begin, end

__all__ = ["begin", "end"]
