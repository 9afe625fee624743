"""What an operator can set, read once from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from data.errors import InvalidInput

GIB = 1 << 30


@dataclass(frozen=True)
class Settings:
    """Every setting with a default that works; docs/settings.md names each."""

    home: Path = Path("var")
    database_url: str = ""
    files_url: str = ""
    tracking_uri: str = ""
    host: str = "127.0.0.1"
    port: int = 8050
    threads: int = 24
    workers: int = 4
    device: str | None = None
    max_scan_bytes: int = GIB
    decode_seconds: float = 120.0
    decode_bytes: int = 6 * GIB
    max_batch: int = 16
    gather_ms: float = 4.0
    max_waiting: int = 2048
    session_minutes: int = 30
    https: bool = False
    secret_key: str = ""
    import_folder: Path | None = None

    @property
    def imports_from(self) -> Path:
        """Below this folder of the server's machine lies what may be imported from the page."""
        return self.import_folder or self.home / "import"

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> Self:
        """The settings that the environment asks for; raises InvalidInput naming a wrong one."""
        home = Path(env.get("LIGHTBOX_HOME", "var")).resolve()
        return cls(
            home=home,
            database_url=env.get("DATABASE_URL") or f"sqlite:///{home / 'lightbox.db'}",
            files_url=env.get("LIGHTBOX_FILES") or str(home / "files"),
            tracking_uri=env.get("MLFLOW_TRACKING_URI") or f"sqlite:///{home / 'mlflow.db'}",
            host=env.get("LIGHTBOX_HOST", cls.host),
            port=_whole(env, "LIGHTBOX_PORT", cls.port),
            threads=_whole(env, "LIGHTBOX_THREADS", cls.threads),
            workers=_whole(env, "LIGHTBOX_WORKERS", cls.workers),
            device=env.get("LIGHTBOX_DEVICE") or None,
            max_scan_bytes=_whole(env, "LIGHTBOX_MAX_SCAN_MIB", cls.max_scan_bytes >> 20) << 20,
            decode_seconds=_whole(env, "LIGHTBOX_DECODE_SECONDS", int(cls.decode_seconds)),
            decode_bytes=_whole(env, "LIGHTBOX_DECODE_MIB", cls.decode_bytes >> 20) << 20,
            max_batch=_whole(env, "LIGHTBOX_MAX_BATCH", cls.max_batch),
            gather_ms=_whole(env, "LIGHTBOX_GATHER_MS", int(cls.gather_ms), least=0),
            max_waiting=_whole(env, "LIGHTBOX_MAX_WAITING", cls.max_waiting),
            session_minutes=_whole(env, "LIGHTBOX_SESSION_MINUTES", cls.session_minutes),
            https=env.get("LIGHTBOX_HTTPS", "") in {"1", "true", "yes"},
            secret_key=env.get("LIGHTBOX_SECRET_KEY", ""),
            import_folder=Path(env.get("LIGHTBOX_IMPORT_FOLDER") or home / "import").resolve(),
        )


def _whole(env: Mapping[str, str], name: str, default: int, least: int = 1) -> int:
    text = env.get(name)
    if not text:
        return default
    try:
        value = int(text)
    except ValueError:
        raise InvalidInput(f"The setting {name} must be a whole number, not {text!r}.") from None
    if value < least:
        raise InvalidInput(f"The setting {name} must be at least {least}, not {value}.")
    return value
