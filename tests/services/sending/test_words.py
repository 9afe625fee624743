"""What a node says of a patient does not reach those who may not know who that is."""

from __future__ import annotations

from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import AE, evt

from data.records import DeliveryState, RemoteNodeKind, Role
from data.stores.deliveries import DeliveryStore
from services.remote_nodes.kinds import ALERT_AFTER
from tests.dashboard.clinic import Clinic
from tests.services.exporting.test_exports import strict_series

SR = "1.2.840.10008.5.1.4.1.1.88.34"


def test_a_refusal_that_quotes_the_patient_is_kept_and_alerted_without_the_name(clinic: Clinic) -> None:
    def refuse(event: Any) -> Dataset:
        answer = Dataset()
        answer.Status, answer.ErrorComment = 0xC000, "no order for Doe, Jane MRN-1815"
        return answer

    entity = AE("PACS")
    entity.add_supported_context(SR, ExplicitVRLittleEndian)
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, refuse)])
    assert server is not None
    services, admin = clinic.services, clinic.person(Role.ADMIN)
    clinician = clinic.person(Role.CLINICIAN)
    where = {"ae_title": "PACS", "host": "127.0.0.1", "port": server.server_address[1]}
    node = services.remote_nodes.add("PACS", RemoteNodeKind.DICOM, where, admin)
    scan = clinic.add_series(strict_series())
    clinic.read_volume(scan)
    services.sending.outbox.send(scan.id, node.id, ["sr"], clinician)
    try:
        for _ in range(ALERT_AFTER):
            services.sending.outbox.hurry(admin)
            services.sending.sender.look()
    finally:
        server.shutdown()
    (delivery,) = DeliveryStore(clinic.database).of_scan(scan.id)
    assert delivery.state is DeliveryState.WAITING and "0xC000" in str(delivery.note)
    (alert,) = services.alerts.unfinished()
    assert "cannot understand" in alert.sentence
    for told in (str(delivery.note), alert.sentence):
        assert "no order for" in told and not any(word in told for word in ("Doe", "Jane", "MRN-1815"))
