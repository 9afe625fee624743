"""A scan's pixels go through its task's network: what it says, and by what that was made. Keeps nothing."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.arrays import release
from data.errors import Busy, ModelUnavailable
from data.packing import mask_sha256
from data.records import (
    SHORT_INPUTS,
    Measurements,
    Precedence,
    Provenance,
    Spacing,
)
from models.code_version import preprocessing_sha256
from models.features import PictureFeatures
from models.measuring import measure
from models.outside_distance import OutsideDistance
from models.task import Answer, Placement
from services.inference.batcher import Meter, MicroBatcher
from services.inference.choice import processor
from services.inference.code_version import code_sha256, decision_sha256
from services.inference.engine import SOFTWARE, Engine, Loaded, NetworkInput, Output
from services.reading.features import measured_picture, volume_vector
from services.turns import Turn

FloatArray = NDArray[np.float32]
Batcher = MicroBatcher[NetworkInput, Output]
PIECE = 64  # slices of one volume that wait at a time
LOOKED_EVERY_S = 0.5


@dataclass(frozen=True)
class Read:
    """An answer with what made it."""

    answer: Answer
    measurements: Measurements | None
    head_position: tuple[float, float] | None  # row and column of the largest lesion in the head's square
    threshold: float
    provenance: Provenance
    vectors: FloatArray | None = None  # (inputs, d): how the network sees each, where it can tell
    picture: PictureFeatures | None = None  # measured where the outside distance needs it
    worked_s: float = 0.0  # without waiting for others


class Reader:
    """Arrays in, answers out; keeps nothing."""

    def __init__(
        self, engine: Engine, batcher: Batcher, precedence: Precedence = Precedence.CLINICAL
    ) -> None:
        self._engine = engine
        self._batcher = batcher
        self._precedence = precedence

    def wanted(self, precedence: Precedence) -> Reader:
        """The same reader, for those whose readings come as soon as this says where others wait too."""
        return Reader(self._engine, self._batcher, precedence)

    def read(
        self,
        task_name: str,
        array: NDArray[Any],
        spacing: Spacing,
        affine: NDArray[np.float64] | None = None,
        progress: Callable[[float], None] | None = None,
        turn: Turn | None = None,
    ) -> Read:
        """What the task's network says of (slices, height, width).

        Raises Busy while its network is not loaded yet, or when the queue is full.
        """
        return self.read_by(self._loaded(task_name), array, spacing, affine, progress, turn)

    def read_by(
        self,
        loaded: Loaded,
        array: NDArray[Any],
        spacing: Spacing,
        affine: NDArray[np.float64] | None = None,
        progress: Callable[[float], None] | None = None,
        turn: Turn | None = None,
    ) -> Read:
        """What this very network says, from the first slice to the last, whatever takes over meanwhile.

        `progress` is called often, also while others have their turn, and may raise to end the reading.
        Without a `turn` it has come just now.
        """
        patient = turn is not None or self._precedence is not Precedence.CLINICAL
        clock, asking = _Clock(), _Asking(progress or _go_on, turn, Meter(), patient)
        answer, placement, vectors = self._answered(loaded, array, spacing, clock, asking)
        measurements = _measured(answer, spacing, affine)
        clock.lap("measure")
        provenance = Provenance(
            model_name=loaded.task.name,
            model_version=loaded.version,
            weights_sha256=loaded.weights_sha256,
            preprocessing=loaded.task.preprocessing,
            input_sha256=input_sha256(array),
            device=self._engine.device_name,
            dtype=loaded.choice.precision,
            software=SOFTWARE,
            timings_ms=clock.laps,
            backend=loaded.choice.library,
            network_sha256=loaded.choice.network_sha256,
            mask_sha256=None if answer.mask is None else mask_sha256(answer.mask),
            decision_sha256=decision_sha256(loaded.trained.decision),
            preprocessing_sha256=preprocessing_sha256(loaded.task),
            code_sha256=code_sha256(),
            processor=processor(),
        )
        place = _head_position(measurements, placement)
        picture = None
        if loaded.outside is not None and vectors is not None:
            picture = measured_picture(array)
            answer = replace(answer, outside_distance=_outside_distance(loaded.outside, vectors, picture))
        threshold = loaded.trained.decision.threshold
        worked_s = clock.seconds_but("network") + asking.meter.seconds
        return Read(answer, measurements, place, threshold, provenance, vectors, picture, worked_s)

    def answer(self, task_name: str, array: NDArray[Any], spacing: Spacing) -> tuple[Answer, Loaded]:
        """The bare answer and the network that gave it, for those who keep no result: the gate.

        It asks a small network of a few slices at most, of a volume too, so that it is always short.
        Raises Busy as `read` does.
        """
        loaded = self._loaded(task_name)
        patient = self._precedence is not Precedence.CLINICAL
        asking = _Asking(_go_on, Turn.now(self._precedence), Meter(), patient)
        answer, _, _ = self._answered(loaded, array, spacing, _Clock(), asking)
        return answer, loaded

    def wait_until_loaded(self, task_names: Iterable[str], timeout_s: float) -> bool:
        """Wait for networks that are still on their way to the device; False when the time is up."""
        return self._engine.wait_until_loaded(task_names, timeout_s)

    def _answered(
        self,
        loaded: Loaded,
        array: NDArray[Any],
        spacing: Spacing,
        clock: _Clock,
        asking: _Asking,
    ) -> tuple[Answer, Placement, FloatArray | None]:
        inputs, placement = loaded.task.prepare(array)
        release(array)
        clock.lap("preprocess")
        raw, vectors = self._through(loaded, inputs, asking)
        del inputs
        clock.lap("network")
        answer = loaded.task.answer(raw, placement, spacing, loaded.trained.decision)
        clock.lap("postprocess")
        return answer, placement, vectors

    def _loaded(self, task_name: str) -> Loaded:
        try:
            return self._engine.loaded(task_name)
        except ModelUnavailable:
            # Right after a start the networks are still on their way to the device.
            raise Busy("The models are still being loaded; please try again in a moment.") from None

    def _through(
        self, loaded: Loaded, inputs: NetworkInput, asking: _Asking
    ) -> tuple[FloatArray, FloatArray | None]:
        """Raw outputs and vectors of all inputs, a piece of the volume at a time."""
        raw, vectors = np.empty(0, np.float32), []
        turn = asking.turn or self._turn(len(inputs))
        for start in range(0, len(inputs), PIECE):
            items = list(inputs[start : start + PIECE])
            asked = self._batcher.submit(
                loaded, items, turn, without_timeout=asking.patient, meter=asking.meter
            )
            _wait_patiently(asked, asking.look_at(start, len(inputs)))
            outputs = [future.result() for future in asked]
            if not start:
                raw = np.empty((len(inputs), *outputs[0].raw.shape), np.float32)
            raw[start : start + PIECE] = [output.raw for output in outputs]
            vectors += [output.vector for output in outputs if output.vector is not None]
            asking.look((start + len(outputs)) / len(inputs))
        return raw, np.stack(vectors) if vectors else None

    def _turn(self, inputs: int) -> Turn:
        return Turn(time.time(), float(inputs), inputs <= SHORT_INPUTS, self._precedence)


def input_sha256(array: NDArray[Any]) -> str:
    """The hash of a scan's pixels, as provenance names what was read."""
    digest = hashlib.sha256(np.ascontiguousarray(array).view(np.uint8).data).hexdigest()
    release(array)
    return digest


@dataclass(frozen=True)
class _Asking:
    """Who asks the network: whom to tell how far it is, since when and how soon, what it took, and whether
    it waits however long.
    """

    look: Callable[[float], None]
    turn: Turn | None
    meter: Meter
    patient: bool

    def look_at(self, start: int, inputs: int) -> Callable[[int], None]:
        """What is told of how many of a piece are done that begins at `start`."""
        return lambda done: self.look((start + done) / inputs)


def _wait_patiently(asked: Sequence[Future[Output]], look: Callable[[int], None]) -> None:
    """Wait however long it takes; `look` is told how many are done; when it raises nothing more is run."""
    try:
        while wait(asked, timeout=LOOKED_EVERY_S).not_done:
            look(sum(future.done() for future in asked))
    except BaseException:
        for future in asked:
            future.cancel()
        raise


def _go_on(_: float) -> None:
    """Nobody wants to know how far it is."""


def _outside_distance(
    usual: OutsideDistance, vectors: FloatArray, picture: PictureFeatures | None
) -> float | None:
    """How far a scan lies from the version's reference, by the vector that the reference would hold of it."""
    return None if picture is None else usual.of(volume_vector(vectors, picture))


def _measured(answer: Answer, spacing: Spacing, affine: NDArray[np.float64] | None) -> Measurements | None:
    if answer.mask is None:
        return None
    return replace(measure(answer.mask, spacing, affine), satellites=answer.satellites)


def _head_position(measured: Measurements | None, placement: Placement) -> tuple[float, float] | None:
    """Where the largest lesion of a volume lies in the square around the head; a lone slice has no plane."""
    window, volume = placement.window, placement.shape[0] > 1
    if measured is None or not measured.lesions or window is None or not volume:
        return None
    _, row, column = measured.lesions[0].centroid
    return (row - window.top) / window.side, (column - window.left) / window.side


class _Clock:
    """Stage timings in milliseconds."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def seconds_but(self, stage: str) -> float:
        """What all other stages took so far."""
        return sum(took for name, took in self.laps.items() if name != stage) / 1000

    def lap(self, stage: str) -> None:
        at = time.perf_counter()
        self.laps[stage] = round((at - self._last) * 1000, 2)
        self._last = at
