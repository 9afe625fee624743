"""GitHub's workflows do what people do at their desks: they call the same targets of make."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from tests.deploy.running_house import ROOT

WORKFLOWS = ROOT / ".github" / "workflows"
OF_GITHUB = ("git config ", "apt-get ", "echo ", "docker push ", "gh release create ")
"""What has no meaning at a desk: the machine of the job, the registry, the page of the release."""


def steps(name: str) -> Iterator[dict[str, object]]:
    for job in yaml.safe_load((WORKFLOWS / name).read_text())["jobs"].values():
        yield from job["steps"]


def test_steps_call_targets_of_make_that_there_are() -> None:
    targets = set(re.findall(r"^([\w-]+):(?! *=)", (ROOT / "Makefile").read_text(), re.MULTILINE))
    called = set()
    for name in ("ci.yml", "release.yml"):
        for step in steps(name):
            command = str(step.get("run", ""))
            if command.startswith("make "):
                called.add(command.split()[1])
            else:
                assert not command or command == "bash .ci/run" or command.startswith(OF_GITHUB), command
    assert (
        called == {"test-deploy", "test-exercises", "image", "image-check", "release"} and called <= targets
    )


def test_every_supported_python_runs_the_whole_suite() -> None:
    job = yaml.safe_load((WORKFLOWS / "ci.yml").read_text())["jobs"]["test"]
    assert job["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]
    assert [step["run"] for step in job["steps"] if "run" in step][-1] == "bash .ci/run"


def test_workflows_may_no_more_than_they_need() -> None:
    for name, wanted in (
        ("ci.yml", {"contents": "read"}),
        ("release.yml", {"contents": "write", "packages": "write"}),
    ):
        assert yaml.safe_load((WORKFLOWS / name).read_text())["permissions"] == wanted
