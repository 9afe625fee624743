"""Blobs by path in an object store: S3 and what speaks like it, Google Cloud Storage, Azure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import obstore
from obstore.exceptions import BaseError
from obstore.store import MemoryStore, from_url

from data.errors import FilesAway, InvalidInput, NotFound

if TYPE_CHECKING:
    from obstore.store import ClientConfig, ObjectStore, RetryConfig

_GONE = "This file is no longer here."
_AWAY = "The store of files gives no answer. Nothing is lost; try again in a minute."
SCHEMES = ("s3", "gs", "az")
"""How a URL of a bucket begins."""
_PIECE = 8 << 20  # bytes that a download holds at once
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
    """What lies below a URL: `s3://bucket/prefix`, `gs://bucket/prefix`, `az://account/container/prefix`.

    What opens the bucket comes from the environment, as its provider names it (`AWS_…`, `GOOGLE_…`,
    `AZURE_…`), or from the machine that runs this. A put is whole or not there; large blobs go up in parts.
    Every method raises FilesAway where there is no answer, also after tries for 20 seconds, or where the
    bucket refuses us. `memory://` keeps blobs in this object. Raises InvalidInput for what is no such URL.
    """

    def __init__(self, url: str) -> None:
        self._store, self._once = _store(url, _TRIES), _store(url, _ONE_TRY)

    def check(self) -> None:
        """Raises FilesAway where there is no answer now, after seconds and not after many tries."""
        with _answered(bucket=True):
            next(obstore.list(self._once, "check", chunk_size=1), None)

    def put(self, path: str, content: bytes | Path) -> None:
        """Keep these bytes, or a copy of this file, in place of what was there."""
        with _answered(bucket=True):
            obstore.put(self._store, path, content)

    def get(self, path: str) -> bytes:
        """The bytes; NotFound where there are none."""
        with _answered():
            return bytes(obstore.get(self._store, path).bytes())

    def fetch(self, path: str, into: BinaryIO) -> None:
        """Write the bytes to an open file; NotFound where there are none."""
        with _answered():
            for piece in obstore.get(self._store, path).stream(_PIECE):
                into.write(piece)

    def size(self, path: str) -> int:
        """The number of bytes; NotFound where there is no such blob."""
        with _answered():
            return obstore.head(self._store, path)["size"]

    def state(self, path: str) -> str:
        """What differs once other bytes lie there; NotFound where there are none."""
        with _answered():
            known = obstore.head(self._store, path)
        return f"{known['e_tag']} {known['last_modified'].isoformat()} {known['size']}"

    def paths(self, prefix: str) -> list[str]:
        """The paths of all blobs below a prefix that ends where a part ends; all for an empty one."""
        with _answered(bucket=True):
            return [str(each["path"]) for page in obstore.list(self._store, prefix or None) for each in page]

    def delete(self, paths: list[str]) -> None:
        """Remove blobs; nothing happens for those that are not there."""
        try:
            with _answered():
                obstore.delete(self._store, paths)
        except NotFound:  # some stores stop at one that is gone
            for path in paths:
                with suppress(NotFound), _answered():
                    obstore.delete(self._store, path)


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
