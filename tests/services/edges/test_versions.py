"""A result of an edge is of the version with its weights and its decision, whatever either house calls it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from data.database import now
from data.errors import Busy, UnusableModel
from data.records import BRAIN_TUMOUR, ModelVersion, Provenance
from models.task import Decision
from services.edges.versions import KnownVersions
from services.inference.code_version import decision_sha256

WEIGHTS, OTHERS = "ab" * 32, "cd" * 32
DECISION, STRICTER = Decision(0.4), Decision(0.6)


@dataclass(frozen=True)
class Files:
    """What a version's files say."""

    sha256: str
    decision: Decision
    folder: Path = Path()


@dataclass
class Register:
    """Versions of one task, by number; MLflow is away while there are none."""

    files_of: dict[str, Files | None]
    here: tuple[Files, str] = (Files(WEIGHTS, DECISION), "shipped")
    asked: list[str] = field(default_factory=list)

    def versions(self, task: str) -> list[ModelVersion]:
        return [
            ModelVersion(task, number, (), now(), files.sha256 if files else WEIGHTS, {})
            for number, files in self.files_of.items()
        ]

    def files(self, version: ModelVersion) -> Files:
        self.asked.append(version.version)
        files = self.files_of[version.version]
        if files is None:
            raise UnusableModel("Its files are gone.")
        return files

    def local(self, _: str) -> tuple[Files, str]:
        return self.here


def made(weights: str = WEIGHTS, decision: Decision | None = DECISION) -> Provenance:
    decided = None if decision is None else decision_sha256(decision)
    return Provenance("net", "3", weights, "z", "in", "cpu", "float32", "lightbox", decision_sha256=decided)


def number(register: Register, provenance: Provenance) -> str | None:
    return KnownVersions(register).number(BRAIN_TUMOUR, provenance)  # type: ignore[arg-type]


def test_weights_and_decision_say_which_version_it_is_and_never_the_number() -> None:
    register = Register(
        {"3": Files(OTHERS, DECISION), "4": Files(WEIGHTS, STRICTER), "5": Files(WEIGHTS, DECISION)}
    )
    assert number(register, made()) == "5"
    assert number(register, made(decision=STRICTER)) == "4"
    assert number(register, made(OTHERS)) == "3"
    assert number(register, made(OTHERS, STRICTER)) is None
    assert number(register, made("ef" * 32)) is None
    assert number(register, made(decision=None)) is None  # an edge too old to say how it decided


def test_a_version_whose_files_are_gone_is_none() -> None:
    assert number(Register({"5": None}), made()) is None
    assert number(Register({"5": None, "6": Files(WEIGHTS, DECISION)}), made()) == "6"


def test_while_mlflow_is_away_only_what_this_machine_has_is_told() -> None:
    assert number(Register({}), made()) == "shipped"
    for provenance in (made(OTHERS), made(decision=STRICTER)):
        with pytest.raises(Busy, match="MLflow gives no answer"):  # and not: it is unknown here
            number(Register({}), provenance)


def test_what_was_found_once_is_not_asked_again_and_what_was_not_is() -> None:
    register = Register({"5": Files(WEIGHTS, DECISION)})
    known = KnownVersions(register)  # type: ignore[arg-type]
    assert [known.number(BRAIN_TUMOUR, made()) for _ in range(3)] == ["5"] * 3
    assert register.asked == ["5"]
    assert known.number(BRAIN_TUMOUR, made(OTHERS)) is None
    register.files_of["6"] = Files(OTHERS, DECISION)  # somebody has registered the edge's version
    assert known.number(BRAIN_TUMOUR, made(OTHERS)) == "6"
