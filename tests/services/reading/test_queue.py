"""A film behind nine volumes, in a house whose network is small and as slow as the test says."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.database import new_id, now
from data.errors import Busy, NotAllowed, NotFound
from data.records import (
    BRAIN_TUMOUR,
    Identity,
    Precedence,
    Role,
    Scan,
    ScanHeader,
    ScanStatus,
    SourceGrid,
    Spacing,
    Urgency,
)
from data.stores.jobs import JobStore
from services import keys
from services.inference.batcher import MicroBatcher
from services.jobs import JobContext, Jobs, expected
from services.reading.cancelling import ACTION, Cancellation
from services.reading.reader import PIECE, Reader
from services.reading.reading import Reading
from tests.services.small_models import PATIENCE_S, Department, somebody

SIZE = 32
SLICES = 100
MOST_QUEUED = 10


@dataclass
class House(Department):
    """A department whose device lets a batch through when the test says so."""

    batches: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    ran: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.batcher = MicroBatcher(self._run, max_batch=16, max_long_batch=4)
        self.reader = Reader(self.engine, self.batcher)
        self.reading = Reading(
            self.reader, self.scans, self.results, self.files, self.jobs, most_queued=MOST_QUEUED
        )
        self.cancellation = Cancellation(self.scans, self.audit, self.jobs)
        self.sender = somebody(Role.CLINICIAN, "grace")

    def _run(self, loaded: Any, inputs: Sequence[Any]) -> Sequence[Any]:
        assert self.batches.acquire(timeout=PATIENCE_S)
        self.ran.append(len(inputs))
        return self.engine.run(loaded, inputs)

    def let(self, batches: int) -> None:
        self.batches.release(batches)

    def scan(self, slices: int) -> Scan:
        """A kept scan that is asked to be read."""
        array = np.random.default_rng(slices).integers(0, 900, (slices, SIZE, SIZE)).astype(np.int16)
        patient = self.patients.find_or_create(Identity(f"P{new_id()}", new_id()), "upload")
        scan = Scan(
            new_id(), patient.id, new_id(), ScanStatus.WAITING, BRAIN_TUMOUR, ScanHeader("MR"),
            Spacing(5.0, 1.0, 1.0), SourceGrid("nifti", (SIZE, SIZE, slices), (2, 1, 0)), slices, SIZE, SIZE,
            self.sender.id, now(),
        )  # fmt: skip
        self.files.put_array(keys.array(scan.id), array)
        self.scans.add(scan)
        self.reading.request(scan.id)
        return scan

    def status(self, scan: Scan) -> ScanStatus:
        return self.scans.existing(scan.id).status

    def wait_for_inputs(self, waiting: int) -> None:
        until = time.monotonic() + PATIENCE_S
        while self.batcher.waiting != waiting:
            assert time.monotonic() < until, self.batcher.waiting
            time.sleep(0.01)

    def wait_until(self, scan: Scan, status: ScanStatus) -> None:
        until = time.monotonic() + PATIENCE_S
        while self.status(scan) is not status:
            assert time.monotonic() < until, self.status(scan)
            time.sleep(0.01)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    house.start()
    yield house
    house.let(10_000)
    house.stop()


def test_a_film_overtakes_nine_volumes_that_keep_every_worker_busy(house: House) -> None:
    volumes = [house.scan(SLICES) for _ in range(9)]
    house.let(3)
    house.wait_for_inputs(2 * PIECE - 4 * 4)  # both workers are at it, and a fourth batch is on the device
    film = house.scan(1)
    house.wait_for_inputs(2 * PIECE - 4 * 4 + 1)
    house.let(2)  # the volume's batch on the device, and the film's own
    house.wait_until(film, ScanStatus.READ)
    assert all(house.status(volume) in (ScanStatus.READING, ScanStatus.WAITING) for volume in volumes)
    queue = house.reading.queue()
    assert sorted(queued.place for queued in queue.values()) == list(range(1, 10))
    assert {queued.of for queued in queue.values()} == {9}
    house.let(10_000)
    assert house.jobs.wait_idle(PATIENCE_S)
    assert {house.status(volume) for volume in volumes} == {ScanStatus.READ}
    assert sum(house.ran) == 9 * SLICES + 1
    assert house.reading.queue() == {}
    assert all(job.worked_s for job in house.jobs.recent(10, "read"))


def test_the_gate_s_question_about_a_volume_waits_for_one_batch_of_volumes_that_take_less_long(
    house: House,
) -> None:
    for _ in range(2):
        house.scan(20)
    house.let(1)
    house.wait_for_inputs(2 * 20 - 2 * 4)  # a second batch is on the device
    array = np.zeros((9, SIZE, SIZE), np.int16)
    with ThreadPoolExecutor(1) as gate:
        asked = gate.submit(house.reader.answer, BRAIN_TUMOUR, array, Spacing())
        house.wait_for_inputs(2 * 20 - 2 * 4 + 9)
        house.let(2)
        done = wait([asked], timeout=PATIENCE_S / 4).done
        ran = list(house.ran)
        house.let(10_000)
    assert done and ran == [4, 4, 9]


def test_a_full_queue_says_when_to_come_back(house: House) -> None:
    for number in range(MOST_QUEUED):
        house.reading.require_room()
        house.scan(SLICES if number else 1)
    said = "10 scans wait to be read, as many as may; please try again in about 1 minute."
    with pytest.raises(Busy, match=said) as full:
        house.reading.require_room()
    assert full.value.seconds == 60  # nothing was read yet, so nobody knows better
    house.let(10_000)
    assert house.jobs.wait_idle(PATIENCE_S)
    house.reading.require_room()


def test_a_full_queue_says_when_half_of_it_will_be_read(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expected, "KEPT_S", 0.0)
    house.let(10_000)
    for _ in range(3):
        house.scan(SLICES)
    assert house.jobs.wait_idle(PATIENCE_S)
    while house.batches.acquire(blocking=False):
        pass
    for _ in range(MOST_QUEUED):
        house.scan(SLICES)
    longest = max(place.expected_s or 0.0 for place in house.reading.queue().values())
    assert longest > 0
    with pytest.raises(Busy) as full:
        house.reading.require_room()
    assert full.value.seconds == max(5, min(600, math.ceil(longest / 2)))


def test_a_volume_that_is_said_to_be_urgent_is_read_before_those_that_wait(house: House) -> None:
    under_way = [house.scan(SLICES) for _ in range(2)]
    for volume in under_way:
        house.wait_until(volume, ScanStatus.READING)
    first, second = house.scan(SLICES), house.scan(SLICES)
    assert house.reading.queue()[second.id].place == 4
    house.reading.prefer(second.id, Urgency.CRITICAL)
    assert house.reading.queue()[second.id].place == 3
    house.reading.prefer(second.id, None)
    assert house.reading.queue()[second.id].place == 4
    house.reading.prefer(second.id, Urgency.URGENT)
    job = next(job for job in house.jobs.recent(9, "read") if job.subject == second.id)
    assert job.effort.precedence is Precedence.URGENT  # kept: a restart knows it
    while house.status(under_way[0]) is not ScanStatus.READ:  # and a worker is free
        house.let(1)
        time.sleep(0.01)
    house.wait_until(second, ScanStatus.READING)
    assert house.status(first) is ScanStatus.WAITING


def _sentence(house: House, scan: Scan) -> str:
    sentence = house.scans.existing(scan.id).failure
    assert sentence is not None
    return sentence


def test_a_running_reading_is_cancelled_between_two_batches_and_read_when_asked_again(
    house: House,
) -> None:
    volume = house.scan(SLICES)
    house.let(2)
    house.wait_for_inputs(PIECE - 3 * 4)  # a third batch is on the device
    assert house.cancellation.cancel(volume.id, house.sender)
    assert not house.cancellation.cancel(volume.id, house.sender)  # a second click, or another tab
    assert house.status(volume) is ScanStatus.CANCELLED
    assert _sentence(house, volume).startswith("Reading cancelled by Grace at 20")
    assert house.reading.queue() == {}
    house.let(1)
    assert house.jobs.wait_idle(PATIENCE_S)  # the other 88 were not run
    assert house.ran == [4, 4, 4]
    assert house.status(volume) is ScanStatus.CANCELLED
    assert house.results.of_scan(volume.id) == []
    assert house.events().count(ACTION) == 1
    house.let(10_000)
    house.reading.read_now(volume.id, house.sender)
    house.reading.read_now(volume.id, house.sender)
    assert house.jobs.wait_idle(PATIENCE_S)
    assert (house.status(volume), house.scans.existing(volume.id).failure) == (ScanStatus.READ, None)
    assert len(house.results.of_scan(volume.id)) == 1
    assert not house.cancellation.cancel(volume.id, house.sender)  # what is read stays read
    house.reading.read_now(volume.id, house.sender)
    assert house.status(volume) is ScanStatus.READ


def test_a_reading_is_asked_for_again_while_its_cancelled_run_still_ends(
    house: House,
) -> None:
    volumes = [house.scan(SLICES) for _ in range(3)]
    house.wait_until(volumes[1], ScanStatus.READING)
    assert house.cancellation.cancel(volumes[2].id, house.sender)  # waits
    assert house.cancellation.cancel(volumes[0].id, house.sender)  # runs
    house.reading.read_now(volumes[0].id, house.sender)  # its old run has not heard of it yet
    house.let(10_000)
    assert house.jobs.wait_idle(PATIENCE_S)
    assert [house.status(volume) for volume in volumes] == [
        ScanStatus.READ, ScanStatus.READ, ScanStatus.CANCELLED
    ]  # fmt: skip
    assert [len(house.results.of_scan(volume.id)) for volume in volumes] == [1, 1, 0]


def test_a_reading_is_done_or_cancelled_and_never_both(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cancelled while the result is about to be kept: nothing of it stays."""
    film, keeping, cancelled = house.scan(1), threading.Event(), threading.Event()
    finish_with = JobContext.finish_with

    def late(context: JobContext, *asked: Any) -> None:
        keeping.set()
        assert cancelled.wait(PATIENCE_S)
        finish_with(context, *asked)

    monkeypatch.setattr(JobContext, "finish_with", late)
    house.let(10)
    assert keeping.wait(PATIENCE_S)
    assert house.cancellation.cancel(film.id, house.sender)
    cancelled.set()
    assert house.jobs.wait_idle(PATIENCE_S)
    assert house.status(film) is ScanStatus.CANCELLED
    assert house.results.of_scan(film.id) == []
    assert [path for path in (house.folder / "files" / "results").rglob("*") if path.is_file()] == []


def test_a_kill_at_any_moment_leaves_a_cancelled_reading_cancelled(house: House, monkeypatch: Any) -> None:
    """Killed before the end of the transaction nothing has happened; after it, a start reads nothing."""
    volume = house.scan(SLICES)
    house.wait_until(volume, ScanStatus.READING)
    with monkeypatch.context() as killed:
        killed.setattr(house.audit, "record", _killed)
        with pytest.raises(_Kill):
            house.cancellation.cancel(volume.id, house.sender)
    assert house.status(volume) is ScanStatus.READING
    assert list(house.reading.queue()) == [volume.id]
    assert house.cancellation.cancel(volume.id, house.sender)
    again = Jobs(JobStore(house.database), 2)  # the next server, on the same tables
    reading = Reading(house.reader, house.scans, house.results, house.files, again)
    again.start()
    reading.resume()
    try:
        assert again.wait_idle(PATIENCE_S)
        assert house.status(volume) is ScanStatus.CANCELLED
    finally:
        again.stop()


def test_somebody_else_s_reading_is_cancelled_by_who_may(house: House) -> None:
    volume = house.scan(SLICES)
    with pytest.raises(NotAllowed, match="only department heads and MLOps staff may cancel readings of what"):
        house.cancellation.cancel(volume.id, somebody(Role.CLINICIAN, "alan"))
    with pytest.raises(NotFound):
        house.cancellation.cancel(new_id(), house.bob)
    assert house.status(volume) in (ScanStatus.WAITING, ScanStatus.READING)
    assert house.cancellation.cancel(volume.id, house.bob)
    assert house.status(volume) is ScanStatus.CANCELLED


class _Kill(BaseException):
    """The server dies here."""


def _killed(*_: object) -> None:
    raise _Kill
