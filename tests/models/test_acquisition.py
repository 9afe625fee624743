"""The classifier of sequence and view: its rules, its data, and the weights that ship."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from data.labelled.collections import NO_FOLD, collected_files
from data.labelled.datasets import grey_image
from data.records import MrSequence
from models.acquisition import pictures
from models.acquisition.task import (
    FRONTAL_FROM,
    TASK,
    Shown,
    class_probabilities,
    frontal_share,
    is_read,
    sequence_shares,
)
from models.task import Decision
from models.weights import network_of, opened
from tests import phantoms
from tests.labelled import make_labelled

DECISION = Decision(threshold=0.1, volume_shift=1.35)
OUTSIDE = Path(__file__).resolve().parents[3] / "shared" / "data" / "outside"


def _shares(**shown: float) -> dict[MrSequence, float]:
    return sequence_shares(np.array([shown.get(kind.name, 0.0) for kind in Shown]))


@pytest.mark.parametrize(
    ("slices", "flair", "read"), [(1, 0.101, True), (1, 0.099, False), (9, 0.301, True), (9, 0.298, False)]
)
def test_a_tenth_is_enough_for_a_picture_and_three_tenths_for_a_volume(
    slices: int, flair: float, read: bool
) -> None:
    assert is_read(_shares(FLAIR=flair, T2=1 - flair), slices, DECISION) is read
    assert is_read(_shares(FLAIR=flair / 2, T1_CONTRAST=flair / 2, T2=1 - flair), slices, DECISION) is read


def test_shares_leave_out_what_the_route_has_ruled_out() -> None:
    probabilities = np.zeros(len(Shown), dtype=np.float32)
    probabilities[[Shown.T1, Shown.FRONTAL_CHEST, Shown.LATERAL_CHEST]] = 0.5, 0.1, 0.4
    assert sequence_shares(probabilities)[MrSequence.T1] == pytest.approx(1.0)
    assert frontal_share(probabilities) == pytest.approx(0.2)


def test_a_volume_is_the_mean_of_its_slices() -> None:
    logits = np.zeros((2, len(Shown)), dtype=np.float32)
    logits[0, Shown.FLAIR] = logits[1, Shown.T2] = 50
    assert class_probabilities(logits)[[Shown.FLAIR, Shown.T2]] == pytest.approx([0.5, 0.5])


def test_folds_go_by_patient_over_all_collections(tmp_path: Path) -> None:
    for part, name in (("outside", "chest_a"), ("training", "chest_b")):
        folder = tmp_path / part / name
        folder.mkdir(parents=True)
        lines = [
            "file,what,patient_or_source",
            "x.png,lateral,p1",
            "y.png,lateral,p2",
            "z.png,lateral,unknown (web)",
        ]
        (folder / "index.csv").write_text("\n".join(lines))
    files = collected_files(tmp_path)
    folds: dict[str, set[int]] = {}
    for file in files:
        folds.setdefault(file.source, set()).add(file.fold)
    assert len(files) == 6 and all(len(several) == 1 for several in folds.values())
    assert folds["unknown (web)"] == {NO_FOLD} and NO_FOLD not in folds["p1"] | folds["p2"]


def test_copies_of_what_is_judged_are_not_trained_on() -> None:
    random = torch.Generator().manual_seed(0)
    first, second = (torch.randint(0, 255, (1, 1, 64, 64), generator=random).byte() for _ in range(2))

    def scan(picture: torch.Tensor, fold: int) -> pictures.ShownScan:
        return pictures.ShownScan(picture, Shown.T2, "made", "p", fold, ())

    copied, own, known = scan(first, NO_FOLD), scan(second, NO_FOLD), scan(first, 2)
    assert pictures.without_copies([copied, own, known], [scan(first, 4)]) == [own, known]


def test_everything_that_is_known_is_listed_with_what_it_shows(tmp_path: Path) -> None:
    scans = pictures.shown_scans(make_labelled(tmp_path), 64)
    kinds = {scan.shown for scan in scans}
    assert kinds == set(Shown) - {Shown.PROTON_DENSITY, Shown.OTHER_MRI}
    assert all(len(scan.pictures) == 2 for scan in scans if scan.dataset == "tcga_lgg")


def test_the_shipped_weights_tell_a_flair_from_a_t1() -> None:
    network = network_of(TASK, opened(TASK.folder))
    shares = []
    for voxels in (phantoms.brain(), phantoms.mni()[0]):
        inputs, _ = TASK.prepare(np.moveaxis(voxels, 2, 0)[:, ::-1, ::-1].swapaxes(1, 2))
        with torch.inference_mode():
            shares.append(sequence_shares(class_probabilities(network(inputs).numpy())))
    assert is_read(shares[0], 9, opened(TASK.folder).decision)
    assert shares[0][MrSequence.FLAIR] > shares[0][MrSequence.T1]
    assert not is_read(shares[1], 9, opened(TASK.folder).decision)
    assert max(shares[1], key=shares[1].__getitem__) is MrSequence.T1


@pytest.mark.skipif(not OUTSIDE.exists(), reason="the public pictures of shared/data are not here")
def test_the_shipped_weights_know_lateral_films() -> None:
    network = network_of(TASK, opened(TASK.folder))
    lateral, frontal = [], []
    for file in collected_files(OUTSIDE.parent):
        if file.file.parent.parent != OUTSIDE or not file.collection.startswith("chest"):
            continue
        if file.what == "lateral":
            lateral.append(_frontal_share(network, file.file))
        elif file.collection == "chest_adult":
            frontal.append(_frontal_share(network, file.file))
    assert sum(share >= FRONTAL_FROM for share in lateral) == 0
    assert sum(share < FRONTAL_FROM for share in frontal) <= 0.02 * len(frontal)


def _frontal_share(network: torch.nn.Module, file: Path) -> float:
    inputs, _ = TASK.prepare(grey_image(file)[None])
    with torch.inference_mode():
        return frontal_share(class_probabilities(network(inputs).numpy()))
