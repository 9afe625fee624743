"""Patients that nobody is called, in the character sets of DICOM, and the files that bring them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset

from tests.crash.clients import volume
from tests.data.formats.making import save, slices_of

_SHAPE = (32, 32, 3)  # what the small network reads


@dataclass(frozen=True)
class Person:
    """One planted patient: how the file writes them, and what must be found nowhere."""

    key: str
    charset: tuple[str, ...]
    name: str
    number: str

    @property
    def words(self) -> tuple[str, ...]:
        """Every part of the name, and the number."""
        parts = [part for group in self.name.split("=") for part in group.split("^")]
        return (*parts, self.number)

    @property
    def file_name(self) -> str:
        """As a person may call a file."""
        return self.name.split("=")[0].replace("^", " ")


PEOPLE = (
    Person("ascii", ("ISO_IR 6",), "Qwizzlethorp^Zebuloniax", "PVX-90001-K"),
    Person("latin", ("ISO_IR 100",), "Güzelbörgkx^Änneliesqu", "PVX-90002-L"),
    Person("utf8", ("ISO_IR 192",), "Ößterquaßtx^Ünalphqy", "PVX-90003-M"),
    Person(
        "japanese",
        ("", "ISO 2022 IR 87"),
        "Teshigawaraxq^Kunihikozz=勅使河原^晋三郎丸=てしがわらぬ^くにひこぞう",
        "PVX-90004-N",
    ),
    Person(
        "korean",
        ("", "ISO 2022 IR 149"),
        "Jegaldokxqo^Gonggonnw=諸葛獨孤^空坤乾坎=제갈독고^공곤건감",
        "PVX-90005-P",
    ),
    Person("cyrillic", ("ISO_IR 144",), "Щукарёвичев^Юзефиньюш", "PVX-90006-Q"),
    Person("greek", ("ISO_IR 126",), "Διονυσίξηψς^Ψαρρωξάκης", "PVX-90007-R"),
    Person("arabic", ("ISO_IR 127",), "قبانيظغث^نزارضخذ", "PVX-90008-S"),
)

TALKED_ABOUT = Person("talked", ("ISO_IR 192",), "Wrzeszczøthquist^Ottokarlux", "PVX-90009-T")
"""Whom reviewers name in what they write: in the house it stands as they wrote it, and leaves it nowhere."""


def slices(person: Person, seed: int) -> list[Dataset]:
    """A series of three slices that says whose it is wherever DICOM lets it."""
    array = np.full(_SHAPE, 100, np.int16)
    array[8:20, 8:20, 1] = 900
    array[0, 0, 0], array[0, 1, 0] = seed, len(person.name)
    uid, family = f"1.2.840.99.900.{seed}", person.name.split("^")[0]
    said = {
        "PatientName": person.name, "PatientID": person.number, "OtherPatientNames": person.name,
        "PatientBirthDate": "19310217", "StudyInstanceUID": uid, "SeriesInstanceUID": f"{uid}.1",
        "StudyDescription": f"Kopf {family}", "SeriesDescription": "T2 FLAIR", "PatientComments": person.name,
        "AccessionNumber": f"A{person.number}"[:16], "ImageComments": person.name,
        "BodyPartExamined": "BRAIN",
    }  # fmt: skip
    made = slices_of(array, np.diag([1.0, 1.0, 5.0, 1.0]), SpecificCharacterSet=list(person.charset), **said)
    for dataset in made:
        dataset.private_block(0x0011, "PLANTED", create=True).add_new(1, "PN", person.name)
    return made


def saved(person: Person, seed: int, folder: Path) -> list[Path]:
    """The series as files."""
    folder.mkdir(parents=True)
    return [
        save(dataset, folder / f"{person.file_name} {at}.dcm")
        for at, dataset in enumerate(slices(person, seed))
    ]


def zipped(files: list[Path]) -> bytes:
    """The files in a zip, by their names."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for file in files:
            archive.write(file, file.name)
    return content.getvalue()


def loose(person: Person, number: int) -> Iterator[tuple[str, bytes]]:
    """Files whose names alone say whose they are: a volume, a picture, and what is none."""
    yield f"{person.file_name} {person.number}.nii.gz", volume(number)
    picture = io.BytesIO()
    Image.fromarray(np.full((32, 32), 90 + number % 60, np.uint8)).save(picture, "PNG")
    yield f"{person.file_name}_{person.number}.png", picture.getvalue()
    yield f"Brief {person.file_name}.txt", f"Dear {person.file_name}, {person.number}".encode()
