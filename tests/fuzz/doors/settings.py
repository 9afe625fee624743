"""The environment that a server is started with."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from random import Random

from data.errors import InvalidInput
from services.settings import Settings
from tests.fuzz.door import Door, Knock, judge_sentence
from tests.fuzz.texts import hostile_text, number


@cache
def _names() -> tuple[str, ...]:
    """Every setting that the manual names."""
    manual = Path(__file__).parents[3] / "docs" / "settings.md"
    return tuple(
        sorted(set(re.findall(r"`((?:LIGHTBOX_|MLFLOW_|DATABASE_)[A-Z_]+|TZ)`", manual.read_text())))
    )


def _make(rng: Random) -> bytes:
    said = {}
    for _ in range(rng.choice((1, 1, 2, 4))):
        value = str(number(rng)) if rng.random() < 0.3 else hostile_text(rng)
        said[rng.choice(_names())] = value.replace("\0", "").replace(
            "\ud800", "\udcff"
        )  # as the system gives it
    return json.dumps(said).encode()


def _opened(folder: Path) -> Knock:
    def knock(content: bytes) -> str:
        environment = {"LIGHTBOX_HOME": str(folder)} | json.loads(content)
        try:
            Settings.from_env(environment)
        except InvalidInput as refused:
            # An operator is told the file that cannot be read.
            judge_sentence(str(refused).encode("utf-8", "replace").decode(), names_the_input=True)
            return "refused"
        return "taken"

    return knock


DOORS = (Door("settings", _make, _opened, 5),)
