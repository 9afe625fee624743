"""The table that comes with an import."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from random import Random

from data.errors import InvalidInput
from data.labelled.labels import read_labels
from tests.fuzz.byte_mutations import mutated
from tests.fuzz.door import PATIENT, BrokenPromiseError, Door, Knock, judge_sentence, judge_text
from tests.fuzz.texts import hostile_text

_COLUMNS = (
    "file", "mask_file", "patient_id", "slice", "modality", "sequence", "sex", "age", "acquired", "label",
    "mask_labels", "site", "study_date", "has_tumour", "other",
)  # fmt: skip
_WELL = {
    "file": "scan.png", "mask_file": "mask.png", "patient_id": PATIENT, "slice": "3", "modality": "MR",
    "sequence": "FLAIR", "sex": "F", "age": "61", "acquired": "2026-01-02T03:04:05+01:00", "label": "yes",
    "mask_labels": "1, 2", "site": "CS", "study_date": "19960909", "has_tumour": "1", "other": "x",
}  # fmt: skip


def _make(rng: Random) -> bytes:
    columns = [name for name in _COLUMNS if name == "file" or rng.random() < 0.6]
    rng.shuffle(columns)
    out = io.StringIO()
    writer = csv.writer(out, delimiter=rng.choice(",;\t"))
    writer.writerow(columns)
    for number in range(rng.choice((0, 1, 2, 5))):
        row = [f"{number}.png" if name == "file" else _WELL[name] for name in columns]
        for _ in range(rng.randrange(3)):
            row[rng.randrange(len(row))] = hostile_text(rng)
        writer.writerow(row[: rng.choice((len(row), len(row), 1, 0))] + ["more"] * rng.choice((0, 0, 3)))
    content = out.getvalue().encode("utf-8", "replace")
    if rng.random() < 0.1:
        content = out.getvalue().encode("utf-16", "replace")
    return mutated(rng, content) if rng.random() < 0.3 else content


def _opened(folder: Path) -> Knock:
    table = folder / "labels.csv"

    def knock(content: bytes) -> str:
        table.write_bytes(content)
        try:
            rows = read_labels(table, ("tumour",))
        except InvalidInput as refused:
            judge_sentence(str(refused), names_the_input=True)
            return "refused"
        for row in rows:
            for text in (row.file, row.patient_id, row.header.site, row.header.sequence, row.header.modality):
                if text is not None:
                    judge_text(text, "a cell")
            if row.header.age_years is not None and not 0 <= row.header.age_years <= 130:
                raise BrokenPromiseError("an age that nobody has")
        return "taken"

    return knock


DOORS = (Door("import-labels", _make, _opened, 8),)
