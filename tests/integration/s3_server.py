"""`python s3_server.py PORT`: moto's S3, which closes its port at SIGUSR1 and opens it again at SIGUSR2.

What it keeps is in its memory and survives that. A request that Amazon's client did not sign is taken as one
of the bucket's owner: Google's client sends what its own service would know.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.server import ThreadedMotoServer

_OWNER = (
    "AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
)
_answer = DomainDispatcherApplication.__call__


def _as_owner(
    application: DomainDispatcherApplication, environ: dict[str, Any], start: Callable[..., Any]
) -> Iterable[bytes]:
    if not environ.get("HTTP_AUTHORIZATION", "").startswith("AWS4"):
        environ["HTTP_AUTHORIZATION"] = _OWNER
    answered: Iterable[bytes] = _answer(application, environ, start)
    return answered


def main() -> None:
    DomainDispatcherApplication.__call__ = _as_owner  # type: ignore[method-assign]
    port = int(sys.argv[1])
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1, signal.SIGUSR2})
    server = ThreadedMotoServer("127.0.0.1", port, verbose=False)
    server.start()
    while True:
        if signal.sigwait({signal.SIGUSR1, signal.SIGUSR2}) is signal.SIGUSR1:
            server.stop()
        else:
            server = ThreadedMotoServer("127.0.0.1", port, verbose=False)
            server.start()


if __name__ == "__main__":
    main()
