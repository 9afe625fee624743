"""Disks of their own that run full under a server: of backups, of temporary files, of the log."""

from __future__ import annotations

import time
from pathlib import Path

from tests.crash.answers import Answers
from tests.crash.outages import filled
from tests.crash.ward import Ward

BACKUPS, TEMPORARY = "backups", "temporary"
_FULL_LOG = Path("/dev/full")
_COULD_NOT = ("The backup could not be written", "cannot be copied: database or disk is full.")


def backups_full(ward: Ward, _answers: Answers) -> list[str]:
    """A backup finds no room while people work; the next one does."""
    into, wrong = ward.folder / BACKUPS, []
    with ward.working():
        time.sleep(3)
        for leave in (0, 1_500_000):
            before = len(ward.house.log.read_text())
            with filled(into, leave):
                if ward.house.run(f"backup {into}") == 0:
                    wrong.append("a backup without room for it was said to be made")
            log = ward.house.log.read_text()[before:]
            if not any(said in log for said in _COULD_NOT) or "Traceback" in log:
                wrong.append(f"the command did not say why, in a sentence: {log[-300:]}")
            wrong += [f"left of a backup that failed: {each}" for each in _left(into)]
        if ward.ready().get("backup") != "none":
            wrong.append(f"/readyz tells of a backup that failed: {ward.ready()}")
        if ward.house.run(f"backup {into}"):
            wrong.append("with room again no backup was made")
    return wrong


def _left(into: Path) -> list[str]:
    return [each.name for each in into.iterdir() if each.name != ".lock"]


def temporary_full(ward: Ward, _answers: Answers, seconds: float = 10) -> list[str]:
    """No room for temporary files: what needs them is answered with a sentence, all else goes on."""
    wrong = []
    with ward.working():
        time.sleep(3)
        with filled(ward.folder / TEMPORARY):
            wrong += ward.lives(seconds / 2)
            sent = ward.send("meanwhile.nii.gz")
            if sent.status_code not in (201, 503, 507):
                wrong.append(f"an upload is answered {sent.status_code} {sent.text[:200]}")
            wrong += ward.lives(seconds / 2)
    return wrong


def log_full(ward: Ward, _answers: Answers, seconds: float = 10) -> list[str]:
    """The server starts and works while not one line of its log can be written."""
    kept, wrong = ward.house.log, []
    ward.house.kill()
    ward.house.log = _FULL_LOG
    try:
        ward.house.start()
        with ward.working():
            wrong += ward.lives(seconds)
    finally:
        ward.house.kill()
        ward.house.log = kept
        ward.house.start()
    return wrong
