"""Builds the site of the manuals: `python -m dashboard.manuals.build`; the server does not need this.

Set-up does it, as it fetches the pages' scripts: it takes seconds, and nothing of it is committed.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SITE = Path(__file__).resolve().parent / "site"


def build_site(site: Path = SITE) -> Path:
    """Build it anew into `site`, and return that folder.

    Raises mkdocs.exceptions.Abort where a link, an anchor or a page of the navigation leads nowhere.
    """
    os.environ.setdefault("NO_MKDOCS_2_WARNING", "1")  # the theme's advertisement of its successor
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    config = load_config(str(ROOT / "mkdocs.yml"), site_dir=str(site))
    config.plugins.on_startup(command="build", dirty=False)
    build(config)
    config.plugins.on_shutdown()
    return site


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    sys.stdout.write(f"{build_site().relative_to(ROOT)}\n")
