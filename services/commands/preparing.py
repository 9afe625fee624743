"""`prepare`: labelled data with retraining packs laid over it, for `train`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, _SubParsersAction
from pathlib import Path

from services.settings import Settings


def add_to(subparsers: _SubParsersAction[ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser("prepare", help="lay retraining packs over labelled data, for train")
    parser.add_argument("out", type=Path, metavar="OUT", help="a new folder")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="labelled data, which stays")
    parser.add_argument("--packs", type=Path, required=True, metavar="DIR", help="a folder of packs, *.zip")
    parser.set_defaults(run=prepare)


def prepare(arguments: Namespace, _: Settings) -> int:
    """Copy labelled data to a new folder and lay retraining packs over it."""
    from data.errors import InvalidInput
    from data.labelled.packs import prepared

    for folder in (arguments.data, arguments.packs):
        if not folder.is_dir():
            raise InvalidInput(f"{folder} is no folder.")
    packs = sorted(arguments.packs.glob("*.zip"))
    made = prepared(arguments.data, packs, arguments.out)
    print(f"{len(packs):,} packs: {made.scans:,} scans of {made.patients:,} patients laid over the data")
    if made.superseded:
        print(f"{made.superseded:,} scans of patients whom a newer pack holds were left out")
    return 0
