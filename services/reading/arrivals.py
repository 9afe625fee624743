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
from services import keys


class Arrivals:
    """The bytes of uploads, by the upload's id."""

    def __init__(self, folder: Path, files: FileStore, *, shared: bool) -> None:
        """`folder` is this server's own; `shared`: there are others, which reach `files` alone."""
        self._folder = folder
        self._files = files
        self._shared = shared
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, upload_id: str) -> Path:
        """Where they lie on this server while they arrive."""
        return self._folder / upload_id

    def share(self, upload_id: str) -> None:
        """Put what has arrived where every server reaches it; nothing happens where there is one alone."""
        path = self.path(upload_id)
        if self._shared and path.exists():
            self._files.put_file(keys.upload(upload_id), path)
            removals.remove(self._folder, path)

    def are_reached(self, upload_id: str) -> bool:
        """Whether this server can open them."""
        return self.path(upload_id).exists() or (self._shared and self._files.exists(keys.upload(upload_id)))

    @contextmanager
    def opened(self, upload_id: str) -> Iterator[Path]:
        """They as a file, for reading; NotFound where they are not reached."""
        path = self.path(upload_id)
        if path.exists() or not self._shared:
            yield path
        else:
            with self._files.as_path(keys.upload(upload_id)) as copied:
                yield copied

    def forget(self, upload_id: str) -> None:
        """Remove them, after the row that has them opened."""
        removals.remove(self._folder, self.path(upload_id))
        if self._shared:
            self._files.delete(keys.upload(upload_id))

    def on_disk(self) -> list[str]:
        """The ids of the uploads of which there are bytes on this server."""
        return [path.name for path in self._folder.iterdir() if not path.name.startswith(".")]  # a lock's
