"""The database servers' own programs."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence

from data.errors import UserFacingError


def program(names: Sequence[str], package: str) -> str:
    """The path of the first of these programs that is installed. Raises UserFacingError where none is."""
    for name in names:
        path = shutil.which(name)
        if path is not None:
            return path
    raise UserFacingError(
        f"The program {names[0]} is not installed on this machine: install {package}, "
        "of the server's version or newer."
    )


def run(command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run it to its end; raises UserFacingError with its own words where it fails."""
    done = subprocess.run(command, env=environment, capture_output=True, text=True, errors="replace")  # noqa: S603
    refuse_failure(command, done.returncode, done.stderr)


def refuse_failure(command: Sequence[str], status: int, said: str) -> None:
    """Raises UserFacingError where a program failed."""
    if status != 0:
        name = command[0].rsplit("/", 1)[-1]
        raise UserFacingError(f"{name} failed: {said.strip()[-1000:] or f'exit status {status}'}")
