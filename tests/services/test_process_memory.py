"""What is freed goes back to the system; tried in a process of its own, whose heap nobody else uses."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from services.process_memory import ARENAS

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")


def run(program: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120
    ).stdout


def test_freed_pages_below_one_that_is_used_go_back() -> None:
    said = run(
        "import psutil\n"
        "from services.process_memory import give_back\n"
        "def mib():\n"
        "    return psutil.Process().memory_info().rss >> 20\n"
        "blocks = [bytearray(20_000) for _ in range(10_000)]\n"
        "last, full = blocks[-1], mib()\n"
        "del blocks\n"
        "kept = mib()\n"
        "give_back()\n"
        "print(full, kept, mib())\n"
    )
    full, kept, after = map(int, said.split())
    assert full - kept < 50  # or there was nothing to show
    assert full - after > 150


@pytest.mark.parametrize("shared", [True, False])
def test_threads_share_few_arenas(shared: bool) -> None:
    said = run(
        "import ctypes, tempfile, threading\n"
        "from services.process_memory import share_arenas\n"
        f"if {shared}: share_arenas()\n"
        "ended = threading.Barrier(9)\n"
        "def work():\n"
        "    held = bytearray(20_000)\n"
        "    ended.wait(60)\n"
        "for _ in range(8): threading.Thread(target=work).start()\n"
        "library = ctypes.CDLL(None)\n"
        "library.fopen.restype = ctypes.c_void_p\n"
        "with tempfile.NamedTemporaryFile() as told:\n"
        "    stream = ctypes.c_void_p(library.fopen(told.name.encode(), b'w'))\n"
        "    library.malloc_info(0, stream)\n"
        "    library.fclose(stream)\n"
        "    print(told.read().count(b'<heap nr='))\n"
        "ended.wait(60)\n"
    )
    assert (int(said) <= ARENAS) is shared
