"""`erase-patient` and `retention`: what is kept of patients, and for how long."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, _SubParsersAction
from pathlib import Path
from typing import TYPE_CHECKING

from data.errors import InvalidInput
from services.settings import Settings

if TYPE_CHECKING:
    from services.retention.erasing import Holdings


def add_to(subparsers: _SubParsersAction[ArgumentParser]) -> None:
    """Add the commands."""
    erase = subparsers.add_parser("erase-patient", help="erase a patient everywhere, for good")
    erase.add_argument("patient", help="the pseudonym, as P-7K4MX")
    erase.add_argument("--why", metavar="WORDS", help="a reason; without one only what is kept is listed")
    erase.add_argument("--yes", action="store_true", help="do not ask once more")
    erase.set_defaults(run=erase_patient)
    parser = subparsers.add_parser("retention", help="legal holds, and what was erased")
    acts = parser.add_subparsers(title="what to do", required=True)
    for name, act, words in (
        ("hold", hold, "let nothing of a patient be erased"),
        ("lift", lift, "end a legal hold"),
    ):
        of_patient = acts.add_parser(name, help=words)
        of_patient.add_argument("patient", help="the pseudonym")
        of_patient.add_argument("--why", metavar="WORDS", required=True)
        of_patient.set_defaults(run=act)
    acts.add_parser("holds", help="list legal holds").set_defaults(run=holds)
    listed = acts.add_parser("erasures", help="what was erased, to keep beside backups")
    listed.add_argument("--out", type=Path, metavar="FILE", help="a file instead of the screen")
    listed.set_defaults(run=erasures)
    again = acts.add_parser("reapply", help="after a restore: erase once more what had been erased")
    again.add_argument("file", type=Path)
    again.set_defaults(run=reapply)


def erase_patient(arguments: Namespace, settings: Settings) -> int:
    """Say what is kept of a patient and, with a reason, erase it."""
    from services.assembly.commands import retention_alone

    with retention_alone(settings) as services:
        known = services.erasing.holdings_of(arguments.patient)
        _list(known)
        if arguments.why is None:
            return 0
        if not arguments.yes and not _agreed(known.patient.pseudonym):
            print("Nothing was erased.")
            return 1
        erasure = services.erasing.erase_by_command(arguments.patient, arguments.why)
    if erasure.note:
        print(f"{erasure.pseudonym} is erased; files follow. {erasure.note}")
    else:
        print(f"{erasure.pseudonym} is erased: nothing is left.")
    return 0


def hold(arguments: Namespace, settings: Settings) -> int:
    """Place a legal hold."""
    from services.assembly.commands import retention_alone

    with retention_alone(settings) as services:
        placed = services.holds.place_by_command(arguments.patient, arguments.why)
    print(f"{placed.pseudonym} is under legal hold.")
    return 0


def lift(arguments: Namespace, settings: Settings) -> int:
    """Lift a legal hold."""
    from services.assembly.commands import retention_alone

    with retention_alone(settings) as services:
        lifted = services.holds.lift_by_command(arguments.patient, arguments.why)
    print(f"The hold on {lifted.pseudonym} is lifted.")
    return 0


def holds(_: Namespace, settings: Settings) -> int:
    """List the holds."""
    from services.assembly.commands import retention_alone

    with retention_alone(settings) as services:
        known = services.holds.listed()
    for each in known:
        since = f"{each.placed_at:%Y-%m-%d} {each.placed_name}: {each.reason}"
        ended = (
            ""
            if each.holds
            else f"  (lifted {each.lifted_at:%Y-%m-%d} {each.lifted_name}: {each.lift_reason})"
        )
        print(f"{each.pseudonym:10} {since}{ended}")
    if not known:
        print("There are no legal holds.")
    return 0


def erasures(arguments: Namespace, settings: Settings) -> int:
    """Write down what was erased, a line of JSON each: ids, pseudonyms and reasons, no name."""
    from services.assembly.commands import retention_alone
    from services.retention.erasure_list import written

    with retention_alone(settings) as services:
        text = written(services.erasing.all())
    if arguments.out is None:
        print(text, end="")
    else:
        arguments.out.write_text(text)
    return 0


def reapply(arguments: Namespace, settings: Settings) -> int:
    """Erase what a restored backup brought back."""
    from services.assembly.commands import retention_alone
    from services.retention.erasure_list import read

    try:
        listed = read(arguments.file.read_text())
    except OSError as error:
        raise InvalidInput(f"{arguments.file} cannot be read: {error.strerror}.") from error
    with retention_alone(settings) as services:
        scans = services.erasing.reapply(listed)
    print(f"{len(listed):,} erasures are listed; {scans:,} scans had come back and are erased once more.")
    return 0


def _list(known: Holdings) -> None:
    print(f"Of {known.patient.pseudonym} there are:")
    for name, n in sorted(known.counts.items()):
        print(f"  {n:6,} {name.replace('_', ' ')}")
    for each in known.holds:
        print(f"  Under legal hold since {each.placed_at:%Y-%m-%d}: {each.reason}")
    for name in known.sent_to:
        print(f"  Results were sent to {name}, which keeps them.")
    if known.words_in_audit:
        print(f"  {known.words_in_audit} events of the audit trail name the patient in words; they stay.")


def _agreed(pseudonym: str) -> bool:
    try:
        return input(f"Type {pseudonym} to erase it for good: ").strip().upper() == pseudonym
    except EOFError:
        return False
