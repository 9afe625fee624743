"""Departments: which part of a house a scan is of, and which part a person sees."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Department:
    """A department, and what says of a new scan that it is its own."""

    id: str
    name: str
    senders: tuple[str, ...]  # AE titles that scanners and archives call the DICOM node by
    sites: tuple[str, ...]  # institutions as DICOM files name them
    created_at: datetime


def department_of(
    ae_title: str | None, site: str | None, uploader: Collection[str], every: Iterable[Department]
) -> str | None:
    """The id of the department that a new scan is of; None where nothing says it.

    What the sender says comes first, then what the file says of its site, then the only department of the
    person who uploaded it (`uploader`: ids). A sender or site belongs to one department at most.
    """
    known = list(every)
    by_sender = {name_key(name): department.id for department in known for name in department.senders}
    by_site = {name_key(name): department.id for department in known for name in department.sites}
    if ae_title and name_key(ae_title) in by_sender:
        return by_sender[name_key(ae_title)]
    if site and name_key(site) in by_site:
        return by_site[name_key(site)]
    own = [department.id for department in known if department.id in uploader]
    return own[0] if len(own) == 1 else None


def name_key(name: str) -> str:
    """What equal names of a sender or a site have in common: neither case nor blanks count."""
    return " ".join(name.split()).casefold()
