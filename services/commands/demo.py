"""`demo`: fill the house with patients of nobody, or take them out again."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, _SubParsersAction

from data.errors import InvalidInput
from services.settings import Settings


def add_to(subparsers: _SubParsersAction[ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser("demo", help="add synthetic patients, to see every page alive")
    parser.add_argument("--patients", type=int, metavar="N", help="how many (300)")
    parser.add_argument("--remove", action="store_true", help="take all of them out again")
    parser.set_defaults(run=demo)


def demo(arguments: Namespace, settings: Settings) -> int:
    """Add synthetic patients, or remove all of them."""
    from tqdm import tqdm

    from services.assembly.commands import demo_alone
    from services.demo.demonstration import PATIENTS

    if arguments.remove and arguments.patients is not None:
        raise InvalidInput("--remove takes out all of them; leave --patients away.")
    with demo_alone(settings, reads=not arguments.remove) as demonstration:
        if arguments.remove:
            with tqdm(total=demonstration.count(), unit="scan", delay=1) as bar:
                removed = demonstration.remove(bar.update)
            print(f"{removed:,} synthetic scans removed.")
            return 0
        patients = PATIENTS if arguments.patients is None else arguments.patients
        with tqdm(total=patients, unit="patient") as bar:
            added = demonstration.add(patients, bar.update)
    print(f"{added.read:,} synthetic scans read, {added.refused:,} refused; {added.known:,} were here.")
    print("Take them out with: app.py demo --remove")
    return 0
