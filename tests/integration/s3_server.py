"""`python s3_server.py PORT`: moto's S3, which closes its port at SIGUSR1 and opens it again at SIGUSR2.

What it keeps is in its memory and survives that.
"""

from __future__ import annotations

import signal
import sys

from moto.server import ThreadedMotoServer


def main() -> None:
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
