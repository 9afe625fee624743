"""Retraining packs over labelled data: everything is read, nothing stands on both sides of a split."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from sqlalchemy import Engine

import app
from data.labelled.datasets import brain_slices, chest_xrays, grey_image
from data.records import BRAIN_TUMOUR, PNEUMONIA, Scan, Verdict
from services.training.retraining_pack import PackAsk
from tests.labelled import make_labelled
from tests.services.training.test_retraining_pack import Ward

T1 = "T1 post contrast"


@pytest.fixture
def ward(engine: Engine, tmp_path: Path) -> Ward:
    return Ward(engine, tmp_path)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return make_labelled(tmp_path / "data")


def pack(ward: Ward, folder: Path, name: str, task: str, *scans: Scan) -> Path:
    folder.mkdir(exist_ok=True)
    ward.packs.write(PackAsk(task, tuple(scan.id for scan in scans), "", "nora"), folder / name)
    return folder / name


def prepare(data: Path, packs: Path, out: Path) -> int:
    return app.main(["prepare", str(out), "--data", str(data), "--packs", str(packs)])


def test_packs_are_read_beside_the_data_which_stays(
    ward: Ward, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    films = [ward.scan(n, task=PNEUMONIA, truth=n % 2 == 0, shape=(1, 40, 32)) for n in range(4)]
    heads = [ward.scan(n) for n in range(4, 6)] + [ward.scan(6, sequence=T1, shape=(1, 40, 40))]
    pack(ward, tmp_path / "packs", "films.zip", PNEUMONIA, *films)
    pack(ward, tmp_path / "packs", "heads.zip", BRAIN_TUMOUR, *heads)
    before = {file: file.read_bytes() for file in data.rglob("*") if file.is_file()}
    xrays, slices = chest_xrays(data), brain_slices(data)

    assert prepare(data, tmp_path / "packs", tmp_path / "out") == 0
    assert "2 packs: 7 scans of 7 patients laid over the data" in capsys.readouterr().out
    assert {file: file.read_bytes() for file in data.rglob("*") if file.is_file()} == before
    made = chest_xrays(tmp_path / "out")
    assert len(made) == len(xrays) + 4
    assert sum(xray.pneumonia for xray in made) == sum(xray.pneumonia for xray in xrays) + 2
    assert {xray.image.name for xray in xrays} < {xray.image.name for xray in made}
    heads_made = brain_slices(tmp_path / "out")
    assert len(heads_made) == len(slices) + 2 * 3 + 1
    for picture in heads_made:
        assert (grey_image(picture.mask) > 127).any() == picture.has_tumour
    assert (tmp_path / "out" / "outside" / "brain_healthy" / "index.csv").exists()


def test_the_newest_pack_that_holds_a_patient_counts(
    ward: Ward, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What people say of a scan may have changed, and two packs put one patient's volumes in one place."""
    first = ward.scan(1, task=PNEUMONIA, truth=True, patient="Ada", shape=(1, 40, 32))
    later = ward.scan(2, task=PNEUMONIA, truth=False, patient="Ada", shape=(1, 40, 32))
    other = ward.scan(3, task=PNEUMONIA, truth=True, patient="Bob", shape=(1, 40, 32))
    packs = tmp_path / "packs"
    pack(ward, packs, "b.zip", PNEUMONIA, first, other)
    _of_a_second_later(pack(ward, packs, "a.zip", PNEUMONIA, later))
    assert prepare(data, packs, tmp_path / "out") == 0
    assert "1 scans of patients whom a newer pack holds were left out" in capsys.readouterr().out
    names = {xray.image.name: xray.pneumonia for xray in chest_xrays(tmp_path / "out")}
    taken = {scan: [v for name, v in names.items() if scan.id[:8] in name] for scan in (first, later, other)}
    assert taken == {first: [], later: [False], other: [True]}
    assert not list((tmp_path / "out").rglob(f"*{first.id[:8]}*"))


def _of_a_second_later(file: Path) -> None:
    with zipfile.ZipFile(file) as old:
        entries = {name: old.read(name) for name in old.namelist()}
    entries["manifest.json"] = entries["manifest.json"].replace(b'"made_at": "20', b'"made_at": "21')
    with zipfile.ZipFile(file, "w") as new:
        for name, content in entries.items():
            new.writestr(name, content)


def test_a_patient_with_volumes_and_slices_stands_in_one_fold_of_both(
    ward: Ward, data: Path, tmp_path: Path
) -> None:
    """The data's own patients deal the folds anew, which the pack's slices must follow."""
    both = [(ward.scan(2 * n, patient=f"P{n}"), ward.scan(2 * n + 1, patient=f"P{n}", sequence=T1,
             shape=(1, 40, 40))) for n in range(6)]  # fmt: skip
    pack(ward, tmp_path / "packs", "heads.zip", BRAIN_TUMOUR, *[scan for pair in both for scan in pair])
    assert prepare(data, tmp_path / "packs", tmp_path / "out") == 0
    slices = brain_slices(tmp_path / "out")
    for volume, slice_ in both:
        folds = {s.fold for s in slices for scan in (volume, slice_) if scan.id[:8] in s.image.name}
        assert len(folds) == 1
    own = {s.image.name: s.fold for s in slices if s.image.name.startswith("c")}
    assert own == {s.image.name: s.fold for s in brain_slices(data) if s.dataset == "cheng_t1ce"}


def test_masks_of_a_pack_come_with_their_pictures(ward: Ward, data: Path, tmp_path: Path) -> None:
    corrected = ward.scan(1, Verdict.CORRECTED)
    pack(ward, tmp_path / "packs", "heads.zip", BRAIN_TUMOUR, corrected)
    assert prepare(data, tmp_path / "packs", tmp_path / "out") == 0
    own = [s for s in brain_slices(tmp_path / "out") if corrected.id[:8] in s.image.name]
    assert [int((grey_image(s.mask) > 127).sum()) for s in own] == [0, 81, 0]


def test_what_is_no_pack_or_lies_there_already_is_said(
    ward: Ward, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    packs, out = tmp_path / "packs", tmp_path / "out"
    assert prepare(data, packs, out) == 2
    assert "is no folder" in capsys.readouterr().err
    packs.mkdir()
    assert prepare(data, packs, data / "out") == 2
    assert "lies within the data" in capsys.readouterr().err
    (packs / "not.zip").write_bytes(b"no zip")
    assert prepare(data, packs, out) == 2
    assert "not.zip is no retraining pack" in capsys.readouterr().err
    with zipfile.ZipFile(packs / "not.zip", "w") as other:
        other.writestr("manifest.json", "[]")
    assert prepare(data, packs, out) == 2
    (packs / "not.zip").unlink()
    assert not out.exists()
    file = pack(ward, packs, "a.zip", PNEUMONIA, ward.scan(1, task=PNEUMONIA, shape=(1, 40, 32)))
    with zipfile.ZipFile(file) as opened:
        opened.extractall(data)
    before = sorted(tmp_path.iterdir())
    assert prepare(data, packs, out) == 2
    assert "lies in the data already" in capsys.readouterr().err
    assert sorted(tmp_path.iterdir()) == before  # nothing half-made
    out.mkdir()
    assert prepare(data, packs, out) == 2
    assert "is there already" in capsys.readouterr().err
