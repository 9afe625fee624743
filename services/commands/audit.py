"""`audit`: whether the trail is as it was written, and what to keep elsewhere to be able to tell."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, _SubParsersAction
from pathlib import Path
from typing import TYPE_CHECKING

from data.errors import InvalidInput
from services.auditing.forms import DICOM_MESSAGES, FORMS
from services.settings import Settings

if TYPE_CHECKING:
    from services.assembly.auditing import AuditServices
    from services.auditing.verification import ChainVerdict

NOT_INTACT = 1


def add_to(subparsers: _SubParsersAction[ArgumentParser]) -> None:
    """Add the command with its own commands."""
    parser = subparsers.add_parser("audit", help="check the audit trail")
    acts = parser.add_subparsers(title="what to do", required=True)
    verify = acts.add_parser(
        "verify", help="check every event; the exit status is 1 where one is not as written"
    )
    verify.add_argument("--json", action="store_true", help="print the verdict as JSON")
    verify.add_argument(
        "--checkpoint",
        type=Path,
        metavar="FILE",
        help="compare with checkpoints that were kept elsewhere, too",
    )
    verify.set_defaults(run=audit, act=_verify)
    checkpoint = acts.add_parser("checkpoint", help="print how far the chain goes, signed, to keep elsewhere")
    checkpoint.set_defaults(run=audit, act=_checkpoint)
    export = acts.add_parser("export", help="write the events to a file")
    export.add_argument("--as", dest="kind", choices=[*FORMS, DICOM_MESSAGES], default="csv", help="csv")
    export.add_argument("--out", type=Path, required=True, metavar="FILE")
    export.add_argument("--since", default="", metavar="DAY", help="from this day on, such as 2026-11-01")
    export.add_argument("--until", default="", metavar="DAY", help="up to this day, which is included")
    export.set_defaults(run=audit, act=_export)
    restored = acts.add_parser("restored", help="begin checkpoints anew after the database was restored")
    restored.add_argument("--why", required=True, help="who restored what, and why: it becomes an event")
    restored.set_defaults(run=audit, act=_restored)


def audit(arguments: Namespace, settings: Settings) -> int:
    """Open the trail and do what was asked for."""
    from services.assembly.commands import auditing_alone

    with auditing_alone(settings) as auditing:
        return int(arguments.act(arguments, auditing))


def _verify(arguments: Namespace, auditing: AuditServices) -> int:
    from data.codec import to_json

    file, checkpoints = arguments.checkpoint, auditing.checkpoints
    if file is not None and not file.is_file():
        raise InvalidInput(f"There is no file {file}.")
    lines = file.read_text().splitlines() if file is not None else []
    more = [checkpoints.read(line, str(file)) for line in lines if line.strip()]
    verdict = auditing.verification.verify(more)
    print(to_json(verdict) if arguments.json else _words(verdict))
    return 0 if verdict.intact else NOT_INTACT


def _words(verdict: ChainVerdict) -> str:
    lines = [verdict.sentence, *(fault.sentence for fault in verdict.faults)]
    if verdict.more_faults:
        lines.append(f"and {verdict.more_faults} more")
    if verdict.events:
        lines.append(f"The newest hash is {verdict.hash}; {verdict.checkpoints} checkpoints were compared.")
    if verdict.missing_triggers:
        names = ", ".join(verdict.missing_triggers)
        lines.append(f"The database lacks triggers that refuse changes: {names}.")
    return "\n".join(lines)


def _checkpoint(_: Namespace, auditing: AuditServices) -> int:
    from data.database import now

    print(auditing.checkpoints.signed(auditing.head(), now()).text)
    return 0


def _export(arguments: Namespace, auditing: AuditServices) -> int:
    from data import atomic_files
    from services.addresses import VIEWS_SHOWN, AuditAddress

    address = AuditAddress(since=arguments.since, until=arguments.until, views=VIEWS_SHOWN)
    content = auditing.trail.export_alone(address, arguments.kind)
    atomic_files.write(arguments.out, content, mode=atomic_files.PRIVATE)
    print(f"{arguments.out} was written.")
    return 0


def _restored(arguments: Namespace, auditing: AuditServices) -> int:
    why = arguments.why.strip()
    if not why:
        raise InvalidInput("Say who restored what, and why.")
    auditing.watch.begin_anew(why)
    print("Checkpoints begin anew; what was noted until now is kept beside them in the home folder.")
    return 0
