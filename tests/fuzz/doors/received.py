"""What modalities and the PACS send by C-STORE: kept as it came, and handed over with its sender."""

from __future__ import annotations

import io
import json
from pathlib import Path
from random import Random
from types import SimpleNamespace

from data import formats
from data.errors import RefusedScan
from services.receiving.handed_series import HandedSeries
from services.receiving.spool import Spool
from services.receiving.storing import keep_instance
from tests.fuzz import seeds
from tests.fuzz.byte_mutations import mutated
from tests.fuzz.dicom_mutations import mutated_dicom
from tests.fuzz.door import BrokenPromiseError, Door, Knock, judge_sentence
from tests.fuzz.texts import hostile_text

_STATUSES = {0x0000: "taken", 0xA700: "no room", 0xA900: "another one", 0xC000: "not understood"}


def _make(rng: Random) -> bytes:
    """A line of who sends what in which transfer syntax, then the data set."""
    content = rng.choice(seeds.dicom_files()[:6])
    if rng.random() < 0.6:
        content = mutated_dicom(rng, content)
    try:
        dataset, syntax = formats.file_parts(content)
    except RefusedScan:
        dataset, syntax = content[132:], "1.2.840.10008.1.2.1"
    if rng.random() < 0.4:
        dataset = mutated(rng, dataset)
    if rng.random() < 0.1:
        syntax = rng.choice(("1.2.840.10008.1.2", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"))
    title = "MR1" if rng.random() < 0.7 else hostile_text(rng).encode("ascii", "replace").decode()[:16]
    said = {"syntax": syntax, "title": title, "announced": rng.random() < 0.9}
    return json.dumps(said).encode() + b"\n" + dataset


def _opened(folder: Path) -> Knock:
    spool = Spool(folder / "received", 1 << 40)
    spool.prepare()
    root = (folder / "received").resolve()

    def knock(content: bytes) -> str:
        head, _, dataset = content.partition(b"\n")
        said = json.loads(head)
        announced = ("1.2", "1.2.3")
        if said["announced"]:
            try:
                uids = formats.uids_of(dataset, said["syntax"])
                announced = uids.sop_class, uids.sop_instance
            except RefusedScan as refused:
                judge_sentence(str(refused))
        request = SimpleNamespace(
            DataSet=io.BytesIO(dataset), AffectedSOPClassUID=announced[0], AffectedSOPInstanceUID=announced[1]
        )
        event = SimpleNamespace(request=request, context=SimpleNamespace(transfer_syntax=said["syntax"]))
        status = keep_instance(event, spool, said["title"], "10.1.0.5")
        if status not in _STATUSES:
            raise BrokenPromiseError(f"a status of {status:#06x}")
        if (status == 0) != bool(spool.studies()):
            raise BrokenPromiseError("success is said of what is not there, or not of what is")
        _handed_over(spool, root, dataset)
        return _STATUSES[status]

    return knock


def _handed_over(spool: Spool, root: Path, dataset: bytes) -> None:
    for study in spool.studies():
        for series, files in spool.series(study):
            for file in files:
                if not file.resolve().is_relative_to(root) or not file.read_bytes().endswith(dataset):
                    raise BrokenPromiseError("it is not kept as it came, or not here")
            handed = HandedSeries(study, series, files, files, set())
            if sum(count.instances for count in handed.senders) != len(files) or not handed.arrivals:
                raise BrokenPromiseError("nobody is said to have sent it")
            for file in files:
                file.unlink()
        spool.remove(study, unless_changed=spool.signature(study))
    for study in spool.studies():
        for series_folder in (root / "studies" / study).iterdir():
            series_folder.rmdir()
        (root / "studies" / study).rmdir()


DOORS = (Door("dicom-node", _make, _opened, 6),)
