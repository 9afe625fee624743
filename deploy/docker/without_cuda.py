"""The lock without CUDA: `without_cuda.py requirements.lock torch.txt`, in the image for processors alone.

Rewrites the lock without torch, torchvision and what they bring for NVIDIA's GPUs, and writes the two with
their versions into another file: they come from PyTorch's own index, whose files have other hashes.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

_FROM_PYTORCH = ("torch", "torchvision")
_FOR_GPUS = re.compile(r"(nvidia|cuda)-|triton$")


def split(lock: str) -> tuple[str, str]:
    """(the lock without CUDA, the requirements to be had from PyTorch)."""
    kept: list[str] = []
    torch: list[str] = []
    for entry in re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE):
        name, _, version = entry.split(maxsplit=1)[0].partition("==") if entry.strip() else ("", "", "")
        if name in _FROM_PYTORCH:
            torch.append(f"{name}=={version}+cpu\n")
        elif not _FOR_GPUS.match(name):
            kept.append(entry)
    return "".join(kept), "".join(torch)


if __name__ == "__main__":
    _lock = Path(sys.argv[1])
    _kept, _torch = split(_lock.read_text())
    _lock.write_text(_kept)
    Path(sys.argv[2]).write_text(_torch)
