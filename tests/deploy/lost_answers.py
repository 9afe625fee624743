"""A way to a server on which the answer to the first request of each kind is lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

KEPT = ("Content-Type", "Retry-After")


@contextmanager
def losing_answers(url: str) -> Iterator[tuple[str, list[str]]]:
    """(The way's own address, what was lost); each method and path loses its first POST's answer."""
    lost: list[str] = []

    class Way(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._pass_on()

        def do_POST(self) -> None:
            self._pass_on()

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            sent = {name: value for name, value in self.headers.items() if name not in ("Host", "Connection")}
            answer = requests.request(
                self.command, url + self.path, data=body or None, headers=sent, timeout=120
            )
            if self.command == "POST" and self.path not in lost:
                lost.append(self.path)
                self.close_connection = True
                return
            self.send_response(answer.status_code)
            for name in KEPT:
                if name in answer.headers:
                    self.send_header(name, answer.headers[name])
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Way)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", lost
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
