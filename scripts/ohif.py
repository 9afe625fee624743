"""Fetch the OHIF viewer that tests open Lightbox's DICOM objects in, into `.ohif`.

    python scripts/ohif.py

npm's package holds the built viewer: none of its dependencies is installed. What Lightbox's objects do not
need (networks for segmenting, microscopy) is left out: 49 MB of 213 stay.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

VERSION = "3.13.2"
SHA512 = (  # of the package, as npm's lock files write it
    "WZdxmpmG7rqFgW9ZJLcbgr3XCtLi1KDNPoMaeY5PPe6j"  # pragma: allowlist secret
    "4G4fjEjjkycZM6C6Zk2F87BKxFfpq+jd5xXZB9E8EA=="  # pragma: allowlist secret
)
ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / ".ohif"
_LEFT_OUT = ("ort/", "dicom-microscopy-viewer/")
_INSIDE = "package/dist/"


def fetch(into: Path) -> None:
    """Download the package, hold it against its hash, and lay out the viewer. Raises SystemExit."""
    with tempfile.TemporaryDirectory() as folder:
        command = [str(ROOT / ".ci" / "npm"), "pack", "--silent", f"@ohif/app@{VERSION}"]
        subprocess.run([*command, "--pack-destination", folder], check=True, stdout=subprocess.DEVNULL)
        (package,) = Path(folder).glob("*.tgz")
        digest = base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()
        if digest != SHA512:
            raise SystemExit(f"{package.name} is not the package that was looked at: {digest}")
        shutil.rmtree(into, ignore_errors=True)
        with tarfile.open(package) as archive:
            for member in archive:
                name = member.name.removeprefix(_INSIDE)
                if member.isfile() and name != member.name and not name.startswith(_LEFT_OUT):
                    member.name = name
                    archive.extract(member, into, filter="data")


if __name__ == "__main__":
    fetch(DIST)
