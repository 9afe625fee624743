"""`backup` and `restore`: the whole house into a folder, and back."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, _SubParsersAction
from pathlib import Path

from data.errors import InvalidInput
from services.settings import Settings

NOT_INTACT = 1
"""The exit status of a backup that is damaged, lacks a file, or holds a trail with a fault."""
_MOST_SAID = 20


def add_to(subparsers: _SubParsersAction[ArgumentParser]) -> None:
    """Add both commands."""
    backup = subparsers.add_parser("backup", help="copy the whole house, while the server runs")
    backup.add_argument("folder", type=Path, metavar="DIR", help="where backups are kept, a folder each")
    backup.add_argument("--verify", action="store_true", help="check a backup, or the newest in DIR, instead")
    backup.add_argument("--keep", type=int, default=0, metavar="N", help="delete all but the newest N")
    backup.add_argument(
        "--whole", action="store_true", help="copy every file; link none to the previous backup"
    )
    backup.add_argument(
        "--without-key", action="store_true", help="leave out secret.key, which you keep apart"
    )
    backup.set_defaults(run=backup_)
    restore = subparsers.add_parser("restore", help="bring a backup back to an empty home folder")
    restore.add_argument("folder", type=Path, metavar="DIR", help="a backup, or a folder of them: the newest")
    restore.add_argument(
        "--why", default="", metavar="WORDS", help="who restores, and why: for the audit trail"
    )
    restore.add_argument(
        "--key", type=Path, metavar="FILE", help="secret.key, where the backup is without it"
    )
    restore.add_argument("--new-key", action="store_true", help="make a new key, as the old one is lost")
    restore.set_defaults(run=restore_)


def backup_(arguments: Namespace, settings: Settings) -> int:
    """Make a backup, or check one."""
    if arguments.verify:
        return _verify(arguments.folder)
    from services.assembly.backups import make_backup

    if arguments.keep < 0:
        raise InvalidInput("Keep at least one backup, or leave --keep out to keep all.")
    made = make_backup(
        settings,
        arguments.folder,
        with_key=not arguments.without_key,
        whole=arguments.whole,
        keep=arguments.keep,
    )
    known = made.manifest
    print(
        f"{made.folder} holds {known.files:,} files, {_size(known.bytes)}; "
        f"{_size(made.new_bytes)} of them are new."
    )
    for sentence in known.left_out:
        print(sentence)
    if known.holds_key:
        print("It holds patients' names and the secret key: keep it where only administrators can read it.")
    else:
        print(
            "It holds patients' names, and not the secret key: keep the key elsewhere, "
            "or nobody can check what it signed."
        )
    for folder in made.removed:
        print(f"{folder} was deleted.")
    return _tell_missing(known.missing)


def restore_(arguments: Namespace, settings: Settings) -> int:
    """Bring a backup back to where the settings say."""
    from services.assembly.backups import restore
    from services.backups.restoring import checked

    chosen = checked(arguments.folder, settings, arguments.key, new_key=arguments.new_key)
    verdict = restore(chosen, " ".join(arguments.why.split()))
    rows = sum(sum(kept.rows.values()) for kept in chosen.manifest.databases.values())
    print(f"{chosen.folder} is back in {settings.home}: {chosen.manifest.files:,} files, {rows:,} rows.")
    print("Everybody has to sign in again. What happened after that backup is not here.")
    print(verdict.sentence)
    for fault in verdict.faults:
        print(fault.sentence)
    return max(_tell_missing(chosen.manifest.missing), 0 if verdict.intact else NOT_INTACT)


def _verify(folder: Path) -> int:
    from services.backups import manifest

    chosen = manifest.chosen(folder)
    faults = manifest.faults(chosen)
    for sentence in faults[:_MOST_SAID]:
        print(sentence)
    if len(faults) > _MOST_SAID:
        print(f"And {len(faults) - _MOST_SAID:,} more.")
    if faults:
        print(f"{chosen} is damaged.")
        return NOT_INTACT
    known = manifest.read(chosen)
    print(f"{chosen} is as it was made: {known.files:,} files, {_size(known.bytes)}, each with its SHA-256.")
    return _tell_missing(known.missing)


def _tell_missing(missing: tuple[str, ...]) -> int:
    if not missing:
        return 0
    for path in missing[:_MOST_SAID]:
        print(f"{path} was not there when the backup was made, though the database names it.")
    print(f"{len(missing):,} files were missing in the house itself.")
    return NOT_INTACT


def _size(of_bytes: int) -> str:
    return f"{of_bytes / (1 << 30):,.1f} GiB" if of_bytes >= 1 << 30 else f"{of_bytes / (1 << 20):,.1f} MiB"
