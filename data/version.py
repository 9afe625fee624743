"""Which Lightbox this is. The one place: `pyproject.toml` reads it from here, and nothing else states it."""

VERSION = "0.2.0"
