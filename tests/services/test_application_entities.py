"""Associations in a process with so many open files that select(2) cannot name their sockets any more."""

from __future__ import annotations

import os
import resource
import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest
from pydicom.uid import ImplicitVRLittleEndian
from pynetdicom import transport

from services.application_entities import application_entity

VERIFICATION = "1.2.840.10008.1.1"
SELECT_KNOWS = 1024


@pytest.fixture
def many_open_files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = SELECT_KNOWS + 200
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"this system allows {hard} open files")
    if soft != resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    files = [os.open(os.devnull, os.O_RDONLY) for _ in range(SELECT_KNOWS)]
    yield
    for file in files:
        os.close(file)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_busy_server_asks_for_and_accepts_associations(many_open_files: None) -> None:
    accepting, asking = application_entity("PACS"), application_entity("LIGHTBOX")
    accepting.add_supported_context(VERIFICATION, ImplicitVRLittleEndian)
    asking.add_requested_context(VERIFICATION, ImplicitVRLittleEndian)
    server = accepting.start_server(("127.0.0.1", 0), block=False)
    assert server is not None and server.socket is not None and server.socket.fileno() >= SELECT_KNOWS
    try:
        association = asking.associate("127.0.0.1", server.server_address[1])
        assert association.is_established
        assert association.send_c_echo().Status == 0
        association.release()
        assert association.is_released
    finally:
        server.shutdown()


def _select(*asked: object) -> tuple[list[socket.socket], list[object], list[object]]:
    """As pynetdicom's transport asks."""
    answered: tuple[list[socket.socket], list[object], list[object]] = vars(transport)["select"].select(
        *asked
    )
    return answered


def test_sockets_are_told_apart_by_what_they_have_to_say() -> None:
    application_entity("LIGHTBOX")
    here, there = socket.socketpair()
    with here, there:
        assert _select([here], [], [], 0) == ([], [], [])
        there.send(b"x")
        assert _select([here], [], [], 0)[0] == [here]
        here.recv(1)
        there.close()  # its end is something to read, too
        assert _select([here], [], [], 0)[0] == [here]
        here.close()
        with pytest.raises(ValueError, match="file descriptor"):
            _select([here], [], [], 0)
    left = socket.socket()
    with suppress(OSError), left:  # the file is closed behind the socket's back
        os.close(left.fileno())
        with pytest.raises(OSError, match="the socket was closed"):
            _select([left], [], [], 0)
