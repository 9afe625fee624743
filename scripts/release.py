"""What goes with a release beside the image: `python scripts/release.py VERSION FOLDER` (`make release`).

The changelog's section as notes, the shipped weights with their cards, and the SHA-256 of each file.
"""

from __future__ import annotations

import hashlib
import re
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NOTES, SUMS = "notes.md", "SHA256SUMS"


def notes(changelog: str, version: str) -> str:
    """The section of a version. Raises SystemExit where there is none: nothing is released untold."""
    section = re.search(
        rf"^## \[{re.escape(version)}\][^\n]*\n(.*?)(?=^## \[|\Z)", changelog, re.MULTILINE | re.DOTALL
    )
    if section is None or not section.group(1).strip():
        raise SystemExit(f"CHANGELOG.md says nothing of {version}.")
    return section.group(1).strip() + "\n"


def pack_weights(models: Path, archive: Path) -> list[str]:
    """The weights of every task with their decisions and cards, as a tar; the names in it."""
    files = [
        file
        for weights in sorted(models.rglob("weights.safetensors"))
        for file in sorted(weights.parent.iterdir())
        if file.suffix in (".safetensors", ".json", ".md")
    ]
    names = [str(file.relative_to(models.parent)) for file in files]
    with tarfile.open(archive, "w:gz") as packed:
        for file, name in zip(files, names, strict=True):
            packed.add(file, name)
    return names


def sums(folder: Path) -> str:
    """SHA-256 of each file, as `sha256sum -c` reads it."""
    files = sorted(file for file in folder.iterdir() if file.is_file() and file.name != SUMS)
    return "".join(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files)


def main(version: str, folder: Path) -> None:
    """Write them. Raises SystemExit where the code is of another version."""
    from data.version import VERSION

    if version != VERSION:
        raise SystemExit(f"The code is {VERSION}, not {version}: see data/version.py.")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / NOTES).write_text(notes((ROOT / "CHANGELOG.md").read_text(), version))
    pack_weights(ROOT / "models", folder / f"lightbox-{version}-weights.tar.gz")
    (folder / SUMS).write_text(sums(folder))


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main(sys.argv[1].removeprefix("v"), Path(sys.argv[2]))
