"""Which version of this house a result of an edge is of: by its weights and decision, never by its number."""

from __future__ import annotations

from data.errors import Busy, UnusableModel
from data.records import Provenance
from models.weights import Trained
from services.inference.code_version import decision_sha256
from services.versions.registry import Registry

_AWAY = "Which versions this house knows cannot be told just now, as MLflow gives no answer; try again."
_AGAIN_IN_S = 60


class KnownVersions:
    """Asked for each result that comes; what is known once stays so, as versions never change."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._known: dict[tuple[str, str, str | None], str] = {}

    def number(self, task: str, made: Provenance) -> str | None:
        """The version that is these weights with this decision; None where this house has none.

        Two houses number their versions each for itself. Raises Busy where it cannot be told.
        """
        key = (task, made.weights_sha256, made.decision_sha256)
        if key not in self._known:
            number = self._looked_up(task, made)
            if number is None:
                return None
            self._known[key] = number
        return self._known[key]

    def _looked_up(self, task: str, made: Provenance) -> str | None:
        versions = self._registry.versions(task)
        for version in versions:
            if version.weights_sha256 == made.weights_sha256:
                try:
                    trained = self._registry.files(version)
                except UnusableModel:  # its files are gone: nothing says that it decides so
                    continue
                if _is(trained, made):
                    return version.version
        if not versions:  # MLflow is away: what this machine has fetched is known all the same
            return self._local(task, made)
        return None

    def _local(self, task: str, made: Provenance) -> str:
        trained, number = self._registry.local(task)
        if not _is(trained, made):
            raise Busy(_AWAY, _AGAIN_IN_S)
        return number


def _is(trained: Trained, made: Provenance) -> bool:
    return trained.sha256 == made.weights_sha256 and decision_sha256(trained.decision) == made.decision_sha256
