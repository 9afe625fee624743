"""What a DICOMweb node sends as an instance is kept only where it is what was asked for."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.records import RemoteNode, RemoteNodeKind
from services.priors import web
from services.priors.answers import SubOperations
from services.receiving.spool import Spool
from services.remote_nodes.peer import Peer, RemoteFault
from services.settings import Settings
from tests.data.formats.making import picture

EXPLICIT = "1.2.840.10008.1.2.1"
PIXELS = np.zeros((8, 8), np.uint16)
PEER = Peer(RemoteNode("n", "Web", RemoteNodeKind.DICOMWEB, url="http://10.2.0.7/dicom-web"), Settings())


def sent(**elements: Any) -> bytes:
    dataset, stream = picture(PIXELS, **elements), io.BytesIO()
    dataset["PixelData"].VR = "OW"
    dataset.file_meta.TransferSyntaxUID = EXPLICIT
    dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    made = Spool(tmp_path, 1 << 20)
    made.prepare()
    return made


def fetched(
    monkeypatch: pytest.MonkeyPatch, spool: Spool, *contents: bytes
) -> tuple[SubOperations, list[SubOperations]]:
    answers = [{"00080018": {"vr": "UI", "Value": [f"1.5.{number}"]}} for number in range(len(contents))]
    noted: list[SubOperations] = []
    monkeypatch.setattr(web, "search", lambda *_: answers)
    monkeypatch.setattr(web, "retrieve", lambda _, path: contents[int(path.rsplit(".", 1)[1])])
    return web.fetch(PEER, "1.2.3", "1.2.3.4", noted.append, spool), noted


def test_instances_are_counted_one_by_one_and_kept(monkeypatch: pytest.MonkeyPatch, spool: Spool) -> None:
    came, noted = fetched(monkeypatch, spool, sent(), sent())
    assert came == SubOperations(2, 0) and [step.completed for step in noted] == [1, 2]
    assert spool.count("1.2.3") == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (sent(SeriesInstanceUID="1.2.3.5"), "not of the series that was asked for"),
        (sent(StudyInstanceUID="1.2.4"), "not of the series that was asked for"),
        (sent(SOPClassUID="1.2.840.10008.5.1.4.1.1.2"), "is not taken"),
        (b"<html>", "no DICOM file"),
    ],
)
def test_another_instance_than_was_asked_for_is_not_kept(
    monkeypatch: pytest.MonkeyPatch, spool: Spool, content: bytes, words: str
) -> None:
    came, _ = fetched(monkeypatch, spool, sent(), content)
    assert (came.completed, came.failed) == (1, 1) and words in str(came.failure)
    assert spool.studies() == ["1.2.3"] and spool.count("1.2.3") == 1


def test_a_full_folder_ends_it_in_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    full = Spool(tmp_path, 10)
    full.prepare()
    with pytest.raises(RemoteFault, match="folder cannot take it"):
        fetched(monkeypatch, full, sent())
