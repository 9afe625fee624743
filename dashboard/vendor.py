"""Copies the few built files that the pages need out of node_modules.

npm ci && python -m dashboard.vendor
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENDOR = Path(__file__).resolve().parent / "assets" / "vendor"

FILES = {
    "bootstrap/dist/css/bootstrap.min.css": "bootstrap.min.css",
    "bootstrap/LICENSE": "bootstrap.LICENSE",
    "bootstrap-icons/font/bootstrap-icons.min.css": "bootstrap-icons.min.css",
    "bootstrap-icons/font/fonts/bootstrap-icons.woff2": "fonts/bootstrap-icons.woff2",
    "bootstrap-icons/font/fonts/bootstrap-icons.woff": "fonts/bootstrap-icons.woff",
    "bootstrap-icons/LICENSE": "bootstrap-icons.LICENSE",
    "fflate/umd/index.js": "fflate.js",
    "fflate/LICENSE": "fflate.LICENSE",
    "tus-js-client/dist/tus.js": "tus.js",
    "tus-js-client/LICENSE": "tus.LICENSE",
}
LAZY_FILES = {
    "@niivue/niivue/dist/niivue.umd.js": "niivue.umd.js",
}
"""Fetched by a page when somebody opens what they are for; nothing else needs them."""


def copy_vendor_files(modules: Path, target: Path = VENDOR) -> list[Path]:
    """Copy `FILES` and `LAZY_FILES` from an npm folder and return what was written.

    Raises FileNotFoundError where `npm ci` has not been run.
    """
    written = []
    for source, name in (FILES | LAZY_FILES).items():
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(modules / source, place)
        written.append(place)
    return written


def missing_vendor_files(target: Path = VENDOR) -> list[str]:
    """Name the files that the pages need and that are not there."""
    return [name for name in FILES.values() if not (target / name).is_file()]


if __name__ == "__main__":
    for path in copy_vendor_files(ROOT / "node_modules"):
        sys.stdout.write(f"{path.relative_to(ROOT)}\n")
