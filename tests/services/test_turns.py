"""Whose turn it is, over any stream of work."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hypothesis import given
from hypothesis import strategies as st

from data.records import Precedence
from services.turns import OVERTAKEN, Turn, Turns

FILM, VOLUME = Turn(9.0, 0.2), Turn(1.0, 30.0, short=False)


def _next(*waiting: Turn) -> Turn:
    return Turns().next(waiting, lambda turn: turn)


def test_the_shortest_goes_first_and_of_equal_ones_who_came_first() -> None:
    assert _next(VOLUME, FILM) is FILM
    later = replace(FILM, arrived=10.0)
    assert _next(later, FILM) is FILM


def test_who_waits_decides_before_how_long_it_takes() -> None:
    imported = Turn(0.0, 0.1, precedence=Precedence.BULK)
    compared = Turn(0.0, 0.1, precedence=Precedence.LATER)
    urgent = replace(VOLUME, precedence=Precedence.URGENT, arrived=20.0)
    assert _next(imported, compared, VOLUME) is VOLUME
    assert _next(imported, compared) is compared
    assert _next(FILM, urgent) is urgent


def test_the_first_to_come_is_overtaken_so_often_and_then_goes() -> None:
    turns = Turns()
    films = [replace(FILM, arrived=10.0 + n) for n in range(2 * OVERTAKEN)]
    gone = []
    for _ in range(OVERTAKEN + 1):
        gone.append(turns.next([VOLUME, *films], lambda turn: turn))
        if gone[-1] in films:
            films.remove(gone[-1])
    assert gone.index(VOLUME) == OVERTAKEN


def test_the_background_never_goes_by_its_age() -> None:
    turns, candidate = Turns(), Turn(0.0, 0.1, precedence=Precedence.BACKGROUND)
    for number in range(5 * OVERTAKEN):
        film = replace(FILM, arrived=10.0 + number)
        assert turns.next([candidate, film], lambda turn: turn) is film
    assert turns.next([candidate], lambda turn: turn) is candidate


@dataclass(eq=False)
class Work:
    """Something that needs so many turns, and what was before it when it came."""

    turn: Turn
    left: int
    bound: int = 0


_WORK = st.tuples(
    st.integers(0, 3),  # pause before it
    st.integers(1, 12),  # turns that it needs
    st.floats(0.1, 100),
    st.sampled_from([Precedence.URGENT, Precedence.CLINICAL, Precedence.LATER, Precedence.BULK]),
)


@given(st.lists(_WORK, min_size=1, max_size=40))
def test_nothing_starves_whatever_comes_later(stream: list[tuple[int, int, float, Precedence]]) -> None:
    """A work's last turn comes within OVERTAKEN + 1 times its own turns and those of who came before it."""
    turns, waiting, now = Turns(), [], 0
    arrivals = list(stream)
    due = arrivals[0][0]
    while arrivals or waiting:
        while arrivals and now >= due:
            _, length, expected_s, precedence = arrivals.pop(0)
            work = Work(Turn(float(now) + len(arrivals) * -1e-6, expected_s, precedence=precedence), length)
            older = sum(other.left for other in waiting)
            work.bound = now + (OVERTAKEN + 1) * (older + length)
            waiting.append(work)
            due = now + arrivals[0][0] if arrivals else 0
        if waiting:
            chosen = turns.next(waiting, lambda work: work.turn)
            chosen.left -= 1
            assert now < chosen.bound
            if not chosen.left:
                waiting.remove(chosen)
        now += 1
    assert not waiting
