"""What a server answers while something under it is broken: each answer must be one that people may read."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import requests

OF_OUTAGES = {503, 507}
_IDS = re.compile(r"[0-9a-f]{32}")
_OF_THE_PROGRAM = re.compile(r"Traceback|Error\b|Exception|sqlite|psycopg|/files/|errno", re.IGNORECASE)


class Answers:
    """Counts answers by kind of address and status, and keeps what was wrong with any."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, int]] = Counter()
        self.sentences: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._lock = threading.Lock()

    def note(self, response: requests.Response) -> None:
        """What is wrong with an answer is kept: 500, no sentence, words of the program in it."""
        request, status = response.request, response.status_code
        address = _IDS.sub("ID", urlsplit(str(request.url)).path)
        kind = f"{request.method} {address}"
        with self._lock:
            self.counts[kind, status] += 1
            if status < 500 or address in ("/readyz", "/healthz"):
                return
            text = response.text
            sentence = _sentence(text)
            self.sentences[f"{status} {sentence}"] += 1
            if status not in OF_OUTAGES or not sentence or _OF_THE_PROGRAM.search(sentence):
                self.wrong.append(f"{kind}: {status} {sentence or text[:120]}")
            if status in OF_OUTAGES and "Retry-After" not in response.headers:
                self.wrong.append(f"{kind}: {status} without Retry-After")

    def lines(self) -> list[str]:
        """The answers in lines, the failed ones last."""
        by_status: Counter[int] = Counter()
        for (_, status), number in self.counts.items():
            by_status[status] += number
        told = ", ".join(f"{status}: {number}" for status, number in sorted(by_status.items()))
        return [told, *(f"{number} x {sentence}" for sentence, number in self.sentences.most_common(6))]


def _sentence(text: str) -> str:
    try:
        import json

        return str(json.loads(text)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        match = re.search(r"<p[^>]*>([^<]+)</p>|<h1[^>]*>([^<]+)</h1>", text)
        return "" if match is None else next(filter(None, match.groups()), "")


@contextmanager
def watched() -> Iterator[Answers]:
    """Every answer that this process gets meanwhile."""
    answers, send = Answers(), requests.Session.send

    def noting(
        session: requests.Session, request: requests.PreparedRequest, **more: Any
    ) -> requests.Response:
        response = send(session, request, **more)
        answers.note(response)
        return response

    requests.Session.send = noting  # type: ignore[method-assign]
    try:
        yield answers
    finally:
        requests.Session.send = send  # type: ignore[method-assign]
