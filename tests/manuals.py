"""The site of the manuals, made for tests; a link that leads nowhere fails whoever asks for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboard.manuals import routes
from dashboard.manuals.build import build_site


def serve_built_site(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Build the site into `folder` and have servers of this process serve it."""
    site = build_site(folder)
    monkeypatch.setattr(routes, "SITE", site)
    return site
