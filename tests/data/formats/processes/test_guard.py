from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from data.formats import Decoded, Limits, decode, decode_guarded
from data.formats.processes import guard
from data.formats.processes.transport import READY
from data.priorities import NICENESS
from tests.data.formats.making import affine_of, nested, picture, save, write_nifti, write_series

ROOT = Path(__file__).parents[4]
AXIAL = affine_of(((0, 1, 2), (-1, -1, 1)), (1.0, 1.0, 5.0))
VOLUME = np.arange(10 * 12 * 6, dtype=np.int16).reshape(10, 12, 6)


def assert_same(first: Decoded, second: Decoded) -> None:
    assert first.refusals == second.refusals
    for scan, twin in zip(first.scans, second.scans, strict=True):
        assert np.array_equal(scan.array, twin.array)
        assert scan.array.dtype == twin.array.dtype
        for what in (
            "name",
            "spacing",
            "grid",
            "header",
            "identity",
            "content_sha256",
            "members",
            "warnings",
        ):
            assert getattr(scan, what) == getattr(twin, what), what


def test_the_guarded_answer_is_the_plain_one(tmp_path: Path) -> None:
    folder = write_series(
        VOLUME, AXIAL, tmp_path / "all" / "series", AcquisitionDate="20240101", PatientAge="030Y"
    )
    write_nifti(VOLUME, AXIAL, folder.parent / "scan.nii.gz")
    (folder.parent / "strange.bin").write_bytes(b"strange things in here")
    assert_same(decode_guarded(folder.parent, "all"), decode(folder.parent, "all"))


def test_what_decodes_comes_after_pages_where_cores_are_short(tmp_path: Path) -> None:
    decode_guarded(write_nifti(VOLUME, AXIAL, tmp_path / "scan.nii.gz"), "scan.nii.gz")
    process = guard._reader._process
    assert process is not None
    assert os.getpriority(os.PRIO_PROCESS, process.pid) == os.getpriority(os.PRIO_PROCESS, 0) + NICENESS


def test_too_much_time_is_refused(tmp_path: Path) -> None:
    file = write_nifti(np.zeros((300, 300, 200), np.float64), AXIAL, tmp_path / "big.nii.gz")
    started = time.monotonic()
    decoded = decode_guarded(file, "big.nii.gz", timeout_s=0.05)
    assert [refusal.code for refusal in decoded.refusals] == ["too_hard"]
    assert time.monotonic() - started < 5


def test_too_much_memory_is_refused(tmp_path: Path) -> None:
    file = write_nifti(np.zeros((2, 2, 2), np.float64), AXIAL, tmp_path / "big.nii")
    raw = bytearray(file.read_bytes())
    raw[40:56] = np.array([3, 512, 512, 400, 1, 1, 1, 1], "<i2").tobytes()
    file.write_bytes(raw)
    os.truncate(file, 352 + 512 * 512 * 400 * 8)  # sparse: takes no room on the disk
    decoded = decode_guarded(file, "big.nii", Limits(max_bytes=4 << 30), memory_bytes=1 << 30)
    assert [refusal.code for refusal in decoded.refusals] == ["too_large"]


@pytest.mark.parametrize("depth", [60, 100_000])
def test_deep_nesting_does_no_harm(depth: int, tmp_path: Path) -> None:
    file = nested(save(picture(VOLUME[:, :, 0]), tmp_path / "deep.dcm"), depth)
    (tmp_path / "kept").mkdir()
    decoded = decode_guarded(file, "deep.dcm", timeout_s=20, keep_in=tmp_path / "kept")
    assert len(decoded.scans) + len(decoded.refusals) == 1
    assert len(list((tmp_path / "kept").iterdir())) == len(decoded.scans)


def readers() -> Iterator[int]:
    """The reading processes of this process."""
    for children in Path("/proc/self/task").glob("*/children"):
        for pid in children.read_text().split():
            if b"data.formats.processes.worker" in Path(f"/proc/{pid}/cmdline").read_bytes():
                yield int(pid)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux's /proc")
def test_a_killed_reading_process_is_replaced(tmp_path: Path) -> None:
    file = write_nifti(VOLUME, AXIAL, tmp_path / "scan.nii")
    assert decode_guarded(file, "scan.nii").scans
    (reader,) = readers()
    os.kill(reader, signal.SIGKILL)
    assert decode_guarded(file, "scan.nii").scans
    (another,) = readers()
    assert another != reader


def test_many_threads_at_once(tmp_path: Path) -> None:
    files = [write_nifti(VOLUME + np.int16(number), AXIAL, tmp_path / f"{number}.nii") for number in range(8)]
    with ThreadPoolExecutor(8) as threads:
        decoded = list(threads.map(lambda file: decode_guarded(file, file.name), files * 2))
    assert [int(answer.scans[0].array.min()) for answer in decoded] == [*range(8), *range(8)]


def test_a_plain_script_is_not_run_again(tmp_path: Path) -> None:
    """A program without a main guard that reads one file prints once and ends cleanly."""
    scan = write_nifti(VOLUME, AXIAL, tmp_path / "scan.nii")
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "from pathlib import Path\n"
        "from data.formats import decode_guarded\n"
        f"print(decode_guarded(Path({str(scan)!r}), 'scan').scans[0].array.shape)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)], capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "(6, 12, 10)\n"
    assert done.stderr == ""


def test_a_relative_path_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_nifti(VOLUME, AXIAL, tmp_path / "scan.nii")
    monkeypatch.chdir(tmp_path)
    assert decode_guarded(Path("scan.nii"), "scan.nii").scans


def test_no_temporary_files_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write_nifti(VOLUME, AXIAL, tmp_path / "scan.nii.gz")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    decode_guarded(file, "scan.nii.gz")
    decode_guarded(file, "scan.nii.gz", timeout_s=0.001)
    assert [entry.name for entry in tmp_path.iterdir()] == ["scan.nii.gz"]


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert decode_guarded(tmp_path / "nothing", "nothing").refusals[0].code == "unreadable"


def test_a_disk_that_is_full_makes_no_file_a_damaged_one(tmp_path: Path) -> None:
    file = write_nifti(VOLUME, AXIAL, tmp_path / "scan.nii.gz")
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "0.nii.gz").symlink_to("/dev/full")  # takes no byte
    with pytest.raises(OSError, match="No space left"):
        decode_guarded(file, "scan.nii.gz", keep_in=kept)


def test_a_child_that_the_kernel_kills_is_followed_by_another_and_damages_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is for want of memory. Where all of them are killed, it is the machine that cannot."""
    file = write_nifti(VOLUME, AXIAL, tmp_path / "scan.nii.gz")
    killed = '{"machine": 12}'
    real, answers = guard._answer, [[READY, "half a line", killed], [killed]]

    def answer(request: str, wait_s: float) -> list[str]:
        return answers.pop(0) if answers else real(request, wait_s)

    monkeypatch.setattr(guard, "_answer", answer)
    assert len(decode_guarded(file, "scan.nii.gz").scans) == 1
    answers[:] = [[READY, killed]] * 3
    with pytest.raises(OSError, match="Cannot allocate memory"):
        decode_guarded(file, "scan.nii.gz")


def test_who_answers_says_that_it_was_killed(tmp_path: Path) -> None:
    """The child of the child stands on a pipe that nobody writes to, until it is killed."""
    pipe = tmp_path / "scan.nii"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as pool:
        decoding = pool.submit(decode_guarded, pipe, "scan.nii", timeout_s=60)
        killed = 0
        while not decoding.done():
            for child in _decoding_children():
                os.kill(child, signal.SIGKILL)
                killed += 1
            time.sleep(0.01)
    assert isinstance(decoding.exception(), OSError)
    assert "Cannot allocate memory" in str(decoding.exception())
    assert killed >= 3


def _decoding_children() -> list[int]:
    """Processes that decode just now: children of those that were forked for one upload."""
    reader = guard._reader._process
    assert reader is not None
    return [child for keeper in _children(reader.pid) for child in _children(keeper)]


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
