"""The simulated server against what queueing theory, and the rule of turns, say of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.turns import OVERTAKEN
from tests.benchmarks.hospital_day import (
    BUSY_HOURS,
    HOURS,
    Arrivals,
    Kind,
    Machine,
    Outcome,
    a_day,
    most_a_day,
    simulate,
)

FILM = Kind("film", 1, 0.1, 0.15, 0.05, limit_s=120, open_is_short=True)
VOLUME = Kind("volume", 160, 0.5, 1.5, 0.05, limit_s=600)
N = 6_000
UNIT_S = 0.1
"""What theory calls one second: short enough to be done at a stretch."""


def _work(seconds: float, name: str = "work") -> Kind:
    """Long work of one thread and nothing else."""
    return Kind(name, 100, 0.0, UNIT_S * seconds, 0.0, limit_s=1e9)


def _stream(rate: float, kind: Kind, random: np.random.Generator, n: int = N) -> Arrivals:
    return [(float(at), kind, 1.0) for at in np.cumsum(random.exponential(UNIT_S / rate, n))]


def _mean(outcome: Outcome, kind: Kind | None = None) -> float:
    waited = list(outcome.waited.values()) if kind is None else [outcome.waited[kind]]
    return float(np.mean(np.concatenate(waited))) / UNIT_S


@pytest.mark.parametrize("load", [0.3, 0.6])
def test_times_that_are_all_alike_wait_as_pollaczek_and_khinchine_say(load: float) -> None:
    """M/D/1: the mean wait in the line is load * s / (2 * (1 - load))."""
    outcome = simulate(Machine(1, workers=1), _stream(load, _work(1.0), np.random.default_rng(5)))
    assert _mean(outcome) == pytest.approx(1 + load / (2 * (1 - load)), rel=0.03)
    assert outcome.busy == pytest.approx(load, rel=0.03)


@pytest.mark.parametrize("servers", [1, 3])
def test_times_that_nobody_knows_wait_as_erlang_says(servers: int) -> None:
    """M/M/c, with as many workers as cores."""
    random, load = np.random.default_rng(6), 0.6
    offered = servers * load
    times = random.exponential(1.0, N)
    stream = _stream(offered, _work(1.0), random)
    arrivals = [(at, kind, float(took)) for (at, kind, _), took in zip(stream, times, strict=True)]
    terms = [offered**n / float(np.prod(np.arange(1, n + 1))) for n in range(servers + 1)]
    all_busy = terms[servers] / (1 - load)
    waits = all_busy / (sum(terms[:servers]) + all_busy)
    outcome = simulate(Machine(servers, workers=servers), arrivals)
    assert _mean(outcome) == pytest.approx(1 + waits / (servers - offered), rel=0.05)


def test_what_is_shorter_goes_first_as_cobham_says() -> None:
    """M/G/1 in which the shorter of two kinds goes first; nobody is overtaken often enough to matter."""
    random = np.random.default_rng(7)
    short, long = _work(0.5, "shorter"), _work(2.0, "longer")
    arrivals = sorted(
        [*_stream(0.4, short, random, 2 * N), *_stream(0.2, long, random)], key=lambda each: each[0]
    )
    left = (0.4 * 0.5**2 + 0.2 * 2.0**2) / 2  # of what is being done when somebody comes
    outcome = simulate(Machine(1, workers=1), arrivals)
    assert _mean(outcome, short) == pytest.approx(0.5 + left / (1 - 0.2), rel=0.05)
    assert _mean(outcome, long) == pytest.approx(2.0 + left / (1 - 0.2) / (1 - 0.6), rel=0.05)


def test_somebody_is_overtaken_no_more_often_than_the_rule_says() -> None:
    """Shorter ones stand in line without end; the long one comes first and is overtaken so many times."""
    short, long = _work(1.0, "shorter"), _work(3.0, "longer")
    before = [(0.0, short, 1.0), (0.1 * UNIT_S, long, 1.0)]
    arrivals = [*before, *((0.2 * UNIT_S, short, 1.0) for _ in range(3 * OVERTAKEN))]
    outcome = simulate(Machine(1, workers=1), arrivals)
    assert _mean(outcome, long) == pytest.approx(1 + OVERTAKEN + 3 - 0.1)


def test_a_film_does_not_wait_behind_volumes() -> None:
    machine, volumes = Machine(2, workers=2), [(0.0, VOLUME, 1.0)] * 20
    (waited,) = simulate(machine, [*volumes, (5.0, FILM, 1.0)]).waited[FILM]
    assert waited < 10 * FILM.total_s < VOLUME.total_s * 20 / 2


def test_on_a_machine_without_other_work_a_volume_takes_its_threads_and_its_network_on_all_cores() -> None:
    outcome = simulate(Machine(4), [(0.0, VOLUME, 1.0)])
    assert outcome.ended_at == pytest.approx(VOLUME.open_s + VOLUME.own_s + VOLUME.network_s / 4)


@settings(max_examples=50, deadline=None)
@given(
    cores=st.integers(1, 8),
    workers=st.integers(1, 8),
    coming=st.lists(
        st.tuples(st.floats(0, 60), st.sampled_from([FILM, VOLUME]), st.floats(0.2, 3.0)), max_size=40
    ),
)
def test_everything_that_comes_has_its_result_and_no_work_is_lost_or_doubled(
    cores: int, workers: int, coming: list[tuple[float, Kind, float]]
) -> None:
    arrivals = sorted(coming, key=lambda each: each[0])
    outcome = simulate(Machine(cores, workers), arrivals)
    assert sum(map(len, outcome.waited.values())) == len(arrivals)
    work = sum(kind.total_s * factor for _, kind, factor in arrivals)
    assert outcome.busy * cores * outcome.ended_at == pytest.approx(work)
    assert outcome.busy <= 1 + 1e-9
    for kind, waited in outcome.waited.items():
        least = min(factor for _, each, factor in arrivals if each is kind)
        alone_s = kind.open_s + kind.own_s + kind.network_s / cores
        assert waited.min() >= least * alone_s - 1e-6


def test_a_day_has_its_scans_by_day_and_the_shares_that_were_asked_for() -> None:
    day = a_day(20_000, {FILM: 0.9, VOLUME: 0.1}, np.random.default_rng(1))
    hours = np.bincount([int(at // 3600) for at, _, _ in day], minlength=24)
    assert len(day) == pytest.approx(20_000, rel=0.03)
    assert hours[9] / len(day) == pytest.approx(HOURS[9] / sum(HOURS), rel=0.1)
    assert sum(kind is VOLUME for _, kind, _ in day) / len(day) == pytest.approx(0.1, rel=0.1)
    assert np.mean([factor for _, _, factor in day]) == pytest.approx(1.0, rel=0.02)


def test_the_most_of_a_day_lies_where_waits_reach_their_limits() -> None:
    slow = Kind("volume", 16, 5.0, 5.0, 1.0, limit_s=120)
    machine, shares = Machine(2), {slow: 1.0}
    most, outcome = most_a_day(machine, shares, seeds=(1,), accuracy=0.02)
    first, last = (3600 * hour for hour in BUSY_HOURS)
    more = [each for each in a_day(1.3 * most, shares, np.random.default_rng(1)) if first <= each[0] < last]
    assert outcome.within_limits()
    assert outcome.p95(slow) > 2 * slow.total_s
    assert not simulate(machine, more).within_limits()


def test_more_waiting_than_somebody_wants_to_see_ends_it() -> None:
    outcome = simulate(Machine(1), [(0.0, FILM, 1.0)] * 11, waiting_at_most=10)
    assert (outcome.gave_up, outcome.within_limits()) == (True, False)
