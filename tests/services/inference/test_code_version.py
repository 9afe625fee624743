"""Which sources count as the code that makes an answer."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from services.inference.batcher import MicroBatcher
from services.inference.code_version import own_sources
from services.inference.engine import Engine
from services.reading.reader import Reader


@pytest.mark.parametrize("made_by", [Reader, Engine, MicroBatcher])
def test_whoever_makes_an_answer_counts(made_by: type) -> None:
    assert Path(inspect.getfile(made_by)) in own_sources()
