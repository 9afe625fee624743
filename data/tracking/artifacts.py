"""The files that a run keeps."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path, PurePosixPath
from typing import Any

from data.errors import NotFound
from data.tracking.connection import Connection

FILES = "model"  # the folder of a run's artifacts that holds a version's files
_MOST = 1000
# MLflow asks for a folder by a filter that knows no quotes, and file systems know no longer names.
_UNLISTED = re.compile(r"""['"\x00]|[^/]{256}""")


class Artifacts(Connection):
    """The artifacts of runs."""

    def log_files(self, run_id: str, folder: Path, into: str = FILES) -> None:
        """Every file of `folder` as artifacts of the run."""
        self._client.log_artifacts(run_id, str(folder), into)

    def log_file(self, run_id: str, file: Path, into: str | None = None) -> None:
        """One file as an artifact of the run, in its folder `into`."""
        self._client.log_artifact(run_id, str(file), into)

    def log_json(self, run_id: str, file_name: str, value: Any) -> None:
        """A value as a JSON file of the run."""
        self._client.log_text(run_id, json.dumps(value), file_name)

    def log_text(self, run_id: str, file_name: str, text: str) -> None:
        """A text as a file of the run, in the place of one that is there."""
        self._client.log_text(run_id, text, file_name)

    def read_json(self, run_id: str, file_name: str) -> Any:
        """What `log_json` kept; raises NotFound where there is no such file."""
        return json.loads(self.artifact(run_id, file_name))

    def artifacts(self, run_id: str, folder: str = "") -> list[str]:
        """Paths of the run's files below `folder`, sorted; at most a thousand."""
        folders, files = [folder], list[str]()
        while folders and len(files) < _MOST:
            for artifact in self._client.list_artifacts(run_id, folders.pop() or None):
                (folders if artifact.is_dir else files).append(str(artifact.path))
        return sorted(files)[:_MOST]

    def artifact(self, run_id: str, path: str) -> bytes:
        """One file of the run; raises NotFound where it has none at `path`."""
        wanted = PurePosixPath(path)
        if not path or wanted.is_absolute() or ".." in wanted.parts:
            raise NotFound("There is no such file.")
        folder = str(wanted.parent) if wanted.parent.parts else None
        if _UNLISTED.search(folder or ""):
            raise NotFound("There is no such file.")
        files = [file.path for file in self._client.list_artifacts(run_id, folder) if not file.is_dir]
        if str(wanted) not in files:
            raise NotFound("There is no such file.")
        with tempfile.TemporaryDirectory() as into:
            return Path(self._client.download_artifacts(run_id, str(wanted), into)).read_bytes()
