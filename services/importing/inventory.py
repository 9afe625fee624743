"""Before an import reads anything: which files are there, and which of them make one item."""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from data import formats
from data.database import new_id
from data.errors import InvalidInput, RefusedScan
from data.formats import Member, Sighting
from data.labelled.labels import LabelRow
from data.records import ImportFile, ImportItem, ItemState, Refusal
from data.shown_text import shown

_MOST_FILES = 5_000_000
_LEFT_ON_DISK = 2 << 30  # an archive is not laid out into the last of the disk
_NOT_THERE = "The labels name this file, but it is not in the folder."
_TWICE = "The labels give two files for one slice of this patient."


@dataclass(frozen=True)
class Tree:
    """The files of a folder, or of an archive that was laid out.

    `top` is what their names are relative to (an archive counts as a folder of its name), `root`
    is where their bytes lie.
    """

    top: Path
    root: Path
    members: tuple[Member, ...]


@dataclass(frozen=True)
class _Labelled:
    """A file with its row of the labels, and its mask where that was found."""

    member: Member
    row: LabelRow
    mask: str | None


def tree_of(folder: Path, laid_out: Path) -> Tree:
    """The files below a folder, in an archive (laid out into `laid_out`), or a single file.

    Raises InvalidInput where there is nothing, or nothing that can be opened.
    """
    if folder.is_dir():
        return Tree(folder, folder, tuple(_files_below(folder)))
    if not folder.is_file():
        raise InvalidInput(f"There is no folder {folder}.")
    if not formats.is_archive(folder):
        return Tree(folder.parent, folder.parent, (Member(folder.name, folder),))
    shutil.rmtree(laid_out, ignore_errors=True)
    laid_out.mkdir(parents=True)
    room = max(0, shutil.disk_usage(laid_out).free - _LEFT_ON_DISK)
    try:
        members = formats.unpack(
            folder, laid_out, formats.Limits(max_entries=_MOST_FILES, max_unpacked_bytes=room)
        )
    except RefusedScan as refused:
        raise InvalidInput(str(refused)) from refused
    return Tree(folder, laid_out, tuple(members))


def _files_below(folder: Path) -> Iterator[Member]:
    for base, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(base, name)
            # A link may lead anywhere; only what lies in the folder was meant.
            inside = not path.is_symlink() or path.resolve().is_relative_to(folder)
            if inside and path.is_file():
                yield Member(shown(path.relative_to(folder).as_posix()), path)


def items_of(import_id: str, tree: Tree, rows: Sequence[LabelRow], beside: Path) -> list[ImportItem]:
    """What there is to read, in the order of names; files of the labels that are missing are refused.

    Pictures whose rows share `patient_id` (and date and sequence) and have a `slice` make one
    volume. `beside` is the folder that the table of labels lies in. Raises InvalidInput where
    nothing is there.
    """
    labelled, refused = _matched(tree, rows, beside)
    masks = {value.mask for value in labelled.values() if value.mask}
    pictures = [member for member in tree.members if _path_in(tree, member) not in masks]
    sightings = formats.look_at(pictures)
    stacks, joined = _stacks(sightings, labelled)
    loose = formats.grouped(sighting for sighting in sightings if sighting.member.name not in joined)
    groups = [(group, False) for group in loose] + [(stack, True) for stack in stacks]
    if not groups and not refused:
        raise InvalidInput("No file was found there that could be a scan.")
    items = [
        _item(import_id, tree, group, labelled, stacked)
        for group, stacked in sorted(groups, key=lambda item: item[0][0].name)
    ]
    items += [_refused(import_id, refusal) for refusal in refused]
    return [_numbered(item, number) for number, item in enumerate(items)]


def _matched(
    tree: Tree, rows: Sequence[LabelRow], beside: Path
) -> tuple[dict[str, _Labelled], list[Refusal]]:
    """Files by name with their rows, and rows whose file is not there."""
    by_place = {_normal(tree.top / member.name): member for member in tree.members}
    labelled: dict[str, _Labelled] = {}
    refused: list[Refusal] = []
    for row in rows:
        places = list(_places(row.file, "images", (beside, tree.top)))
        member = next((by_place[place] for place in places if place in by_place), None)
        if member is None:
            refused.append(Refusal(row.file, "missing", _NOT_THERE))
            continue
        mask = None if row.mask_file is None else _mask(row.mask_file, tree, by_place, beside)
        if row.mask_file is not None and mask is None:
            refused.append(Refusal(row.mask_file, "missing", _NOT_THERE))
        labelled[member.name] = _Labelled(member, row, mask)
    return labelled, refused


def _mask(text: str, tree: Tree, by_place: dict[str, Member], beside: Path) -> str | None:
    """Where a mask lies: relative to the tree's root, or whole where it lies beside the table."""
    for place in _places(text, "masks", (beside, tree.top)):
        if place in by_place:
            return _path_in(tree, by_place[place])
        file = Path(place)
        if file.is_relative_to(beside) and file.is_file() and file.resolve().is_relative_to(beside):
            return place
    return None


def _places(text: str, usual: str, bases: Iterable[Path]) -> Iterator[str]:
    """Where a file of the table may lie: as given, then in the usual sub-folder."""
    name = text.replace("\\", "/")
    for base in bases:
        yield _normal(base / name)
        yield _normal(base / usual / name)


def _normal(path: Path) -> str:
    return os.path.normpath(path)


def _path_in(tree: Tree, member: Member) -> str:
    return member.path.relative_to(tree.root).as_posix()


def _stacks(
    sightings: Sequence[Sighting], labelled: dict[str, _Labelled]
) -> tuple[list[tuple[Member, ...]], set[str]]:
    """Pictures that the labels join to volumes, in the order of their slices, and all their names."""
    volumes: dict[tuple[object, ...], list[_Labelled]] = defaultdict(list)
    for sighting in sightings:
        picture = labelled.get(sighting.member.name)
        if picture and sighting.is_picture and picture.row.patient_id and picture.row.slice is not None:
            header = picture.row.header
            volumes[(picture.row.patient_id, header.acquired_at, header.sequence)].append(picture)
    ordered = [sorted(group, key=lambda picture: picture.row.slice or 0.0) for group in volumes.values()]
    stacks = [tuple(picture.member for picture in group) for group in ordered]
    return stacks, {member.name for stack in stacks for member in stack}


def _item(
    import_id: str, tree: Tree, group: Sequence[Member], labelled: dict[str, _Labelled], stacked: bool
) -> ImportItem:
    files = tuple(_file(tree, member, labelled.get(member.name)) for member in group)
    name = group[0].name if len(group) == 1 else f"{group[0].name} and {len(group) - 1} more"
    slices = [labelled[member.name].row.slice for member in group] if stacked else []
    if len(set(slices)) < len(slices):
        return _refused(import_id, Refusal(name, "labels", _TWICE))
    return ImportItem(new_id(), import_id, 0, name, files, stacked)


def _file(tree: Tree, member: Member, labelled: _Labelled | None) -> ImportFile:
    path = _path_in(tree, member)
    return ImportFile(
        path=path,
        name=None if member.name == path else member.name,
        row=labelled.row.number if labelled else None,
        mask=labelled.mask if labelled else None,
    )


def _refused(import_id: str, refusal: Refusal) -> ImportItem:
    return ImportItem(new_id(), import_id, 0, refusal.name, (), state=ItemState.DONE, refusals=(refusal,))


def _numbered(item: ImportItem, number: int) -> ImportItem:
    return replace(item, number=number)
