"""Blobs by path in an object store: S3 and what speaks like it, Google Cloud Storage, Azure."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import obstore
from cachetools import TTLCache
from numpy.typing import NDArray
from obstore.exceptions import BaseError
from obstore.store import MemoryStore, from_url

from data.arrays import mapped, write
from data.errors import FilesAway, InvalidInput, NotFound

if TYPE_CHECKING:
    from obstore.store import ClientConfig, ObjectStore, RetryConfig

_GONE = "This file is no longer here."
_AWAY = "The store of files gives no answer. Nothing is lost; try again in a minute."
SCHEMES = ("s3", "gs", "az")
"""How a URL of a bucket begins."""
_PIECE = 8 << 20  # bytes that a download holds at once
_KEPT_BYTES = 1 << 30
_KEPT_S = 600.0
# A person waits for some of these, and a thread of the server with them. What may wait longer is a job, which
# comes round again by itself.
_TRIES: RetryConfig = {"max_retries": 6, "retry_timeout": timedelta(seconds=20)}
_ONE_TRY: RetryConfig = {"max_retries": 0, "retry_timeout": timedelta(seconds=2)}
_CLIENT: ClientConfig = {
    "connect_timeout": timedelta(seconds=5),
    "read_timeout": timedelta(seconds=20),  # without a byte
    "timeout": timedelta(minutes=5),
    "allow_http": True,  # asked only where the environment names such an endpoint; the providers' are https
}


class Bucket:
    """What lies below a URL: `s3://bucket/prefix`, `gs://bucket/prefix`, `az://container/prefix`.

    What opens the bucket comes from the environment, as its provider names it (`AWS_…`, `GOOGLE_…`,
    `AZURE_…`), or from the machine that runs this. A put is whole or not there; large blobs go up in parts.
    Every method raises FilesAway where there is no answer, also after tries for 20 seconds, or where the
    bucket refuses us. `memory://` keeps blobs in this object. Raises InvalidInput for what is no such URL.
    """

    folder: Path | None = None

    def __init__(self, url: str) -> None:
        self._store, self._once = _store(url, _TRIES), _store(url, _ONE_TRY)
        self._arrays = _FetchedArrays()

    def check(self) -> None:
        """Raises FilesAway where there is no answer now, after seconds and not after many tries."""
        with _answered(bucket=True):
            next(obstore.list(self._once, "check", chunk_size=1), None)

    def unhurried(self) -> Bucket:
        """This bucket: what was put is kept."""
        return self

    def flush(self) -> None:
        """Nothing: what was put is kept."""

    def put(self, path: str, content: bytes) -> None:
        """Keep these bytes, in place of what was there."""
        with _answered(bucket=True):
            obstore.put(self._store, path, content)

    def put_file(self, path: str, source: Path) -> None:
        """Keep a copy of a file, in place of what was there."""
        with _answered(bucket=True):
            obstore.put(self._store, path, source)

    def put_array(self, path: str, array: NDArray[Any]) -> None:
        """Keep an array in NumPy's own format."""
        with tempfile.NamedTemporaryFile() as file:
            write(cast(BinaryIO, file), array)
            file.flush()
            self.put_file(path, Path(file.name))

    def get(self, path: str) -> bytes:
        """The bytes; NotFound where there are none."""
        with _answered():
            return bytes(obstore.get(self._store, path).bytes())

    def get_array(self, path: str) -> NDArray[Any]:
        """The array, which stays on this machine for a while; NotFound where there is none."""
        state = self._state(path)
        known = self._arrays.get(path, state)
        if known is None:
            with self.as_path(path) as file:
                known = mapped(file)
            self._arrays.keep(path, state, known)
        return known

    @contextmanager
    def as_path(self, path: str) -> Iterator[Path]:
        """A copy of the blob on this machine; NotFound where there is none."""
        with tempfile.TemporaryDirectory() as folder:
            copied = Path(folder, path.rsplit("/", 1)[-1])
            with copied.open("wb") as file, _answered():
                for piece in obstore.get(self._store, path).stream(_PIECE):
                    file.write(piece)
            yield copied

    def exists(self, path: str) -> bool:
        """Whether there is such a blob."""
        with suppress(NotFound):
            self.size(path)
            return True
        return False

    def size(self, path: str) -> int:
        """The number of bytes; NotFound where there is no such blob."""
        with _answered():
            return obstore.head(self._store, path)["size"]

    def paths(self, prefix: str) -> list[str]:
        """The paths of all blobs below a prefix that ends where a part ends; all for an empty one."""
        with _answered(bucket=True):
            return [str(each["path"]) for page in obstore.list(self._store, prefix or None) for each in page]

    def delete(self, path: str) -> None:
        """Remove a blob; nothing happens where there is none."""
        self._delete([path])

    def delete_all(self, prefix: str) -> None:
        """Remove every blob below a prefix."""
        self._delete(self.paths(prefix))

    def _delete(self, paths: list[str]) -> None:
        for path in paths:
            self._arrays.forget(path)
        try:
            with _answered():
                obstore.delete(self._store, paths)
        except NotFound:  # some stores stop at one that is gone
            for path in paths:
                with suppress(NotFound), _answered():
                    obstore.delete(self._store, path)

    def _state(self, path: str) -> str:
        """What differs once other bytes lie there; NotFound where there are none."""
        with _answered():
            known = obstore.head(self._store, path)
        return f"{known['e_tag']} {known['last_modified'].isoformat()} {known['size']}"


class _FetchedArrays:
    """Arrays that lie on this machine for a while, as somebody looks through their slices.

    Their files are unlinked: nothing of them stays when the process ends. At most 1 GiB, for ten minutes.
    """

    def __init__(self) -> None:
        self._kept: TTLCache[str, tuple[str, NDArray[Any]]] = TTLCache(
            _KEPT_BYTES, _KEPT_S, getsizeof=lambda entry: int(entry[1].nbytes)
        )
        self._lock = threading.Lock()

    def get(self, path: str, state: str) -> NDArray[Any] | None:
        with self._lock:
            known = self._kept.get(path)
        return known[1] if known is not None and known[0] == state else None

    def keep(self, path: str, state: str, array: NDArray[Any]) -> None:
        with self._lock, suppress(ValueError):  # larger than all that is kept
            self._kept[path] = (state, array)

    def forget(self, path: str) -> None:
        with self._lock:
            self._kept.pop(path, None)


def _store(url: str, tries: RetryConfig) -> ObjectStore:
    if url.startswith("memory://"):
        return MemoryStore()
    try:
        return from_url(url, client_options=_CLIENT, retry_config=tries)
    except (BaseError, ValueError) as error:
        said = str(error).splitlines()[0]
        raise InvalidInput(f"There is no store of files at {url.split('?')[0]}: {said}") from error


@contextmanager
def _answered(*, bucket: bool = False) -> Iterator[None]:
    """Says in our errors what the store's client raises; missing is the `bucket`, or a blob."""
    try:
        yield
    except FileNotFoundError as error:
        raise (FilesAway(_AWAY) if bucket else NotFound(_GONE)) from error
    except BaseError as error:
        raise FilesAway(_AWAY) from error
