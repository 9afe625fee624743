"""The parts of a server that may be put in from outside; the real ones, unless somebody asks otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from argon2 import PasswordHasher

from data.tracking import Tracking
from models.text_detection.detector import OcrDetector, TextDetector
from services.assembly.stores import device_of, registry_of, tracking_of
from services.inference.engine import Engine
from services.reading.intake import Intake
from services.reading.reader import Batcher
from services.reading.reading import Reading
from services.settings import Settings
from services.turns import Turns
from services.versions.registry import Registry


@dataclass(frozen=True)
class Parts:
    """What `build_services` is put together from, beside the settings.

    A class stands for itself: `intake` and `readings` are called as `Intake` and `Reading` are.
    """

    hasher: PasswordHasher = field(default_factory=PasswordHasher)
    device: Callable[[Settings, Turns], tuple[Engine, Batcher]] = device_of
    tracking: Callable[[Settings], Tracking] = tracking_of
    registry: Callable[[Settings, Tracking], Registry] = registry_of
    intake: Callable[..., Intake] = Intake
    readings: Callable[..., Reading] = Reading
    turns: Callable[[], Turns] = Turns
    text_detector: Callable[[], TextDetector] = OcrDetector
