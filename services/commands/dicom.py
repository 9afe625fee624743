"""`dicom`: the DICOM node, a process beside the server."""

from __future__ import annotations

import signal
from argparse import ArgumentParser, Namespace, _SubParsersAction

from services.settings import Settings


def add_to(subparsers: _SubParsersAction[ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser("dicom", help="run the DICOM node, which scanners and the PACS send to")
    parser.set_defaults(run=dicom)


def dicom(_: Namespace, settings: Settings) -> int:
    """Receive until the process is told to end."""
    from services.receiving.node import DicomNode

    node = DicomNode(settings)
    node.start()
    signal.signal(signal.SIGTERM, lambda *_: node.ask_to_end())
    secured = " with TLS" if settings.dicom_certificate else ""
    where = f"{settings.dicom_host}:{node.port}"
    print(f"The DICOM node {settings.dicom_ae_title} listens on {where}{secured}.", flush=True)
    try:
        node.wait()
    finally:
        node.stop()
    return 0
