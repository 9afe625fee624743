"""Walks a full day with planted patients and then looks for their names everywhere: `make privacy-walk`.

A real server with `LIGHTBOX_IDENTIFIER_KEY`, the DICOM node, a real browser with a profile on disk, a mail
server, a webhook, a syslog server. At the end every file of the house, its temporary folder, its logs, its
backups, the browser's profile, every address that was asked for and everything that left under pseudonyms, or
that the server told others by itself, is searched for every name and number, in every spelling that
`tests.privacy.search` knows. `EXCEPTIONS` are all there are.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Error as PlaywrightError

from tests.crash.__main__ import House
from tests.crash.house import STILL
from tests.integration.servers import free_port
from tests.privacy.day import Day, arrive, browser, clinician, evening, others, programs, write
from tests.privacy.people import PEOPLE, TALKED_ABOUT
from tests.privacy.receivers import receivers
from tests.privacy.search import found_in, spellings

EXCEPTIONS: dict[str, str] = {
    r"/home/dicom/studies/": "what the DICOM node received, as it came, while it waits to be read",
    r"name of .*/home/dicom": "the same",
}
"""Where a name may stand, as patterns of places, each with its reason."""
WRITTEN: dict[str, str] = {
    r"/lightbox\.db(-wal)?$": "the file that holds the columns below; each column is searched for itself",
    r":reviews\.(comment|reason)$": "what reviewers write stays as it was written",
    r":feedback\.words$": "the same",
    r"/backups/": "the same, in a copy of the database",
}
"""Where the name of the patient that people wrote about may stand, and no other's."""


def walk(folder: Path) -> dict[str, set[str]]:
    """The day, in a folder; what was found where, without the exceptions."""
    temporary = folder / "temporary"
    temporary.mkdir()
    dicom_port = free_port()
    os.environ |= {
        "TMPDIR": str(temporary),
        "LIGHTBOX_IDENTIFIER_KEY": "k" * 40,
        "LIGHTBOX_DICOM_PORT": str(dicom_port),
        "LIGHTBOX_DICOM_SILENCE_SECONDS": "2",
    }
    with receivers(folder / "told") as more:
        day = _lived(folder, dicom_port, more)
    # Only now has everything been told: the audit trail's log is whole, too.
    spelt = spellings(word for person in (*PEOPLE, TALKED_ABOUT) for word in person.words)
    sent = found_in([folder / "sent"], spelt)
    assert len(sent) > len(PEOPLE), "the search finds what is there"
    told = folder / "told"
    came = {file.suffix for file in told.iterdir() if file.stat().st_size}
    assert came == {".eml", ".txt", ".log"}, "mails, calls and events have come"
    places = [folder / "house", temporary, day.profile, day.out, told, folder / "backups"]
    files = sum(1 for place in places for _ in place.rglob("*"))
    print(f"{len(day.addresses):,} requests, {files:,} files, {len(spelt):,} spellings", flush=True)
    left: dict[str, set[str]] = {}
    for place, words in found_in(places, spelt).items():
        within = place.replace(str(folder), "")
        left[within] = _unwritten(within, words)
    return {place: words for place, words in left.items() if words}


def _lived(folder: Path, dicom_port: int, more: dict[str, str]) -> Day:
    """The day, to its end; the server is stopped then."""
    house, node = House(folder / "house", **more, **{STILL: "1"}), 0
    try:
        tokens = json.loads(house.ask("prepare"))
        house.start()
        node = house.command("dicom")
        day = Day(house, folder, tokens, dicom_port)
        scan_ids = arrive(day)
        print(f"{len(scan_ids)} scans of {len(PEOPLE) + 1} patients came by program", flush=True)
        written = write(day)
        programs(day, [*scan_ids, *written])
        with browser(day) as context:
            page = context.new_page()
            try:
                clinician(day, page)
            except PlaywrightError:
                page.screenshot(path=folder / "where.png")
                raise
            others(day, context)
        evening(day)
    finally:
        if node:
            os.kill(node, signal.SIGTERM)
        house.close()
    return day


def _unwritten(place: str, words: set[str]) -> set[str]:
    """Those of the words that may not stand there."""
    if any(re.search(pattern, place) for pattern in EXCEPTIONS):
        return set()
    if any(re.search(pattern, place) for pattern in WRITTEN):
        return words - set(TALKED_ABOUT.words)
    return words


def main() -> int:
    """0 where no name is found."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--keep", type=Path, metavar="DIR", help="a folder that stays, to look into")
    given = asked.parse_args()
    folder = given.keep or Path(tempfile.mkdtemp(prefix="lightbox-privacy-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        named = walk(folder)
    finally:
        if given.keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    for place, words in sorted(named.items()):
        print(f"{place}: {', '.join(sorted(words))}")
    print(f"{len(named)} places name a patient" if named else "no name and no number was found")
    return 1 if named else 0


if __name__ == "__main__":
    sys.exit(main())
