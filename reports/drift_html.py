"""Evidently's page with a head that says what was compared, whole in one file.

Everything that the page needs is inside it: Evidently puts its scripts and fonts in, and whatever
would be loaded from elsewhere is taken out here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any

from data.records import SYNTHETIC
from reports.time_words import clock

_BODY = re.compile(r"<body[^>]*>")
_ELSEWHERE = re.compile(
    r"""<(?:script|img|iframe)\b[^>]*\bsrc=["']?(?:https?:)?//[^>]*>(?:\s*</(?:script|iframe)>)?"""
    r"""|<link\b[^>]*\bhref=["']?(?:https?:)?//[^>]*>"""
    r"""|@import\s+(?:url\()?["']?(?:https?:)?//[^;]*;""",
    re.IGNORECASE,
)
_EMPTY = (
    '<!DOCTYPE html><html lang="en"><head><meta charset="UTF-8"><title>Drift</title></head>'
    "<body></body></html>"
)
# A frame without an origin of its own may not touch the browser's storage, and Evidently's page
# remembers its colours there: it gets a memory that lasts as long as the frame.
_STORAGE = """<script>try { window.localStorage } catch (error) {
  const kept = new Map();
  const memory = { getItem: key => kept.has(key) ? kept.get(key) : null,
    setItem: (key, value) => kept.set(key, String(value)), removeItem: key => kept.delete(key),
    clear: () => kept.clear(), key: at => [...kept.keys()][at] ?? null, get length() { return kept.size } };
  for (const name of ["localStorage", "sessionStorage"])
    Object.defineProperty(window, name, { value: memory });
}</script>"""
_LABEL = "text-align:left;padding-right:16px"
_SEVERITIES = {
    "not-judged": "no alarm: there is nothing of this house to judge by yet",
    "too-few": "too few readings to judge by",
}
_STYLE = (
    "font-family:Inter,'DejaVu Sans',sans-serif;font-size:14px;color:#1d2733;background:#f4f7fa;"
    "padding:16px 24px;border-bottom:1px solid #c9d4de"
)


def framed(page: str | None, snapshot: Mapping[str, Any]) -> str:
    """The page with its head; without a page, the head alone."""
    local = _ELSEWHERE.sub("", _EMPTY if page is None else page)
    head = _head(snapshot)
    return _BODY.sub(lambda match: match.group() + _STORAGE + head, local, count=1)


def _head(snapshot: Mapping[str, Any]) -> str:
    rows = "".join(
        f'<tr><th style="{_LABEL}">{escape(label)}</th><td>{escape(value)}</td></tr>'
        for label, value in facts(snapshot)
    )
    said = _list(snapshot["verdict"]) + _list([_counted(snapshot), *snapshot["notes"]])
    return f'<div style="{_STYLE}"><h1 style="font-size:20px">Drift</h1><table>{rows}</table>{said}</div>'


def facts(snapshot: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What was compared, as label and value: version, reference, window, n, hash."""
    reference, window = snapshot["reference"], snapshot["window"]
    versions = snapshot.get("versions") or {}
    told = ", ".join(f"{version} ({told_count(n)} scans)" for version, n in versions.items()) or "unknown"
    shown = [
        ("Task", str(snapshot.get("task", ""))),
        ("Model version", told),
        ("Reference", f"{reference.get('name', 'unnamed')}, n = {told_count(reference['n'])}"),
        ("Hash of the reference", str(reference.get("sha256", ""))),
        ("Window", f"{window.get('words', '')}, n = {told_count(window['n'])}".lstrip(", ")),
        ("Hash of the window", str(window.get("sha256", ""))),
        ("Severity", _SEVERITIES.get(snapshot["severity"], str(snapshot["severity"]))),
        ("Computed", computed(snapshot)),
        ("Small numbers", str(snapshot.get("small_numbers", ""))),
        ("Notice", str(snapshot["notice"])),
    ]
    if snapshot.get("synthetic"):
        shown.insert(0, (SYNTHETIC, "These are made scans of nobody."))
    return [(label, value) for label, value in shown if value]


def computed(snapshot: Mapping[str, Any]) -> str:
    """When a snapshot was made, to the minute; empty where that is not known."""
    made = snapshot.get("made_at")
    return clock(datetime.fromisoformat(made)) if made else ""


def handed_on(snapshot: Mapping[str, Any]) -> str:
    """A page of our own for handing on: Evidently's tells every count, which cannot be taken out of it."""
    head = "".join(f"<th scope='col' style='{_LABEL}'>{words}</th>" for words in _COLUMNS)
    rows = "".join(f"<tr>{''.join(_cells(feature))}</tr>" for feature in snapshot["features"])
    table = f'<table style="margin:16px 24px;font:14px sans-serif"><tr>{head}</tr>{rows}</table>'
    return framed(None, snapshot).replace("</body>", f"{table}</body>")


_COLUMNS = ("Feature", "Status", "Distance", "p, corrected", "n, reference", "n, window")


def _cells(feature: Mapping[str, Any]) -> list[str]:
    numbers = [feature[name] for name in ("effect", "p_corrected")]
    shown = ["" if number is None else f"{number:.3g}" for number in numbers]
    counts = [told_count(feature[f"n_{side}"]) for side in ("reference", "current")]
    texts = [str(feature["title"]), str(feature["status"]), *shown, *counts]
    return [f'<td style="{_LABEL}">{escape(text)}</td>' for text in texts]


def told_count(n: int | None) -> str:
    """A count; "withheld" for one that is not told."""
    return "withheld" if n is None else f"{n:,}"


def _counted(snapshot: Mapping[str, Any]) -> str:
    alone, limits = snapshot["counts"]["drifted_by_distance_alone"], snapshot["limits"]
    if alone is None:
        return "No column could be compared."
    return (
        f"Below, Evidently counts every column at a distance of {limits['effect']} or more as drifted "
        f"({alone} of {snapshot['counts']['watched']}); Lightbox also asks for a corrected p below "
        f"{limits['p']} ({snapshot['counts']['drifted']} of {snapshot['counts']['watched']})."
    )


def _list(sentences: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences) + "</ul>"
