"""From the DICOM node's folder to the reading: built here for the server."""

from __future__ import annotations

from dataclasses import dataclass

from data.stores.received import ReceivedStore
from data.stores.watched_senders import WatchedSenderStore
from services.alerts.alerts import Alerts
from services.assembly.stores import Stores
from services.reading.intake import Intake
from services.receiving.handover import Handover
from services.receiving.received import Received
from services.receiving.sender_watch import SenderWatching


@dataclass(frozen=True)
class ReceivingServices:
    """What takes over received studies, what tells of them, and what notices that a sender is silent."""

    handover: Handover
    received: Received
    senders: SenderWatching


def build_receiving(stores: Stores, intake: Intake, alerts: Alerts) -> ReceivingServices:
    """Put it together; nothing is started."""
    settings = stores.settings
    handover = Handover(settings, stores.database, intake)
    received = Received(
        ReceivedStore(stores.database),
        settings.dicom_folder,
        settings.dicom_silence_seconds,
        handover.waiting,
    )
    senders = SenderWatching(
        WatchedSenderStore(stores.database),
        alerts,
        stores.audit,
        settings.dicom_folder,
        handover.counted_until,
    )
    return ReceivingServices(handover, received, senders)
