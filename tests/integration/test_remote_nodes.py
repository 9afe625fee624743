"""A real PACS is tested from the page's service: by DICOM and by DICOMweb, with and without what it wants."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from data.records import RemoteNodeKind, Role
from services.remote_nodes.peer import RemoteFault
from tests.dashboard.clinic import Clinic
from tests.integration.servers import LEFT_SOCKETS, Orthanc, pacs

pytestmark = [pytest.mark.integration, LEFT_SOCKETS]


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    clinic = Clinic(tmp_path, networks=False)
    yield clinic
    clinic.close()


def test_orthanc_answers_c_echo_and_rejects_a_wrong_ae_title(clinic: Clinic) -> None:
    nodes, admin = clinic.services.remote_nodes, clinic.person(Role.ADMIN)
    with pacs() as server:
        here = {"ae_title": Orthanc.AE_TITLE, "host": "127.0.0.1", "port": server.dicom}
        node = nodes.add("Orthanc", RemoteNodeKind.DICOM, here, admin)
        assert nodes.echo(node.id, admin) == "Orthanc answered C-ECHO."
        nodes.change(node.id, "Orthanc", {**here, "ae_title": "WRONG"}, admin)
        with pytest.raises(RemoteFault, match="rejected the association"):
            nodes.echo(node.id, admin)
        nodes.change(node.id, "Orthanc", here, admin)
        server.kill()
        with pytest.raises(RemoteFault, match="cannot be reached"):
            nodes.echo(node.id, admin)


def test_orthanc_answers_qido_to_who_signs_in(clinic: Clinic) -> None:
    nodes, admin = clinic.services.remote_nodes, clinic.person(Role.ADMIN)
    kind = RemoteNodeKind.DICOMWEB
    with pacs() as server:
        web = nodes.add("Web", kind, {"url": f"{server.url}/dicom-web"}, admin)
        assert nodes.echo(web.id, admin) == "Web answered QIDO-RS."
        wrong = nodes.add("Wrong", kind, {"url": f"{server.url}/dicomweb"}, admin)
        with pytest.raises(RemoteFault, match="Wrong answered QIDO-RS with 404"):
            nodes.echo(wrong.id, admin)
