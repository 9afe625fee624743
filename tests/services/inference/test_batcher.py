"""The batcher, with plain functions for a device."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Sequence
from concurrent.futures import Future, wait

import pytest

from data.errors import BrokenBatch, Busy
from data.records import Precedence
from services.inference.batcher import Meter, MicroBatcher
from services.turns import OVERTAKEN, Turn


def _in_the_background() -> Turn:
    return Turn.now(Precedence.BACKGROUND)


def _doubled(_: str, items: Sequence[int]) -> list[int]:
    return [2 * item for item in items]


def test_results_come_back_to_whoever_asked() -> None:
    batcher: MicroBatcher[int, int] = MicroBatcher(_doubled, max_batch=8, gather_ms=2)
    batcher.start()
    futures: dict[int, list[Future[int]]] = {}

    def ask(start: int) -> None:
        futures[start] = batcher.submit("a", list(range(start, start + 7)))

    threads = [threading.Thread(target=ask, args=(1000 * n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for start, asked in futures.items():
        assert [future.result(10) for future in asked] == [2 * n for n in range(start, start + 7)]
    batcher.stop()
    assert batcher.items == 140
    assert batcher.batches < 140


def test_requests_that_wait_together_share_a_batch() -> None:
    sizes: list[int] = []

    def run(_: str, items: Sequence[int]) -> Sequence[int]:
        sizes.append(len(items))
        return items

    batcher: MicroBatcher[int, int] = MicroBatcher(run, max_batch=4, gather_ms=0)
    asked = [batcher.submit("a", [n])[0] for n in range(10)]
    batcher.start()
    wait(asked, 10)
    batcher.stop()
    assert sizes == [4, 4, 2]


def test_items_of_two_models_never_share_a_batch() -> None:
    seen: list[tuple[str, tuple[int, ...]]] = []

    def run(key: str, items: Sequence[int]) -> Sequence[int]:
        seen.append((key, tuple(items)))
        return items

    batcher: MicroBatcher[int, int] = MicroBatcher(run, max_batch=16, gather_ms=0)
    asked = batcher.submit("a", [1, 2]) + batcher.submit("b", [3]) + batcher.submit("a", [4])
    batcher.start()
    wait(asked, 10)
    batcher.stop()
    assert seen == [("a", (1, 2, 4)), ("b", (3,))]


def test_one_bad_item_fails_alone() -> None:
    def run(_: str, items: Sequence[int]) -> Sequence[int]:
        if 13 in items:
            raise ValueError("bad scan")
        return items

    batcher: MicroBatcher[int, int] = MicroBatcher(run, max_batch=16)
    asked = batcher.submit("a", list(range(10, 18)))
    batcher.start()
    wait(asked, 10)
    batcher.stop()
    assert [future.result() for n, future in enumerate(asked) if n != 3] == [10, 11, 12, 14, 15, 16, 17]
    with pytest.raises(ValueError, match="bad scan"):
        asked[3].result()


def test_too_few_results_never_reach_the_wrong_request() -> None:
    batcher: MicroBatcher[int, int] = MicroBatcher(lambda _, items: list(items)[:-1])
    asked = batcher.submit("a", [1, 2])
    batcher.start()
    wait(asked, 10)
    batcher.stop()
    for future in asked:
        with pytest.raises(BrokenBatch):
            future.result()


def test_a_full_queue_answers_at_once() -> None:
    batcher: MicroBatcher[int, int] = MicroBatcher(_doubled, max_waiting=3)
    batcher.submit("a", [1, 2])
    with pytest.raises(Busy):
        batcher.submit("a", [3, 4])
    assert batcher.waiting == 2  # all or none
    batcher.submit("a", [5])


def test_what_waited_too_long_is_not_run() -> None:
    ran: list[int] = []

    def run(_: str, items: Sequence[int]) -> Sequence[int]:
        ran.extend(items)
        return items

    batcher: MicroBatcher[int, int] = MicroBatcher(run, timeout_s=-1)
    asked = batcher.submit("a", [1])
    batcher.start()
    with pytest.raises(Busy):
        asked[0].result(10)
    batcher.stop()
    assert ran == []


def test_what_was_cancelled_is_not_run() -> None:
    ran: list[int] = []

    def run(_: str, items: Sequence[int]) -> Sequence[int]:
        ran.extend(items)
        return items

    batcher: MicroBatcher[int, int] = MicroBatcher(run)
    first, second = batcher.submit("a", [1, 2])
    assert first.cancel()
    batcher.start()
    assert second.result(10) == 2
    batcher.stop()
    assert ran == [2]


def test_stopping_answers_those_who_still_wait() -> None:
    batcher: MicroBatcher[int, int] = MicroBatcher(_doubled)
    waiting = batcher.submit("a", [1])
    batcher.stop()
    with pytest.raises(Busy):
        waiting[0].result(1)
    with pytest.raises(Busy):
        batcher.submit("a", [2])


def test_the_background_gives_way_to_everybody_else() -> None:
    order: list[str] = []
    go_on, begun = threading.Event(), threading.Event()

    def run(key: str, items: Sequence[int]) -> Sequence[int]:
        begun.set()
        assert go_on.wait(10)
        order.extend(key for _ in items)
        return items

    batcher: MicroBatcher[int, int] = MicroBatcher(run, max_batch=4, gather_ms=0, timeout_s=0.0)
    batcher.start()
    background = batcher.submit("candidate", list(range(8)), _in_the_background(), without_timeout=True)
    assert begun.wait(10)
    batcher._timeout_s = 10.0  # only those in the foreground are answered with Busy after a while
    clinical = batcher.submit("champion", list(range(8)))
    go_on.set()
    for future in (*background, *clinical):
        future.result(10)
    batcher.stop()
    # What the device had begun, then all that a clinician waits for, then the rest.
    assert order == ["candidate"] * 4 + ["champion"] * 8 + ["candidate"] * 4


def test_nothing_of_a_key_is_held_when_its_last_item_was_run() -> None:
    class Network:
        """Stands for one that takes memory."""

    key = Network()
    batcher: MicroBatcher[int, int] = MicroBatcher(lambda _, items: items, gather_ms=0)
    batcher.start()
    assert batcher.submit(key, [1])[0].result(10) == 1
    assert batcher.submit("another", [2])[0].result(10) == 2
    held = weakref.ref(key)
    del key
    gc.collect()
    batcher.stop()
    assert held() is None


def test_a_bad_item_is_found_by_halving(caplog: pytest.LogCaptureFixture) -> None:
    tried: list[list[int]] = []

    def run(_: str, items: Sequence[int]) -> Sequence[int]:
        tried.append(list(items))
        if 3 in items:
            raise ValueError("bad scan")
        return items

    batcher: MicroBatcher[int, int] = MicroBatcher(run, max_batch=8)
    asked = batcher.submit("a", [1, 2, 3, 4, 5])
    batcher.start()
    wait(asked, 10)
    batcher.stop()
    assert tried == [[1, 2, 3, 4, 5], [1, 2], [3, 4, 5], [3], [4, 5]]
    assert (batcher.batches, batcher.items) == (2, 4)
    assert "bad scan" in caplog.text


def test_a_mistake_of_ours_goes_to_whoever_asked_and_the_thread_lives_on() -> None:
    def run(_: str, items: Sequence[int]) -> Sequence[int]:
        if 0 in items:
            raise KeyError("ours")
        return items

    batcher: MicroBatcher[int, int] = MicroBatcher(run)
    batcher.start()
    (failed,) = batcher.submit("a", [0])
    with pytest.raises(KeyError, match="ours"):
        failed.result(10)
    (answered,) = batcher.submit("a", [1])
    assert answered.result(10) == 1
    batcher.stop()


def test_the_queue_holds_as_many_as_it_may_and_not_one_more() -> None:
    batcher: MicroBatcher[int, int] = MicroBatcher(_doubled, max_waiting=3)
    assert len(batcher.submit("a", [1, 2, 3])) == 3
    with pytest.raises(Busy):
        batcher.submit("a", [4])


@pytest.mark.parametrize(
    ("item_s", "when", "seconds"),
    [(0.001, "5 seconds", 5), (1.0, "30 seconds", 30), (6.0, "3 minutes", 180), (1000.0, "10 minutes", 600)],
)
def test_a_full_queue_says_when_half_of_it_will_be_done(item_s: float, when: str, seconds: int) -> None:
    batcher: MicroBatcher[int, int] = MicroBatcher(_doubled, max_waiting=60)
    batcher._item_s = item_s
    batcher.submit("a", list(range(60)))
    with pytest.raises(Busy, match=f"in about {when}") as told:
        batcher.submit("a", [1])
    assert told.value.seconds == seconds


class Device:
    """Runs a batch when it may, and remembers each."""

    def __init__(self) -> None:
        self.batches: list[tuple[str, list[int]]] = []
        self.may_go_on = threading.Semaphore(0)
        self.begun = threading.Semaphore(0)

    def run(self, key: str, items: Sequence[int]) -> Sequence[int]:
        self.batches.append((key, list(items)))
        self.begun.release()
        assert self.may_go_on.acquire(timeout=10)
        return items


def test_a_volume_under_way_gives_way_between_two_batches() -> None:
    device = Device()
    batcher: MicroBatcher[int, int] = MicroBatcher(device.run, max_batch=8, max_long_batch=2, gather_ms=0)
    volume = batcher.submit("brain", list(range(8)), Turn(0.0, 30.0, short=False))
    batcher.start()
    assert device.begun.acquire(timeout=10)
    film = batcher.submit("chest", [100], Turn(1.0, 0.1))
    slice_ = batcher.submit("brain", [200], Turn(2.0, 0.2))
    for _ in range(6):
        device.may_go_on.release()
    for future in (*volume, *film, *slice_):
        future.result(10)
    batcher.stop()
    # The slice is of the volume's network, and yet its batch is not filled with the volume.
    assert device.batches[:3] == [("brain", [0, 1]), ("chest", [100]), ("brain", [200])]
    assert device.batches[3:] == [("brain", [2, 3]), ("brain", [4, 5]), ("brain", [6, 7])]


def test_who_asks_alone_waits_for_nobody() -> None:
    batcher: MicroBatcher[int, int] = MicroBatcher(_doubled, gather_ms=3_600_000)
    batcher.start()
    assert [batcher.submit("a", [n])[0].result(10) for n in range(3)] == [0, 2, 4]
    batcher.stop()


def test_among_several_a_batch_waits_until_it_is_full() -> None:
    device = Device()
    batcher: MicroBatcher[int, int] = MicroBatcher(device.run, max_batch=2, gather_ms=3_600_000)
    batcher.start()
    asked = batcher.submit("a", [1])
    assert device.begun.acquire(timeout=10)
    asked += batcher.submit("a", [2])  # while the device works
    device.may_go_on.release()
    asked[0].result(10)
    assert not device.begun.acquire(timeout=0.2)
    asked += batcher.submit("a", [3])
    assert device.begun.acquire(timeout=10)
    asked += batcher.submit("a", [4])
    device.may_go_on.release()
    wait(asked[:3], 10)
    assert not device.begun.acquire(timeout=0.2)  # the last batch was shared
    asked += batcher.submit("a", [5])
    device.may_go_on.release()
    wait(asked, 10)
    batcher.stop()
    assert [items for _, items in device.batches] == [[1], [2, 3], [4, 5]]


def test_of_two_volumes_the_shorter_one_is_finished_first_and_the_other_fills_its_batches() -> None:
    device = Device()
    batcher: MicroBatcher[int, int] = MicroBatcher(device.run, max_batch=4, gather_ms=0)
    asked = batcher.submit("brain", list(range(5)), Turn(0.0, 30.0, short=False))
    asked += batcher.submit("brain", list(range(10, 13)), Turn(1.0, 20.0, short=False))
    for _ in range(2):
        device.may_go_on.release()
    batcher.start()
    wait(asked, 10)
    batcher.stop()
    assert [items for _, items in device.batches] == [[10, 11, 12, 0], [1, 2, 3, 4]]


def test_a_clinician_s_film_is_not_kept_by_the_films_of_an_import() -> None:
    device = Device()
    batcher: MicroBatcher[int, int] = MicroBatcher(device.run, max_batch=8, gather_ms=0)
    bulk = Turn(0.0, 0.1, precedence=Precedence.BULK)
    imported = batcher.submit("chest", [1, 2, 3], bulk, without_timeout=True)
    film = batcher.submit("chest", [100], Turn(5.0, 0.1))
    for _ in range(2):
        device.may_go_on.release()
    batcher.start()
    wait([*imported, *film], 10)
    batcher.stop()
    assert [items for _, items in device.batches] == [[100], [1, 2, 3]]


def test_a_stream_of_films_holds_no_volume_up_for_ever() -> None:
    device = Device()
    batcher: MicroBatcher[int, int] = MicroBatcher(device.run, max_batch=1, gather_ms=0)
    asked = batcher.submit("brain", [0, 1], Turn(0.0, 30.0, short=False), without_timeout=True)
    asked += [batcher.submit("chest", [n], Turn(1.0 + n, 0.1))[0] for n in range(100, 140)]
    for _ in asked:
        device.may_go_on.release()
    batcher.start()
    wait(asked, 10)
    batcher.stop()
    places = [place for place, (key, _) in enumerate(device.batches) if key == "brain"]
    assert places == [OVERTAKEN, 2 * OVERTAKEN + 1]


def test_the_device_s_time_is_told_to_whoever_took_it() -> None:
    device = Device()
    batcher: MicroBatcher[int, int] = MicroBatcher(device.run, max_batch=4, gather_ms=0)
    mine, theirs = Meter(), Meter()
    asked = batcher.submit("a", [1, 2, 3], Turn(0.0, 1.0), meter=mine)
    asked += batcher.submit("a", [4], Turn(0.0, 1.0), meter=theirs)
    batcher.start()
    assert device.begun.acquire(timeout=10)
    device.may_go_on.release()
    wait(asked, 10)
    batcher.stop()
    assert mine.seconds == pytest.approx(3 * theirs.seconds)
    assert theirs.seconds > 0
