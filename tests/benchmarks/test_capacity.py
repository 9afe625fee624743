"""What one server holds: the numbers of docs/capacity.md. `make capacity`.

A house that runs as people run it is sent scans, one after another in rounds in which all kinds take turns;
what that took of the processor goes into a simulated day. Printed, never asserted.
"""

from __future__ import annotations

import os
import platform
import shutil
import statistics
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
import torch

from data.stores.results import ResultStore
from models import tasks, weights
from models.device import chosen_device
from services.assembly.stores import LONG_BATCH_ON_CPU
from services.inference.choice import processor
from services.inference.choosing import Choosing
from services.inference.engine import Engine
from services.versions.registry import SHIPPED
from tests.benchmarks import capacity_house as houses
from tests.benchmarks.capacity_scans import FILM, SAMPLES, SERIES, VOLUME, Sample
from tests.benchmarks.hospital_day import Kind, Machine, most_a_day, simulate
from tests.benchmarks.population import populate
from tests.benchmarks.trackings import fill
from tests.data.builders import a_kept_scan, a_result
from tests.databases import migrated, new_mlflow
from tests.deploy.running_house import running_house

pytestmark = [pytest.mark.bench, pytest.mark.timeout(7200)]

ROUNDS = int(os.environ.get("CAPACITY_ROUNDS", "7"))
NETWORKS = os.environ.get("CAPACITY_NETWORKS")
"""`networks` of a house on this machine: the check of the fastest way takes minutes and is not made again."""
IMPORTED = {FILM: 12, SERIES: 4, VOLUME: 2}
AT_REST_S = 30
ROWS = 100_000
MIX = {FILM: 0.80, SERIES: 0.14, VOLUME: 0.06}
"""A radiology department's scans that Lightbox reads, by kind: assumed, and said so in docs/capacity.md."""
BURST = 500
CORES = (2, 4)


@dataclass(frozen=True)
class Cost:
    """Medians of a kind of scan."""

    server_s: float  # of the processor, the server's own process
    child_s: float  # what the child does that decodes
    import_s: float  # the importing process, of a scan among others of a bulk import
    input_s: float  # the network alone, an input
    stored: dict[str, float]  # bytes in files, by what they are


def test_what_one_server_holds(tmp_path: Path) -> None:
    print(f"\n{date.today()}, {processor()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    costs = _measured(tmp_path)
    kinds = {sample: _kind(sample, cost) for sample, cost in costs.items()}
    _print_days(kinds)
    _print_bursts(kinds)


def _measured(folder: Path) -> dict[Sample, Cost]:
    home = folder / "home"
    token = houses.a_token(home)
    if NETWORKS:
        shutil.copytree(NETWORKS, home / "networks")
    took: dict[Sample, list[float]] = {sample: [] for sample in SAMPLES}
    ids: dict[Sample, list[str]] = {sample: [] for sample in SAMPLES}
    with running_house(home, "/healthz", LIGHTBOX_BACKEND="auto") as house:
        pid = houses.server_of_this_process()
        client = houses.Client(house, pid, token)
        print("read by", client.wait_for_the_choice())
        for sample in SAMPLES:
            ids[sample].append(client.send(sample.file, sample.content(1)))  # warms up
        rest_s = _at_rest(client)
        tables, events = _database_now(home)
        for number in range(2, ROUNDS + 2):
            for sample in SAMPLES:
                content = sample.content(1000 * SAMPLES.index(sample) + number)
                before, began = houses.processor_s(pid), time.monotonic()
                ids[sample].append(client.send(sample.file, content))
                spent = houses.processor_s(pid) - before
                spent -= rest_s * (time.monotonic() - began)
                took[sample].append(spent)
                print(f"  {sample.words}: {spent:.2f} s of the server", flush=True)
        print(f"memory with all read: {houses.resident_mib(pid):.0f} MiB")
    _print_growth(home, tables, events, ROUNDS * len(SAMPLES))
    inputs = _network_s(home)
    costs = {}
    for sample in SAMPLES:
        stored = houses.bytes_by_kind(home, ids[sample])
        costs[sample] = Cost(
            statistics.median(took[sample]),
            _decoding_s(folder, sample),
            _import_s(folder, home, sample),
            inputs[sample.task],
            {what: size / len(ids[sample]) for what, size in stored.items()},
        )
        _print_cost(sample, costs[sample])
    _print_backup(folder, home)
    return costs


def _at_rest(client: houses.Client) -> float:
    """Seconds of the processor a second, of a server that nobody asks anything."""
    before = houses.processor_s(client.pid)
    time.sleep(AT_REST_S)
    rest_s = (houses.processor_s(client.pid) - before) / AT_REST_S
    print(f"at rest: {100 * rest_s:.1f} % of a core, {houses.resident_mib(client.pid):.0f} MiB")
    return rest_s


def _database_now(home: Path) -> tuple[Counter[str], int]:
    database = home / "lightbox.db"
    return houses.bytes_of_tables(database), houses.count_of(database, "audit_events")


def _print_growth(home: Path, tables: Counter[str], events: int, scans: int) -> None:
    now, events_now = _database_now(home)
    grown = now - tables
    largest = ", ".join(f"{name} {size / scans:,.0f}" for name, size in grown.most_common(8))
    print(f"database: {grown.total() / scans:,.0f} bytes a scan sent by the API ({largest})")
    all_events = now["audit_events"] / events_now
    print(f"audit trail: {(events_now - events) / scans:.1f} events a scan, {all_events:,.0f} bytes each")


def _network_s(home: Path) -> dict[str, float]:
    """Seconds of the processor for an input, by task: in the way that the server chose, and its batches."""
    engine = Engine(choosing=Choosing(home / "networks", chosen_device(None)))
    took = {}
    for task, batch in {"pneumonia": 1, "brain-tumour": LONG_BATCH_ON_CPU}.items():
        value = tasks.ALL[task]
        engine.place(value, weights.opened(value.folder), SHIPPED)
        engine.settle()
        inputs = list(torch.rand(batch, value.channels, value.input_size, value.input_size))
        loaded, spent = engine.loaded(task), []
        for _ in range(2 + 3 * ROUNDS):
            before = time.process_time()
            engine.run(loaded, inputs)
            spent.append((time.process_time() - before) / batch)
        took[task] = statistics.median(spent[2:])
    return took


def _decoding_s(folder: Path, sample: Sample) -> float:
    """Median seconds of the processor for what the decoding child does, once it is warm."""
    took = []
    for number in range(2 + ROUNDS):
        kept = folder / f"{sample.words}-decoded-{number}"
        kept.mkdir()
        file = kept / sample.file
        file.write_bytes(sample.content(700_000 + number))
        took.append(houses.decoding_s(file, kept))
    return statistics.median(took[2:])


def _import_s(folder: Path, home: Path, sample: Sample) -> float:
    """Seconds of the processor a scan: what an import of more scans takes longer than that of one."""
    took = []
    for name, numbers in (("first", range(1)), ("more", range(1, 2 + IMPORTED[sample]))):
        files = folder / f"{sample.words}-{name}"
        files.mkdir()
        for number in numbers:
            file = files / f"{number}-{sample.file}"
            file.write_bytes(sample.content(500_000 + 1000 * SAMPLES.index(sample) + number))
        took.append(houses.run_command(home, "import", str(files)))
    return (took[1] - took[0]) / IMPORTED[sample]


def _print_cost(sample: Sample, cost: Cost) -> None:
    print(
        f"{sample.words}: {cost.server_s + cost.child_s:.2f} s of the processor by the API "
        f"(server {cost.server_s:.2f}, of which network {sample.inputs * cost.input_s:.2f}; decoding child "
        f"{cost.child_s:.2f}), {cost.import_s + cost.child_s:.2f} by import"
    )
    files = ", ".join(f"{what} {size / 1e6:.2f}" for what, size in sorted(cost.stored.items()))
    print(f"  {sum(cost.stored.values()) / 1e6:.1f} MB in files ({files})")


def _print_backup(folder: Path, home: Path) -> None:
    size = sum(file.stat().st_size for file in home.rglob("*") if file.is_file())
    for what in ("the first", "the next, of which nothing is new"):
        spent = houses.run_command(home, "backup", str(folder / "backups"))
        print(f"backup of {size / 1e6:.0f} MB, {what}: {spent:.1f} s of the processor")


def _kind(sample: Sample, cost: Cost) -> Kind:
    network_s = sample.inputs * cost.input_s
    own_s = max(0.0, cost.server_s - network_s)
    return Kind(
        sample.words,
        sample.inputs,
        cost.child_s,
        own_s,
        cost.input_s,
        sample.limit_s,
        sample.opening_is_short,
    )


def _print_days(kinds: dict[Sample, Kind]) -> None:
    mixes = {"films alone": {FILM: 1.0}, "volumes of 160 slices alone": {VOLUME: 1.0}, "mixed": MIX}
    for words, mix in mixes.items():
        shares = {kinds[sample]: share for sample, share in mix.items()}
        for cores in CORES:
            most, outcome = most_a_day(Machine(cores), shares)
            waits = ", ".join(f"{kind.name} {outcome.p95(kind):.1f}" for kind in shares)
            print(f"{words}, {cores} cores: {most:,} scans a day; p95 in the busiest hours {waits} s")


def _print_bursts(kinds: dict[Sample, Kind]) -> None:
    """So many at once on a server that has nothing else to do, and a film that comes in the middle of it."""
    for sample, kind in kinds.items():
        for cores in CORES:
            outcome = simulate(Machine(cores), [(0.0, kind, 1.0)] * BURST)
            film = replace(kinds[FILM], name="one film")
            midway = [*[(0.0, kind, 1.0)] * BURST, (outcome.ended_at / 2, film, 1.0)]
            film_s = simulate(Machine(cores), midway).p95(film)
            last, half = (each / 60 for each in (outcome.ended_at, np.median(outcome.waited[kind])))
            print(
                f"{BURST} x {sample.words} at once, {cores} cores: the last after {last:.1f} min, "
                f"half of them after {half:.1f}; a film sent midway waits {film_s:.1f} s"
            )


def test_what_a_hundred_thousand_scans_take_of_memory_and_database(tmp_path: Path) -> None:
    told = []
    for rows in (ROWS, 3 * ROWS):  # their difference: what a process has besides is not the ledger's
        file = tmp_path / f"{rows}.db"
        engine = migrated(f"sqlite:///{file}")
        populate(engine, rows, rows // 5)
        engine.dispose()
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            mib, spent = pool.submit(houses.ledger_mib, f"sqlite:///{file}").result()
        tables = houses.bytes_of_tables(file)
        told.append(np.array([mib, spent, tables.total() / 1e6]))
    mib, spent, megabytes = (told[1] - told[0]) / (2 * ROWS / 100_000)
    parts = ", ".join(f"{name} {size / 1e6 / 3:.0f}" for name, size in tables.most_common(4))
    print(
        f"\n100,000 scans: {mib:.1f} MiB of memory for the ledger, {spent:.2f} s to load it, "
        f"{megabytes:.0f} MB of database without jobs and audit trail ({parts})"
    )


def test_how_many_results_the_one_writer_of_sqlite_keeps(tmp_path: Path) -> None:
    engine = migrated(f"sqlite:///{tmp_path / 'house.db'}")
    ids = [a_kept_scan(engine, number, f"P^{number}").id for number in range(220)]
    store, clock, spent = ResultStore(engine), [], []
    for scan_id in ids:
        result, began, worked = a_result(scan_id), time.perf_counter(), time.process_time()
        store.add(result)
        clock.append(time.perf_counter() - began)
        spent.append(time.process_time() - worked)
    on_clock, of_processor = (statistics.median(each[20:]) for each in (clock, spent))
    print(
        f"\na result in SQLite: {1000 * of_processor:.1f} ms of the processor, {1000 * on_clock:.1f} "
        f"on the clock, the flush to this disk included: {1 / on_clock:.0f} a second"
    )


def test_what_trainings_take_of_mlflows_store(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    new_mlflow(empty)
    sizes = []
    for runs in (60, 160):
        folder = tmp_path / str(runs)
        folder.mkdir()
        fill(f"sqlite:///{folder / 'mlflow.db'}", folder, runs, 100, 50)
        sizes.append((folder / "mlflow.db").stat().st_size)
    at_first = sum(file.stat().st_size for file in empty.rglob("*.db"))
    training = (sizes[1] - sizes[0]) / 100
    print(
        f"\nMLflow's store: {at_first / 1e6:.1f} MB at first, {training / 1000:.0f} kB a training of 100 "
        "epochs with eight figures; weights come besides"
    )
