"""One folder of Terraform, as HashiCorp's parser reads it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.deploy.running_house import ROOT
from tests.oidc_provider import node_program

READER = Path(__file__).with_name("hcl.mjs")
Body = dict[str, Any]
_LABELS = {"resource": 2, "data": 2, "ephemeral": 2, "variable": 1, "output": 1, "provider": 1}
_REFERENCE = re.compile(r"[\w-]+(?:\.[\w-]+)*")
_INDEX = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]")


class Block(NamedTuple):
    """`resource "aws_lb" "house"` is of kind `resource` and has two labels."""

    kind: str
    labels: tuple[str, ...]
    body: Body


@dataclass(frozen=True)
class Configuration:
    """All files of one folder together; `conditions` are the references of variables' conditions."""

    blocks: list[Block]
    references: list[str]
    conditions: list[str]
    unformatted: list[str]
    errors: list[str]

    def of_kind(self, *kinds: str) -> Iterator[Block]:
        return (block for block in self.blocks if block.kind in kinds)

    @property
    def locals(self) -> Body:
        return {name: value for block in self.of_kind("locals") for name, value in block.body.items()}


def read(folder: Path) -> Configuration:
    """One folder; as `read_each`."""
    return read_each([folder])[0]


def read_each(folders: Sequence[Path]) -> list[Configuration]:
    """Raises CalledProcessError where Node itself fails; what the parser refuses stands in `errors`."""
    program = node_program()
    if program is None or not (ROOT / "node_modules" / "@cdktn").is_dir():
        pytest.skip("HashiCorp's parser is not installed: make test-scripts")
    files = [file for folder in folders for file in sorted(folder.glob("*.tf"))]
    done = subprocess.run([program, READER, *files], capture_output=True, text=True, check=True, cwd=ROOT)
    told = {Path(file): content for file, content in json.loads(done.stdout).items()}
    return [
        _configuration({file.name: content for file, content in told.items() if file.parent == folder})
        for folder in folders
    ]


def _configuration(files: Mapping[str, Body]) -> Configuration:
    whole = {name: content for name, content in files.items() if "error" not in content}
    return Configuration(
        [block for content in whole.values() for block in _blocks(content["body"])],
        [_whole(each) for content in whole.values() for each in content["references"]],
        [_whole(each) for content in whole.values() for each in content["conditions"]],
        [name for name, content in whole.items() if not content["formatted"]],
        [f"{name}: {content['error']}" for name, content in files.items() if "error" in content],
    )


def _blocks(body: Body) -> Iterator[Block]:
    for kind, content in body.items():
        yield from _labelled(kind, (), content, _LABELS.get(kind, 0))


def _labelled(kind: str, labels: tuple[str, ...], content: Any, missing: int) -> Iterator[Block]:
    if missing:
        for label, inner in content.items():
            yield from _labelled(kind, (*labels, label), inner, missing - 1)
    else:
        yield from (Block(kind, labels, each) for each in content)


def _whole(text: str) -> str:
    """The reference that a text begins with: `aws_subnet.private.id` of `aws_subnet.private[0].id)`."""
    matched = _REFERENCE.match(_INDEX.sub("", text))
    assert matched is not None, text
    return matched[0]
