"""Receivers of HL7 v2 messages by MLLP: python-hl7's own, and one that answers whatever a test says."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hl7.mllp import start_hl7_server


def ack(control: str, code: str = "AA", words: str = "", more: str = "") -> bytes:
    """An acknowledgement in its frame."""
    text = f"MSH|^~\\&|RIS||||20261127||ACK^R01^ACK|1|P|2.5.1\rMSA|{code}|{control}|{words}\r{more}"
    return b"\x0b" + text.encode() + b"\x1c\r"


@contextmanager
def receiver(
    answer: Callable[[socket.socket, bytes], None], context: ssl.SSLContext | None = None
) -> Iterator[tuple[int, list[bytes]]]:
    """A port whose first connections get these answers to each frame, and the frames that came."""
    frames: list[bytes] = []

    def serve(listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            try:
                if context is not None:
                    connection = context.wrap_socket(connection, server_side=True)
                with connection:
                    read = b""
                    while piece := connection.recv(65536):
                        read += piece
                        while b"\x1c\r" in read:
                            frame, _, read = read.partition(b"\x1c\r")
                            frames.append(frame.removeprefix(b"\x0b"))
                            answer(connection, frames[-1])
            except OSError:
                connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,), daemon=True)
        thread.start()
        yield listening.getsockname()[1], frames
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def sends(content: bytes) -> Callable[[socket.socket, bytes], None]:
    return lambda connection, _: connection.sendall(content)


class Listener:
    """python-hl7's own MLLP server, in a thread; it reads messages with its own parser."""

    def __init__(self, code: str) -> None:
        self.code, self.taken = code, []
        self._ready, self._loop = threading.Event(), asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        async def handle(reader, writer) -> None:  # type: ignore[no-untyped-def]
            while True:
                try:
                    read = await reader.readmessage()
                except (asyncio.IncompleteReadError, ConnectionError):
                    break
                self.taken.append(read)
                writer.writemessage(read.create_ack(self.code))
                await writer.drain()
            writer.close()

        server = await start_hl7_server(handle, host="127.0.0.1", port=0, encoding="utf-8")
        self.port = server.sockets[0].getsockname()[1]
        self._stopped = asyncio.Event()
        self._ready.set()
        await self._stopped.wait()
        server.close()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(5)
        self._loop.close()
