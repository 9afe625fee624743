"""What the rounds came to, as one table: medians of rounds; shares of the forward pass of the same round."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from services.inference.threads import network_threads
from tests.benchmarks.peers.load import Measured

_CPU = Path("/proc/cpuinfo")


@dataclass(frozen=True)
class Row:
    """A server, run in a certain way and asked by so many callers, with a measurement a round."""

    name: str
    engine: str
    callers: int
    ours: bool = False
    rounds: list[Measured] = field(default_factory=list)
    processor_ms: list[float] = field(default_factory=list)  # of an answer, all processes of the server

    def share(self, forward: Sequence[float]) -> float:
        """Answers a second for each input a second that the bare forward pass took in the same round."""
        return median(taken.per_second / raw for taken, raw in zip(self.rounds, forward, strict=True))

    def seconds(self, percentile: int) -> float:
        """The median over the rounds of their percentile."""
        return median(taken.percentile(percentile) for taken in self.rounds)

    def cells(self, forward: Sequence[float]) -> tuple[str, ...]:
        """As the table shows it."""
        return (
            self.name,
            self.engine,
            str(self.callers),
            f"{median(taken.per_second for taken in self.rounds):.1f}",
            f"{self.share(forward):.2f}",
            f"{1000 * self.seconds(50):.0f}",
            f"{1000 * self.seconds(95):.0f}",
            f"{median(self.processor_ms):.0f}" if self.processor_ms else "",
        )


HEADS = (
    "server",
    "network by",
    "callers",
    "a second",
    "of the forward pass",
    "p50 ms",
    "p95 ms",
    "CPU ms an answer",
)


def table(rows: Sequence[Row], forward: Sequence[float]) -> str:
    """All rows, as Markdown; `forward` is inputs a second of the bare forward pass, round by round."""
    lines = [HEADS, tuple("---" for _ in HEADS), *(row.cells(forward) for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def best_peer(rows: Sequence[Row], callers: int) -> Row:
    """The peer with the most answers a second, whatever it runs the network by."""
    peers = [row for row in rows if not row.ours and row.callers == callers]
    return max(peers, key=lambda row: median(taken.per_second for taken in row.rounds))


def against(row: Row, other: Row) -> tuple[float, float]:
    """How many times the answers a second of another row, and of its p95: medians of the rounds' ratios."""
    pairs = list(zip(row.rounds, other.rounds, strict=True))
    return (
        median(ours.per_second / theirs.per_second for ours, theirs in pairs),
        median(ours.percentile(95) / theirs.percentile(95) for ours, theirs in pairs),
    )


def verdicts(rows: Sequence[Row]) -> list[str]:
    """How each of our rows stands against the best peer that as many callers ask."""
    said = []
    for row in (row for row in rows if row.ours):
        best = best_peer(rows, row.callers)
        often, slow = against(row, best)
        said.append(
            f"{row.name}, callers {row.callers}: {often:.2f} times the answers of the best peer "
            f"({best.name}, {best.engine}), p95 {slow:.2f} times its p95"
        )
    return said


def machine(versions: Mapping[str, str]) -> str:
    """What was measured on: processor, cores, threads, date, versions of the servers."""
    models = [line.partition(":")[2].strip() for line in _lines(_CPU) if line.startswith("model name")]
    processor = models[0] if models else platform.processor() or "unknown processor"
    others = ", ".join(f"{name} {version}" for name, version in versions.items())
    return (
        f"{processor}, {len(models)} cores, {network_threads()} threads for the network, "
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {others}"
    )


def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []
