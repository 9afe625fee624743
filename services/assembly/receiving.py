"""From the DICOM node's folder to the reading: built here for the server."""

from __future__ import annotations

from dataclasses import dataclass

from data.stores.received import ReceivedStore
from services.assembly.stores import Stores
from services.reading.intake import Intake
from services.receiving.handover import Handover
from services.receiving.received import Received


@dataclass(frozen=True)
class ReceivingServices:
    """What takes over received studies, and what tells of them."""

    handover: Handover
    received: Received


def build_receiving(stores: Stores, intake: Intake) -> ReceivingServices:
    """Put it together; nothing is started."""
    settings = stores.settings
    handover = Handover(settings, stores.database, intake)
    received = Received(
        ReceivedStore(stores.database),
        settings.dicom_folder,
        settings.dicom_silence_seconds,
        handover.waiting,
    )
    return ReceivingServices(handover, received)
