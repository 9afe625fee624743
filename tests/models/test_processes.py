"""Two processes that train together end with one network, the same as one process would get."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import sys
from pathlib import Path
import torch
sys.path.insert(0, {root!r})
from models.processes import joined
from models.training import fit
from tests.models.test_training import RECIPE, _Bright, _Log

torch.set_num_threads(1)
with joined(torch.device("cpu")) as (processes, device):
    log = _Log()
    fit(_Bright(), RECIPE, Path({out!r}), log, device, processes=processes)
    Path({out!r}, f"epochs-{{processes.rank}}").write_text(str(len(log.epochs)))
"""


def _trained(folder: Path, processes: int) -> dict[str, torch.Tensor]:
    folder.mkdir()
    script = folder / "train.py"
    script.write_text(SCRIPT.format(root=str(ROOT), out=str(folder)))
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    command = [sys.executable, *(launch if processes > 1 else []), str(script)]
    subprocess.run(command, check=True, cwd=ROOT, timeout=120, capture_output=True)
    state: dict[str, torch.Tensor] = torch.load(folder / "best.pt", weights_only=True)
    return state


def test_two_processes_learn_what_one_does(tmp_path: Path) -> None:
    alone, together = _trained(tmp_path / "one", 1), _trained(tmp_path / "two", 2)
    for name, value in alone.items():
        assert torch.allclose(value, together[name], atol=0.05), name
    # Only the first process tells and keeps.
    assert (tmp_path / "two" / "epochs-0").read_text() == "4"
    assert (tmp_path / "two" / "epochs-1").read_text() == "0"
