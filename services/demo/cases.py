"""Who is in the demonstration: patients of nobody, examined over the last twelve months.

Everything of a case follows from its number, but for the date that the months end with.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

import numpy as np

from data import house_clock
from data.labelled import phantoms
from data.labelled.phantoms import MARK, Look, Phantom, PhantomLesion
from data.labelled.poses import Grid
from data.records import Identity, ScanHeader

SEED = 20261120
DAYS = 364
DRIFTS_SINCE_DAYS = 100
"""So long before the end, the drifting scanner's coil begins to fail."""
UNSUITABLE_EVERY, HEALTHY_EVERY, MIMIC_EVERY = 40, 10, 30
FAINT_SHARE = 0.2
REVIEWED_SHARE = 0.62  # a few of these reviews would lie in the future, and are not there yet


class CaseKind(StrEnum):
    """What a case is there to show."""

    LESION = "lesion"
    HEALTHY = "healthy"
    CT = "ct"  # the gate refuses this one and those below
    KNEE = "knee"
    BLANK = "blank"
    STATIC = "static"


UNSUITABLE = (CaseKind.CT, CaseKind.BLANK, CaseKind.KNEE, CaseKind.STATIC)


@dataclass(frozen=True)
class Scanner:
    """A scanner with its habits."""

    site: str
    manufacturer: str
    model: str
    sequence: str
    grid: Grid
    look: Look
    share: float  # of all examinations


SCANNERS = (
    Scanner(
        "Northfield General", "Halden", "Aurora 3T", "FLAIR AX", Grid(26, 256, 256, 4.6, 0.90),
        Look(noise=0.018, bias=0.10, blur=0.5, gain=1400), 0.32,
    ),
    Scanner(
        "Northfield General", "Halden", "Aurora 1.5T", "T2 FLAIR TRA", Grid(24, 224, 224, 5.0, 1.02),
        Look(noise=0.032, bias=0.06, blur=0.7, gain=800), 0.22,
    ),
    Scanner(
        "Saint Brigid", "Corvus", "Meridian 3T", "T2W FLAIR DARK FLUID", Grid(28, 256, 224, 4.2, 0.94),
        Look(noise=0.015, bias=0.14, blur=0.4, gain=2600, contrast=1.12), 0.26,
    ),
    Scanner(
        "Harbour Clinic", "Corvus", "Lyra 1.5T", "FLAIR", Grid(24, 240, 240, 4.9, 0.96),
        Look(noise=0.026, bias=0.09, blur=0.6, gain=600, contrast=0.95), 0.20,
    ),
)  # fmt: skip
DRIFTING = SCANNERS[-1]
DRIFTED = replace(DRIFTING.look, noise=0.075, bias=0.26, contrast=0.72)


@dataclass(frozen=True)
class SyntheticCase:
    """One patient and one examination; delays in seconds."""

    number: int
    kind: CaseKind
    scanner: Scanner
    look: Look
    lesion: PhantomLesion | None
    sex: str
    age_years: float
    acquired_at: datetime
    sent_after_s: float
    read_after_s: float
    reviewed_after_s: float | None  # None: nobody looks at it

    @property
    def name(self) -> str:
        """The patient's name, which is also the file's."""
        return f"{MARK} {self.number:03d}"

    @property
    def identity(self) -> Identity:
        """Who the patient is not."""
        return Identity(self.name, f"{MARK}-{self.number:03d}")

    @property
    def created_at(self) -> datetime:
        """When the scan reached the house."""
        return self.acquired_at + timedelta(seconds=self.sent_after_s)

    @property
    def read_at(self) -> datetime:
        """When its result was there."""
        return self.created_at + timedelta(seconds=self.read_after_s)

    @property
    def reviewed_at(self) -> datetime | None:
        """When the reader looks at it, if ever; this may lie in the future."""
        if self.reviewed_after_s is None:
            return None
        return self.read_at + timedelta(seconds=self.reviewed_after_s)

    @property
    def header(self) -> ScanHeader:
        """What a DICOM file of it would say."""
        scanner = self.scanner
        of_ct, unnamed = self.kind is CaseKind.CT, self.kind is CaseKind.STATIC
        part = {CaseKind.CT: "HEAD", CaseKind.KNEE: "KNEE"}.get(self.kind, "BRAIN")
        return ScanHeader(
            modality="CT" if of_ct else "MR",
            body_part=None if unnamed else part,
            sequence="HEAD NATIVE" if of_ct else scanner.sequence,
            manufacturer=scanner.manufacturer,
            scanner=scanner.model,
            site=scanner.site,
            acquired_at=self.acquired_at,
            sex=self.sex,
            age_years=self.age_years,
        )

    def phantom(self) -> Phantom:
        """Its image, the same at every call."""
        generator = _generator(self.number, "image")
        if self.kind is CaseKind.BLANK:
            return phantoms.blank(self.scanner.grid)
        if self.kind is CaseKind.STATIC:
            return phantoms.static(self.scanner.grid, self.look, generator)
        return phantoms.head(self.scanner.grid, self.look, self.lesion, generator)


def case_of(number: int, until: datetime) -> SyntheticCase:
    """SyntheticCase `number` (from 1) of the twelve months that end at `until`, aware."""
    generator = _generator(number, "facts")
    scanner = SCANNERS[generator.choice(len(SCANNERS), p=[scanner.share for scanner in SCANNERS])]
    days_before = 1 + DAYS * generator.random()
    drifted = scanner is DRIFTING and days_before < DRIFTS_SINCE_DAYS
    look = _varied(DRIFTED if drifted else scanner.look, generator)
    kind = _kind(number)
    return SyntheticCase(
        number=number,
        kind=kind,
        scanner=scanner,
        look=look,
        lesion=_lesion(kind, number, generator),
        sex="F" if generator.random() < 0.47 else "M",
        age_years=round(float(np.clip(generator.normal(56, 15), 19, 92)), 1),
        acquired_at=_in_working_hours(until - timedelta(days=days_before), generator),
        sent_after_s=_seconds(generator, 25 * 60, 0.5),
        read_after_s=_seconds(generator, 45, 0.6),
        reviewed_after_s=_reviewed_after(generator),
    )


def _generator(number: int, what: str) -> np.random.Generator:
    # What is drawn of one does not depend on how much is drawn of another.
    return np.random.default_rng([SEED, number, *what.encode()])


def _kind(number: int) -> CaseKind:
    if number % UNSUITABLE_EVERY == 7:
        return UNSUITABLE[number // UNSUITABLE_EVERY % len(UNSUITABLE)]
    return CaseKind.HEALTHY if number % HEALTHY_EVERY == 4 else CaseKind.LESION


def _lesion(kind: CaseKind, number: int, generator: np.random.Generator) -> PhantomLesion | None:
    """A tumour for those who have one; some of the others have an old infarct that looks like one."""
    if kind is CaseKind.HEALTHY and number % MIMIC_EVERY == 14:
        return PhantomLesion(generator.uniform(2, 6), 0.8, tumour=False)
    if kind is not CaseKind.LESION:
        return None
    volume_ml = float(np.clip(14 * np.exp(generator.normal(0, 1.1)), 0.5, 110))
    faint = generator.random() < FAINT_SHARE
    brightness = generator.uniform(0.43, 0.55) if faint else generator.uniform(0.55, 0.92)
    has_core = volume_ml > 10 and generator.random() < 0.35
    return PhantomLesion(volume_ml, brightness, generator.uniform(0.15, 0.4) if has_core else 0.0)


def _varied(look: Look, generator: np.random.Generator) -> Look:
    """No two examinations are alike."""
    noise, gain, contrast = np.exp(generator.normal(0, (0.15, 0.15, 0.04)))
    return replace(look, noise=look.noise * noise, gain=look.gain * gain, contrast=look.contrast * contrast)


def _in_working_hours(moment: datetime, generator: np.random.Generator) -> datetime:
    """On that day, or on the Friday before, at some time that people work."""
    day = house_clock.day_of(moment)
    if generator.random() < 0.9:  # there are emergencies
        day -= timedelta(days=max(0, day.weekday() - 4))
    return _at(day, 7.5 + 10 * generator.beta(2, 2.4))


def _at(day: date, hours: float) -> datetime:
    return house_clock.start_of_day(day) + timedelta(seconds=round(hours * 3600))


def _seconds(generator: np.random.Generator, median: float, spread: float) -> float:
    return round(float(median * np.exp(generator.normal(0, spread))), 1)


def _reviewed_after(generator: np.random.Generator) -> float | None:
    after = _seconds(generator, 5 * 3600, 1.1)
    return after if generator.random() < REVIEWED_SHARE else None
