"""Whose turn it is to be opened, and how much an upload seems to be."""

from __future__ import annotations

import io
import threading
import zipfile
from pathlib import Path

import pytest

from services.reading.openings import AT_A_TIME, MANY, OpeningRoom, effort_of_opening
from services.turns import Turn


def _zip(folder: Path, members: int) -> Path:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.comment = b"a comment after the end"
        for number in range(members):
            archive.writestr(f"{number}.dcm", b"x")
    path = folder / "upload"
    path.write_bytes(memory.getvalue())
    return path


@pytest.mark.parametrize(
    ("name", "inputs", "short"),
    [("chest.dcm", 1, True), ("IM0001", 1, True), ("slice.PNG", 1, True), ("head.nii.gz", MANY, False),
     ("head.nii", MANY, False), ("study.tar", MANY, False)],
)  # fmt: skip
def test_a_file_is_short_unless_it_may_hold_a_volume(
    tmp_path: Path, name: str, inputs: int | None, short: bool
) -> None:
    (tmp_path / "upload").write_bytes(b"x" * 10)
    effort = effort_of_opening(tmp_path / "upload", name)
    assert (effort.inputs, effort.short, effort.size) == (inputs, short, 10)


def test_a_zip_says_itself_how_many_files_it_holds(tmp_path: Path) -> None:
    assert effort_of_opening(_zip(tmp_path, 2), "study.zip").inputs == 2
    assert effort_of_opening(_zip(tmp_path, 120), "study.zip").inputs == 120
    (tmp_path / "upload").write_bytes(b"PK no end")
    assert effort_of_opening(tmp_path / "upload", "broken.zip").inputs is MANY
    assert effort_of_opening(tmp_path / "gone", "gone.zip").inputs is MANY


def test_a_film_is_opened_beside_volumes_and_before_those_that_wait() -> None:
    room, order, inside = OpeningRoom(), [], threading.Semaphore(0)
    volumes_go_on, film_goes_on = threading.Event(), threading.Event()

    def opened(name: str, turn: Turn, go_on: threading.Event) -> None:
        with room.place(turn):
            order.append(name)
            inside.release()
            assert go_on.wait(10)

    def begin(name: str, turn: Turn, go_on: threading.Event) -> threading.Thread:
        thread = threading.Thread(target=opened, args=(name, turn, go_on))
        thread.start()
        return thread

    threads = [begin(f"volume {n}", Turn(float(n), 5.0, short=False), volumes_go_on) for n in range(4)]
    for _ in range(AT_A_TIME):
        assert inside.acquire(timeout=10)
    threads.append(begin("film", Turn(9.0, 0.2), film_goes_on))
    assert inside.acquire(timeout=10)
    threads.append(begin("second film", Turn(10.0, 0.2), volumes_go_on))
    assert not inside.acquire(timeout=0.05)  # each takes memory
    film_goes_on.set()
    assert inside.acquire(timeout=10)
    assert order[AT_A_TIME:] == ["film", "second film"]
    volumes_go_on.set()
    for thread in threads:
        thread.join(10)
    assert len(order) == 6


def test_a_place_is_given_back_when_an_opening_fails() -> None:
    room = OpeningRoom(places=1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), room.place(Turn(0.0, short=False)):
            1 / 0  # noqa: B018
