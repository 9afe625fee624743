"""`evaluate --scans`: a version reads the house's own scans, and what cannot be asked for is said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import app
from services.assembly.evaluations import EvaluationServices
from services.settings import Settings
from tests.services.small_models import department


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIGHTBOX_HOME", str(tmp_path / "home"))
    for name in ("DATABASE_URL", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)


def test_a_set_of_scans_is_read_and_what_it_comes_to_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with department(tmp_path / "house") as small:
        small.add(3, bright=800)
        small.add(2, bright=600)
        version = small.version(above=700, name="second").version

        @contextmanager
        def alone(_: Settings, on: str | None) -> Iterator[EvaluationServices]:
            assert on is None
            yield EvaluationServices(small.evaluations, small.outcomes, small.trained_on)

        monkeypatch.setattr("services.assembly.commands.evaluations_alone", alone)
        ask = ["evaluate", "brain-tumour", "--scans", "", "--version", version]
        assert app.main([*ask, "--json"]) == 0
        said = json.loads(capsys.readouterr().out)
        assert (said["state"], said["set"]["words"]) == ("done", "Scans of the house: real scans")
        assert (said["outcome"]["figures"]["recall"]["value"], said["outcome"]["truth_known"]) == (0.6, 5)
        assert app.main(ask) == 0
        printed = capsys.readouterr().out
        assert "5 of 5 scans were read; 3 were called positive." in printed
        assert "Recall                           60.0 %  (95 % 23.1 to 88.2 %, n = 5)" in printed
        assert "Specificity                      not defined  (n = 0)" in printed
        assert app.main([*ask[:-1], "77"]) == 2
        assert "There is no such version." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ([], "with --data, or scans of the house with --scans"),
        (["--scans", "", "--data", "x"], "not both"),
        (["--scans", "", "--validation"], "--validation is for a folder"),
        (["--scans", "", "--out", "x"], "--out is for a folder"),
        (["--data", "x", "--version", "2"], "--version is for --scans"),
    ],
)
def test_what_does_not_go_together_is_said(
    more: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.main(["evaluate", "brain-tumour", *more]) == 2
    assert sentence in capsys.readouterr().err
