"""After a start: what a kill left half written, or without its row, is removed."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from functools import partial

from data.atomic_files import remove_half_written
from data.database import Database, now
from data.files import FileStore
from data.stores.left_files import remove_left_files
from services.containment import contained
from services.importing.imports import Importing
from services.settings import Settings

_LOOKS_AGAIN_S = 5.0
_WHAT = "what a kill left could not be removed"


class Tidying:
    """Looks through the folders once, on a thread of its own: millions of files take a while."""

    def __init__(
        self, settings: Settings, database: Database, files: FileStore, importing: Importing
    ) -> None:
        self._folders = [settings.home]
        if files.folder is not None and not files.folder.is_relative_to(settings.home):
            self._folders.append(files.folder)
        self._database = database
        self._files = files
        self._importing = importing

    def start(self) -> None:
        """Begin; it ends by itself."""
        threading.Thread(target=self._run, name="tidying", daemon=True).start()

    def _run(self) -> None:
        contained(self._remove_left_files, _WHAT)  # first: what is removed in a folder makes it look new
        for folder in self._folders:
            contained(partial(remove_half_written, folder), _WHAT)

    def _remove_left_files(self) -> None:
        """Not while an import goes on: it writes files anew under the ids that they had before a stop."""
        while self._importing.goes_on():
            time.sleep(_LOOKS_AGAIN_S)
        remove_left_files(self._database, self._files, now() - timedelta(days=1))
