"""The folder between the node and the server."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.formats import InstanceUids
from services.receiving import spool as spool_module
from services.receiving.spool import Spool, SpoolFullError


def uids(sop: str, series: str = "1.2.1", study: str = "1.2") -> InstanceUids:
    return InstanceUids("1.2.840.10008.5.1.4.1.1.4", sop, series, study)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    made = Spool(tmp_path / "dicom", limit_bytes=100)
    made.prepare()
    return made


def test_an_instance_is_kept_once_and_what_came_first_stays(spool: Spool) -> None:
    assert spool.keep(uids("1.5"), (b"head", b"body"))
    assert not spool.keep(uids("1.5"), (b"other",))
    ((series, (file,)),) = spool.series("1.2")
    assert (series, file.name, file.read_bytes()) == ("1.2.1", "1.5.dcm", b"headbody")
    assert file.stat().st_mode & 0o077 == 0


def test_the_signature_changes_with_every_instance_and_only_then(spool: Spool) -> None:
    spool.keep(uids("1.5"), (b"a",))
    first = spool.signature("1.2")
    assert spool.signature("1.2") == first
    spool.keep(uids("1.6"), (b"b",))
    second = spool.signature("1.2")
    spool.keep(uids("1.7", series="1.2.2"), (b"c",))
    assert len({first, second, spool.signature("1.2")}) == 3


def test_a_full_folder_takes_nothing_more_until_there_is_room(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool_module, "_MEASURED_EVERY_S", 0.0)
    spool.keep(uids("1.5", study="1.3"), (b"x" * 60,))
    with pytest.raises(SpoolFullError):
        spool.keep(uids("1.6"), (b"x" * 41,))
    spool.keep(uids("1.7"), (b"x" * 40,))
    spool.remove("1.3", unless_changed=spool.signature("1.3"))
    spool.keep(uids("1.6"), (b"x" * 41,))
    assert spool.studies() == ["1.2"] and spool.size() == 81


def test_what_changed_meanwhile_is_not_removed(spool: Spool) -> None:
    spool.keep(uids("1.5"), (b"a",))
    before = spool.signature("1.2")
    spool.keep(uids("1.6"), (b"b",))
    spool.remove("1.2", unless_changed=before)
    assert spool.count("1.2") == 2


def test_half_written_files_of_a_killed_node_go_and_never_count(spool: Spool, tmp_path: Path) -> None:
    spool.keep(uids("1.5"), (b"a",))
    half = tmp_path / "dicom" / "studies" / "1.2" / "1.2.1" / ".0123.part"
    half.write_bytes(b"half")
    assert spool.count("1.2") == 1
    spool.prepare()
    assert not half.exists() and spool.count("1.2") == 1
