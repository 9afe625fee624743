"""Which revision of a DVC repository's data a folder is, out of DVC's own files.

DVC is not needed for it: `NAME.dvc` and `dvc.lock` are YAML and say of each tracked folder its hash, the same
wherever the data is stored (https://dvc.org/doc/user-guide/project-structure). Where nothing of the folder is
tracked there is no revision.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

REPOSITORY, LOCK, TRACKED = ".dvc", "dvc.lock", "*.dvc"
_BLOCK = 1 << 20


@dataclass(frozen=True)
class DataRevision:
    """What DVC tracks of the data of a training.

    `md5` is DVC's hash of it, one a tracked path, `path` where that lies in the repository and `file` what
    says so. `state` is "as recorded", "changed" where what lies on the disk has another hash, or
    "not checked" where a DVC before 3 made the hash. `git` is the revision of the repository, with "-dirty"
    where files in it differ from that; empty where there is none.
    """

    md5: str
    path: str
    file: str
    state: str
    git: str

    def parameters(self) -> dict[str, str]:
        """As parameters of a run: `dvc_md5`, `dvc_path`, …"""
        return {f"dvc_{name}": value for name, value in asdict(self).items() if value}


@dataclass(frozen=True)
class _Output:
    path: Path
    md5: str
    file: Path
    checkable: bool

    @property
    def changed(self) -> bool:
        """Whether what lies there has another hash."""
        return _md5(self.path, self.md5) != self.md5


def data_revision(data: Path) -> DataRevision | None:
    """The revision of what lies in the folder `data`; None where DVC tracks none of it.

    Reads every tracked file, to say whether it is what was recorded.
    """
    data = data.resolve()
    root = next((folder for folder in (data, *data.parents) if (folder / REPOSITORY).is_dir()), None)
    if root is None:
        return None
    tracked = [output for output in _outputs(root, data) if _overlap(output.path, data)]
    if not tracked:
        return None
    return DataRevision(
        md5=" ".join(output.md5 for output in tracked),
        path=" ".join(output.path.relative_to(root).as_posix() for output in tracked),
        file=" ".join(dict.fromkeys(output.file.relative_to(root).as_posix() for output in tracked)),
        state=_state(tracked),
        git=_git(root),
    )


def _state(tracked: Sequence[_Output]) -> str:
    if not all(output.checkable for output in tracked):
        return "not checked"
    return "changed" if any(output.changed for output in tracked) else "as recorded"


def _overlap(tracked: Path, data: Path) -> bool:
    return data.is_relative_to(tracked) or tracked.is_relative_to(data)


def _outputs(root: Path, data: Path) -> list[_Output]:
    """Everything that files beside, above or below the data say is tracked, by path."""
    above = [folder for folder in (data, *data.parents) if folder.is_relative_to(root)]
    files = {file for folder in above for file in (*folder.glob(TRACKED), folder / LOCK) if file.is_file()}
    files |= {file for pattern in (TRACKED, LOCK) for file in data.rglob(pattern) if file.is_file()}
    read = {output.path: output for file in sorted(files) for output in _outputs_of(file)}
    return [read[path] for path in sorted(read)]


def _outputs_of(file: Path) -> Iterator[_Output]:
    content = yaml.safe_load(file.read_text()) or {}
    stages = [content] if file.name != LOCK else list((content.get("stages") or {}).values())
    for stage in stages:
        folder = file.parent / str(stage.get("wdir", "."))
        for out in stage.get("outs") or []:
            if "md5" in out:
                path = (folder / out["path"]).resolve()
                yield _Output(path, str(out["md5"]), file, checkable=out.get("hash") == "md5")


def _md5(path: Path, recorded: str) -> str:
    """DVC's hash of a file, or of a folder: of the list of its files' names and hashes."""
    if not recorded.endswith(".dir"):
        return _file_md5(path) if path.is_file() else ""
    entries: list[dict[str, Any]] = [
        {"md5": _file_md5(file), "relpath": file.relative_to(path).as_posix()}
        for file in path.rglob("*")
        if file.is_file()
    ]
    entries.sort(key=lambda entry: str(entry["relpath"]))
    listed = json.dumps(entries, sort_keys=True).encode()
    return hashlib.md5(listed, usedforsecurity=False).hexdigest() + ".dir"


def _file_md5(file: Path) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with file.open("rb") as content:
        while block := content.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _git(root: Path) -> str:
    git = shutil.which("git")
    if git is None:
        return ""
    command = [git, "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return asked.stdout.strip() if asked.returncode == 0 else ""
