"""The whole house behind the pages: real stores, real networks, real jobs, in a folder."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data.records import Role, ScanStatus, Upload, User
from services.assembly.container import Services, build_services
from services.assembly.parts import Parts
from services.settings import Settings
from tests.databases import new_mlflow

PATIENCE_S = 120


@contextmanager
def running(home: Path, parts: Parts | None = None, **changes: object) -> Iterator[Services]:
    """Services on `home`, started, with every network loaded."""
    settings = Settings(
        home=home,
        database_url=f"sqlite:///{home / 'lightbox.db'}",
        **{  # type: ignore[arg-type]
            "tracking_uri": changes.get("tracking_uri") or new_mlflow(home),
            "files_url": str(home / "files"),
            "backend": "exact",
            **changes,
        },
    )
    services = build_services(settings, parts)
    services.start()
    try:
        assert services.versions.registry.wait_until_ready(PATIENCE_S)
        yield services
    finally:
        services.close()


def person(services: Services, role: Role, name: str) -> User:
    """An account, made at its first asking."""
    for user in services.accounts.all():
        if user.name == name:
            return user
    return services.accounts.create(name, name.title(), role)[0]


def send(services: Services, user: User, name: str, content: bytes) -> Upload:
    """Upload and wait until everything in it is read."""
    upload = services.reading.intake.receive(user, name, io.BytesIO(content))
    assert services.jobs.wait_idle(PATIENCE_S)
    for scan_id in upload.scan_ids:
        assert services.reviewing.scan_views.scan(scan_id, user).scan.status is ScanStatus.READ
    return upload
