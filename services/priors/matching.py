"""What a PACS says it has, and which of it is fetched: of the same person, earlier, and worth reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from data.columns import folded
from data.records import Identity

_FAMILIES = (frozenset({"MR"}), frozenset({"CR", "DX"}))
_BODY_PARTS: Mapping[str, tuple[str, ...]] = {
    "MR": ("BRAIN", "HEAD", "SKULL", "NEURO"),
    "CR": ("CHEST", "THORAX", "LUNG"),
    "DX": ("CHEST", "THORAX", "LUNG"),
}
_NO_PICTURES_TO_READ = ("localizer", "localiser", "scout", "survey")


@dataclass(frozen=True)
class StudyMatch:
    """A study as a PACS answers for it."""

    study_uid: str
    day: date | None
    modalities: tuple[str, ...]  # empty where the PACS does not say
    identity: Identity
    issuer: str = ""


@dataclass(frozen=True)
class SeriesMatch:
    """A series of a study as a PACS answers for it."""

    series_uid: str
    modality: str
    body_part: str
    description: str


@dataclass(frozen=True)
class Wanted:
    """Whose studies are looked for, and what the current one is."""

    identity: Identity
    issuer: str
    study_uid: str
    day: date
    modality: str

    @property
    def modalities(self) -> frozenset[str]:
        """Those that can be compared with the current one: MR, or CR and DX; empty for any other."""
        return next((family for family in _FAMILIES if self.modality in family), frozenset())


def other_person(wanted: Wanted, match: StudyMatch) -> str | None:
    """Why a study is not surely of the same person; None where it is.

    Two people may have one number: the PatientID must be equal, the birth date known on both sides and equal,
    and neither name, sex nor issuer of the number may say anything else.
    """
    own, other = wanted.identity, match.identity
    if (other.patient_id or "") != (own.patient_id or ""):
        return "the PACS answers with another patient ID"
    if own.birth_date is None or other.birth_date is None:
        return "the birth date is not known on both sides, so that it may be of another person"
    if own.birth_date != other.birth_date:
        return "the PACS has another birth date for this patient ID"
    if own.name and other.name and _name(own.name) != _name(other.name):
        return "the PACS has another name for this patient ID"
    if {own.sex, other.sex} == {"F", "M"}:
        return "the PACS has another sex for this patient ID"
    if wanted.issuer and match.issuer and wanted.issuer != match.issuer:
        return "the patient ID is of another issuer"
    return None


def chosen_studies(
    wanted: Wanted, matches: Sequence[StudyMatch], studies: int
) -> tuple[list[StudyMatch], tuple[str, ...]]:
    """The newest earlier studies of the same person, and sentences on those that are of somebody else.

    Of two people's studies under one number without a name the PACS would have to say whose is whose:
    where issuers differ among those that fit, and we know of none, nothing is fetched.
    """
    of_interest = [study for study in matches if _comparable(wanted, study)]
    reasons = {study.study_uid: other_person(wanted, study) for study in of_interest}
    same = [study for study in of_interest if reasons[study.study_uid] is None]
    issuers = {study.issuer for study in same if study.issuer}
    if len(issuers) > 1 and not wanted.issuer:
        ambiguous = "several issuers gave this patient ID, and this one's is not known"
        reasons |= {study.study_uid: ambiguous for study in same}
        same = []
    same.sort(key=lambda study: (study.day or date.min, study.study_uid), reverse=True)
    passed_over = [
        f"The study of {study.day or 'an unknown day'} is not fetched: {reason}."
        for study in of_interest
        if (reason := reasons[study.study_uid]) is not None
    ]
    return same[:studies], tuple(sorted(set(passed_over)))


def worth_reading(wanted: Wanted, series: SeriesMatch) -> bool:
    """Whether a series may be one that Lightbox reads and compares with the current study."""
    if series.modality not in wanted.modalities:
        return False
    part, description = series.body_part.upper(), series.description.casefold()
    if part and not any(name in part for name in _BODY_PARTS[series.modality]):
        return False
    return not any(word in description for word in _NO_PICTURES_TO_READ)


def _comparable(wanted: Wanted, study: StudyMatch) -> bool:
    if study.study_uid == wanted.study_uid or (study.day is not None and study.day > wanted.day):
        return False
    return not study.modalities or bool(wanted.modalities & set(study.modalities))


def _name(name: str) -> str:
    return folded(" ".join(name.replace("^", " ").split()))
