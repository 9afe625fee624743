"""Whether a house has been idle long enough: `idle.py MINUTES STATE < metrics`, 0 where it has.

Idle is a house that was sent nothing, read nothing and had nothing waiting, by its own /metrics. What watches
it does not count, nor does what it refuses: a page that was left open asks on after its session has ended.
Uses Python alone, because it runs on the machine beside the containers.
"""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path
from typing import NamedTuple

_WAITING = (
    ("lightbox_jobs", "queued"),
    ("lightbox_jobs", "running"),
    ("lightbox_dicom_studies", "waiting"),
    ("lightbox_deliveries", "waiting"),
)
_REQUESTS = "lightbox_http_request_duration_seconds_count"
_INSTANCES = "lightbox_dicom_instances"
_WATCHED = frozenset({"/metrics", "/healthz", "/readyz"})
_SAMPLE = re.compile(r"(\w+)(?:\{(.*)\})? ([\d.e+-]+)")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class Activity(NamedTuple):
    """What a house does: `done` differs from the one before where something was asked of it."""

    waiting: float
    done: float


def activity(metrics: str) -> Activity:
    """By the text of /metrics. Raises ValueError where that is not a house's."""
    waiting, done, ready = 0.0, 0.0, False
    for line in metrics.splitlines():
        sample = _SAMPLE.fullmatch(line)
        if sample is None:
            continue
        name, labels, value = sample[1], dict(_LABEL.findall(sample[2] or "")), float(sample[3])
        ready = ready or name == "lightbox_ready"
        if name == "lightbox_inference_waiting" or (name, labels.get("state")) in _WAITING:
            waiting += value
        if name == _INSTANCES or (name == _REQUESTS and _asked(labels)):
            done += value
    if not ready:
        raise ValueError("These are no metrics of a Lightbox.")
    return Activity(waiting, done)


def _asked(labels: dict[str, str]) -> bool:
    return labels.get("route") not in _WATCHED and labels.get("status", "").startswith("2")


def idle_since(metrics: str, state: Path, now: float) -> float:
    """Since when (seconds) nothing has been asked of the house, as `state` remembers. Raises ValueError."""
    seen = activity(metrics)
    before = json.loads(state.read_text()) if state.exists() else None
    still = before is not None and seen.waiting == 0 and before["done"] == seen.done
    since = float(before["since"]) if still and before is not None else now
    state.write_text(json.dumps({"done": seen.done, "since": since}))
    return since


def main(minutes: float, state: Path) -> int:
    """The exit status; where the house does not answer nothing is known, and the clock begins anew."""
    now = time.time()
    try:
        since = idle_since(sys.stdin.read(), state, now)
    except ValueError:
        state.unlink(missing_ok=True)
        return 1
    return 0 if now - since >= minutes * 60 else 1


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), Path(sys.argv[2])))
