"""What a stored result was made of, beside what there is now: input, weights, decision, code, backend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from data.errors import NotFound, UserFacingError
from data.files import FileStore
from data.records import Ingredient, IngredientState, ModelVersion, Provenance, Result, Scan
from data.stores.scans import ScanStore
from models import weights
from models.code_version import preprocessing_sha256
from models.task import Task
from models.weights import Trained
from services import keys
from services.inference.backends.backend import Kind, Library, Precision
from services.inference.choice import processor
from services.inference.code_version import code_sha256, decision_sha256
from services.inference.engine import SOFTWARE, Loaded
from services.reading.reader import input_sha256
from services.versions.registry import Registry

INPUT, WEIGHTS = "input", "weights"
SAME, OTHER, MISSING, UNKNOWN = (
    IngredientState.SAME,
    IngredientState.OTHER,
    IngredientState.MISSING,
    IngredientState.UNKNOWN,
)
_WITHDRAWN = "The scan was withdrawn or removed, and what is withdrawn is not read."
_NO_PIXELS = "The scan's pixels are no longer here."
_OTHER_PIXELS = "The scan's pixels are not those that were read: their hash is another one."
_NO_WEIGHTS = "No registered version has the weights that read it, and they are not those that ship."
_OTHER_WEIGHTS = "Version {version} has other weights now than those that read it, and no version has these."
_GONE_WEIGHTS = "The files of version {version} are gone or damaged: {why}"
_AWAY = "MLflow cannot be reached, and the version's files are not on this machine."


@dataclass(frozen=True)
class KeptInput:
    """A scan with its pixels as they were read, or what stands in the way."""

    ingredient: Ingredient
    scan: Scan | None = None
    array: NDArray[Any] | None = None


@dataclass(frozen=True)
class KeptWeights:
    """The files of the version that read a result, or what stands in the way."""

    ingredient: Ingredient
    trained: Trained | None = None


def kept_input(scans: ScanStore, files: FileStore, result: Result) -> KeptInput:
    """The pixels that a result was read from."""
    kept = result.provenance.input_sha256
    scan = scans.get(result.scan_id)
    if scan is None:
        return KeptInput(Ingredient(INPUT, MISSING, kept, why=_WITHDRAWN))
    try:
        array = files.get_array(keys.array(scan.id))
    except NotFound:
        return KeptInput(Ingredient(INPUT, MISSING, kept, why=_NO_PIXELS))
    now = input_sha256(array)
    if now != kept:
        return KeptInput(Ingredient(INPUT, OTHER, kept, now, _OTHER_PIXELS))
    return KeptInput(Ingredient(INPUT, SAME, kept, now), scan, array)


def kept_weights(registry: Registry, task: Task, result: Result) -> KeptWeights:
    """The weights that read a result, with the decision of then.

    Its own version comes first, then any with the same weights, then those that ship; where none has the same
    decision, the weights with another one.
    """
    kept, why = result.provenance.weights_sha256, _NO_WEIGHTS
    fitting: list[Trained] = []
    versions = _candidates(registry, task.name, result.provenance)
    for version in versions:
        if version.weights_sha256 not in ("", kept):
            continue
        try:
            fitting.append(registry.files(version))
        except UserFacingError as error:  # damaged, gone from MLflow, or MLflow is away
            why = _GONE_WEIGHTS.format(version=version.version, why=error)
    fitting = [trained for trained in (*fitting, *_shipped(task)) if trained.sha256 == kept]
    if fitting:
        trained = next((each for each in fitting if _decides_as(each, result)), fitting[0])
        return KeptWeights(Ingredient(WEIGHTS, SAME, kept, trained.sha256), trained)
    own = next((each for each in versions if each.version == result.provenance.model_version), None)
    if own is not None and own.weights_sha256 not in ("", kept):
        why = _OTHER_WEIGHTS.format(version=own.version)
        return KeptWeights(Ingredient(WEIGHTS, OTHER, kept, own.weights_sha256, why))
    if not versions and registry.trouble:
        why = _AWAY
    return KeptWeights(Ingredient(WEIGHTS, MISSING, kept, why=why))


def kind_of(made: Provenance) -> Kind | None:
    """The way in which a network was run; None for one that this Lightbox does not know."""
    try:
        return Kind(Library(made.backend), Precision(made.dtype))
    except ValueError:
        return None


def others(made: Provenance, loaded: Loaded, device: str) -> list[Ingredient]:
    """What else makes an answer, as it was and as it is now."""
    choice, task = loaded.choice, loaded.task
    before = f"{made.backend} {made.dtype}" + (f", {made.network_sha256}" if made.network_sha256 else "")
    now = f"{choice.library} {choice.precision}" + (
        f", {choice.network_sha256}" if choice.network_sha256 else ""
    )
    decided = decision_sha256(loaded.trained.decision)
    return [
        _compared("decision", made.decision_sha256, decided, "What was fixed on validation data differs."),
        _compared(
            "preprocessing", made.preprocessing, task.preprocessing, "A scan is prepared in another way now."
        ),
        _compared(
            "preprocessing code",
            made.preprocessing_sha256,
            preprocessing_sha256(task),
            "The code that prepares a scan was changed.",
        ),
        _compared("code", made.code_sha256, code_sha256(), "The code that makes an answer was changed."),
        _compared("software", made.software, SOFTWARE, "Lightbox or a library has another version."),
        _compared("backend", before, now, "The network is run in another way."),
        _compared("device", made.device, device, "It is computed by another kind of device."),
        _compared("processor", made.processor, processor(), "It is computed by another processor."),
    ]


def _compared(name: str, kept: str | None, now: str, why: str) -> Ingredient:
    if not kept:
        return Ingredient(name, UNKNOWN, "", now, "The result was made by a Lightbox that did not note it.")
    same = kept == now
    return Ingredient(name, SAME if same else OTHER, kept, now, "" if same else why)


def _candidates(registry: Registry, task: str, made: Provenance) -> list[ModelVersion]:
    """The version of that name first, then every other one."""
    versions = registry.versions(task)
    return sorted(versions, key=lambda version: version.version != made.model_version)


def _shipped(task: Task) -> list[Trained]:
    folders = [task.folder, *weights.alternatives(task).values()]
    return [weights.opened(folder) for folder in folders if (folder / weights.WEIGHTS).exists()]


def _decides_as(trained: Trained, result: Result) -> bool:
    kept = result.provenance.decision_sha256
    if kept:
        return decision_sha256(trained.decision) == kept
    return trained.decision.threshold == result.threshold
