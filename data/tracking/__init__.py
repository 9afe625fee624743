"""MLflow: experiments of training runs and the registry of model versions. Its only import.

A model version is a folder of files (weights, settings, card) logged to a run. MLflow is loaded
when it is first asked, not when this module is imported: it takes seconds.
"""

from __future__ import annotations

from data.tracking.artifacts import FILES
from data.tracking.curves import EPOCH, CurveReader, Curves
from data.tracking.versions import CHALLENGER, CHAMPION, Versions


class Tracking(Versions, CurveReader):
    """One MLflow store, in the house's own folder or on a server."""


__all__ = ["CHALLENGER", "CHAMPION", "EPOCH", "FILES", "Curves", "Tracking"]
