"""Where bytes lie that somebody sent, until they are opened.

While they arrive they lie on the disk of the server that takes them. Of several servers any may open them,
also when that one is gone: so there they go to where scans are kept before anybody is told that they came.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data import removals
from data.files import FileStore
from data.records import Upload
from services import keys


class Arrivals:
    """The bytes of uploads."""

    def __init__(self, folder: Path, files: FileStore, server_id: str | None) -> None:
        """`folder` is this server's own; where it is one of several (`server_id`), all reach `files`."""
        self._folder = folder
        self._files = files
        self._server_id = server_id
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, upload_id: str) -> Path:
        """Where they lie on this server while they arrive."""
        return self._folder / upload_id

    def share(self, upload: Upload) -> None:
        """Put what has arrived here where every server reaches it, if there are several."""
        if self._several and self._has(upload):
            self._files.put_file(keys.upload(upload.id), self.path(upload.id))
            removals.remove(self._folder, self.path(upload.id))

    def are_reached(self, upload: Upload) -> bool:
        """Whether this server can open them."""
        return self._are_shared(upload) or self._has(upload)

    @contextmanager
    def opened(self, upload: Upload) -> Iterator[Path]:
        """They as a file, for reading; NotFound where they are not reached."""
        if self._several and not self._has(upload):
            with self._files.as_path(keys.upload(upload.id)) as copied:
                yield copied
        else:
            yield self.path(upload.id)

    def forget(self, upload_id: str) -> None:
        """Remove them, after the row that has them opened."""
        self.forget_here(upload_id)
        if self._several:
            self._files.delete(keys.upload(upload_id))

    def forget_here(self, upload_id: str) -> None:
        """Remove what lies of them on this server."""
        removals.remove(self._folder, self.path(upload_id))

    def is_elsewhere(self, upload: Upload) -> bool:
        """Whether another server takes them: what lies here is left of a beginning."""
        return self._several and upload.server_id != self._server_id

    def on_disk(self) -> list[str]:
        """The ids of the uploads of which there are bytes on this server."""
        return [path.name for path in self._folder.iterdir() if not path.name.startswith(".")]  # a lock's

    @property
    def _several(self) -> bool:
        return self._server_id is not None

    def _has(self, upload: Upload) -> bool:
        return self.path(upload.id).exists() and not self.is_elsewhere(upload)

    def _are_shared(self, upload: Upload) -> bool:
        return self._several and self._files.exists(keys.upload(upload.id))
