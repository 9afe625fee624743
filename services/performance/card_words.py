"""A version's own card as people read it: its figures by their words, shares in per cent.

The file stays as training wrote it: its tables hold names and fractions, for programs.
"""

from __future__ import annotations

import re
from functools import lru_cache

from services.performance.metrics import figure_metric, figure_words, is_figure
from services.performance.number_words import interval_words, value_words

_CARDS_KEPT = 16  # every scan's page shows one, of the versions that answer
_FIGURE = re.compile(
    r"^\| (?P<name>[a-z0-9_]+)(?P<of>[,:] [^|]+)? \| (?P<value>-?[\d.]+) "
    r"\| (?:(?P<low>-?[\d.]+) to (?P<high>-?[\d.]+) )? ?\|",
    re.MULTILINE,
)
"""The beginning of a row: `| recall, source X | 0.949 | 0.831 to 0.986 |`."""


_INTERVAL = re.compile(r"(\d)% to (?=[\d.]+%)")
_PER_CENT = re.compile(r"(?<=\d)%")
"""Shares as training writes them, "85.7% (80.1% to 90.2%)", are "85.7 % (80.1 to 90.2 %)" for people."""


@lru_cache(_CARDS_KEPT)
def card_words(card: str) -> str:
    """A card in Markdown with the figures of its tables in words; all else stays as it is."""
    return _PER_CENT.sub(" %", _INTERVAL.sub(r"\1 to ", _FIGURE.sub(_row, card)))


def _row(row: re.Match[str]) -> str:
    name = row["name"]
    if not is_figure(name):
        return row[0]
    metric = figure_metric(name)
    value = value_words(metric, float(row["value"]))
    interval = interval_words(metric, float(row["low"]), float(row["high"])) if row["low"] else ""
    return f"| {figure_words(name)}{row['of'] or ''} | {value} | {interval} |"
