"""The command line as a whole: what starts without being asked, how quickly it answers, accounts."""

from __future__ import annotations

import argparse
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

import app
from data.errors import InvalidInput
from data.records import BRAIN_TUMOUR
from services.commands import command_line
from services.commands.segment import result_line
from services.commands.training import recipe_changes

HEAVY = ("torch", "sqlalchemy", "mlflow", "dash", "pandas", "evidently", "PIL")


@pytest.mark.parametrize("arguments", [[], ["serve"]])
def test_the_server_is_the_default(arguments: list[str]) -> None:
    assert command_line(app.serve).parse_args(arguments).run is app.serve


def test_the_server_starts_where_not_one_line_of_its_log_can_be_written() -> None:
    full = Path("/dev/full").open("w")  # noqa: SIM115  closing it fails, too
    app._say("Lightbox runs.", full)
    with suppress(OSError):
        full.close()


def test_help_loads_nothing_heavy() -> None:
    question = f"import sys, app; print([name for name in {HEAVY!r} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", question], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_the_recipe_is_changed_by_name_and_by_the_two_short_forms() -> None:
    asked = argparse.Namespace(set=["start=scratch", "note=a=b"], epochs=3, seed=0)
    assert recipe_changes(asked) == {"start": "scratch", "note": "a=b", "epochs": "3", "seed": "0"}
    with pytest.raises(InvalidInput, match="'epochs' is not of the form NAME=VALUE"):
        recipe_changes(argparse.Namespace(set=["epochs"], epochs=None, seed=None))


def test_a_file_is_one_line() -> None:
    read = {"name": "a", "refused": False, "task": BRAIN_TUMOUR, "outcome": "not-found", "doubts": []}
    read |= {"probability": 0.5, "volume_ml": 0.0}
    assert result_line(read) == "a: brain-tumour: No tumour found, probability 0.500, 0.00 mL"
    doubted = {"outcome": "uncertain", "doubts": ["near-threshold", "sequence-not-recognised"]}
    assert result_line(read | doubted | {"volume_ml": None}) == (
        "a: brain-tumour: Uncertain (too close to call; sequence not recognised), probability 0.500"
    )
    assert result_line({"name": "a", "refused": True, "reason": "Why."}) == "a: refused. Why."


def test_accounts_are_made_listed_given_tokens_and_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIGHTBOX_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert app.main(["users", "add", "ada", "--role", "clinician", "--display-name", "Dr Ada"]) == 0
    assert capsys.readouterr().out.startswith("ada signs in with the one-time password ")
    assert app.main(["users", "token", " Ada "]) == 0
    assert len(capsys.readouterr().out.strip()) >= 32
    assert app.main(["users", "deactivate", "ada"]) == 0
    assert app.main(["users"]) == 0
    assert capsys.readouterr().out == f"{'ada':24} {'clinician':10} Dr Ada  (deactivated)\n"
    assert app.main(["users", "reset", "eve"]) == 2
    assert capsys.readouterr().err == "There is no account called eve.\n"
