"""Lightbox's commands, run by a task: LIGHTBOX_COMMAND says where they are."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Callable


def run_command(*words: str, told: Callable[[str], object] = lambda line: None) -> str:
    """Run `app.py` with these words and return what it wrote to stdout; stderr goes to the task's log.

    `told` is called with each line as it is written. Raises CalledProcessError where the command fails, and
    the task is tried again. Its standard input is closed when the task ends, however that ends.
    """
    command = [*shlex.split(os.environ["LIGHTBOX_COMMAND"]), *words]
    written = []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            for line in process.stdout:
                print(line, end="")
                written.append(line)
                told(line)
        except BaseException:  # the task was told to end
            process.terminate()
            raise
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return "".join(written)
