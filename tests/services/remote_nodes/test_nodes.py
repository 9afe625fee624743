"""Remote nodes: kept, changed, asked by an echo; secrets are kept encrypted and never come back."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import text

from data.database import Database
from data.errors import InvalidInput, NotFound
from data.records import RemoteNodeKind, Role, User
from data.stores.audit import AuditLog
from data.stores.remote_nodes import RemoteNodeStore
from services.receiving.node import DicomNode
from services.remote_nodes.nodes import RemoteNodes
from services.remote_nodes.peer import RemoteFault
from services.settings import Settings
from tests.databases import migrated
from tests.integration.servers import LEFT_SOCKETS, free_port

pytestmark = LEFT_SOCKETS

ADMIN = User("a" * 32, "admin", "Dr Admin", Role.ADMIN)
PACS = {"ae_title": " PACS ", "host": "10.1.0.7", "port": "104", "tls": False}
WEB = {"url": "https://pacs.example.org/dicom-web/", "user_name": "lightbox", "secret": "s3cret words"}
DICOM, DICOMWEB = RemoteNodeKind.DICOM, RemoteNodeKind.DICOMWEB


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    engine = migrated(f"sqlite:///{tmp_path / 'lightbox.db'}")
    yield engine
    engine.dispose()


def nodes_of(database: Database, home: Path, key: str = "k" * 40) -> RemoteNodes:
    settings = Settings(home=home, dicom_ae_title="SCANNER")
    return RemoteNodes(RemoteNodeStore(database), AuditLog(database), settings, lambda: key)


@pytest.fixture
def nodes(database: Database, tmp_path: Path) -> RemoteNodes:
    return nodes_of(database, tmp_path)


def kept(database: Database) -> str:
    with database.connect() as connection:
        return repr([tuple(row) for row in connection.execute(text("select * from remote_nodes"))])


def test_a_node_is_kept_as_its_kind_needs_it(nodes: RemoteNodes) -> None:
    node = nodes.add("  The   PACS ", DICOM, {**PACS, "url": "https://not.mine"}, ADMIN)
    assert (node.name, node.ae_title, node.host, node.port, node.url) == (
        "The PACS",
        "PACS",
        "10.1.0.7",
        104,
        "",
    )
    assert nodes.get(node.id, ADMIN) == node and nodes.all(ADMIN) == [node]
    changed = nodes.change(node.id, "Archive", {**PACS, "port": 11112, "tls": True}, ADMIN)
    assert (changed.name, changed.port, changed.tls, changed.kind) == ("Archive", 11112, True, DICOM)


@pytest.mark.parametrize(
    ("kind", "changes", "sentence"),
    [
        (DICOM, {"ae_title": "more than sixteen characters"}, "AE title"),
        (DICOM, {"ae_title": ""}, "AE title"),
        (DICOM, {"host": "10.1.0.7:104"}, "without a port"),
        (DICOM, {"host": None}, "without a port"),
        (DICOM, {"port": "0"}, "from 1 to 65535"),
        (DICOM, {"port": "65536"}, "from 1 to 65535"),
        (DICOM, {"port": None}, "from 1 to 65535"),
        (DICOMWEB, {"url": "pacs.example.org"}, "base URL"),
        (DICOMWEB, {"url": "ftp://pacs.example.org"}, "base URL"),
        (DICOMWEB, {"url": "https://me:word@pacs.example.org"}, "own fields"),
    ],
)
def test_what_does_not_fit_is_said(
    nodes: RemoteNodes, kind: RemoteNodeKind, changes: dict[str, object], sentence: str
) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        nodes.add("PACS", kind, {**PACS, **WEB, **changes}, ADMIN)
    assert nodes.all(ADMIN) == []


def test_an_hl7_receiver_is_kept_with_its_application(nodes: RemoteNodes) -> None:
    where = {"host": "10.1.0.8", "port": "2575", "application": " RIS^1.2.3^ISO ", "facility": ""}
    node = nodes.add("RIS", RemoteNodeKind.HL7_V2, where, ADMIN)
    assert (node.application, node.facility, node.port, node.ae_title) == ("RIS^1.2.3^ISO", "", 2575, "")
    assert nodes.get(node.id, ADMIN) == node
    for wrong in ("a|b", "a\\F\\b", "a\rPID", "a~b", "x" * 181):
        with pytest.raises(InvalidInput, match="as HL7 writes it"):
            nodes.add("Other", RemoteNodeKind.HL7_V2, where | {"application": wrong}, ADMIN)


def test_names_are_told_apart(nodes: RemoteNodes) -> None:
    node = nodes.add("PACS", DICOM, PACS, ADMIN)
    with pytest.raises(InvalidInput, match="of this name already"):
        nodes.add("pacs", DICOM, PACS, ADMIN)
    nodes.change(node.id, "Pacs", PACS, ADMIN)  # its own
    nodes.remove(node.id, ADMIN)
    with pytest.raises(NotFound):
        nodes.peer(node.id)
    assert nodes.add("PACS", DICOM, PACS, ADMIN).id != node.id


def test_of_two_who_add_a_name_at_once_the_second_is_told(nodes: RemoteNodes) -> None:
    at_once = Barrier(2)

    def add(_: int) -> str:
        at_once.wait()
        try:
            return nodes.add("Archive", DICOM, PACS, ADMIN).name
        except InvalidInput as error:
            return str(error)

    for _ in range(5):
        with ThreadPoolExecutor(2) as people:
            said = sorted(people.map(add, range(2)))
        assert said == ["Archive", "There is a remote node of this name already."]
        nodes.remove(nodes.all(ADMIN)[0].id, ADMIN)


def test_a_secret_is_kept_encrypted_and_opened_for_our_own_work_only(
    nodes: RemoteNodes, database: Database, tmp_path: Path
) -> None:
    node = nodes.add("Web", DICOMWEB, WEB, ADMIN)
    assert "s3cret" not in kept(database) and "s3cret" not in repr(node)
    assert nodes.peer(node.id).secret == "s3cret words" and "s3cret" not in repr(nodes.peer(node.id))
    with pytest.raises(InvalidInput, match="another secret key"):
        nodes_of(database, tmp_path, "another" * 8).peer(node.id)


def test_a_secret_stays_until_the_node_is_somewhere_else(nodes: RemoteNodes, database: Database) -> None:
    node = nodes.add("Web", DICOMWEB, WEB, ADMIN)
    nodes.change(node.id, "Renamed", {**WEB, "secret": ""}, ADMIN)
    assert nodes.peer(node.id).secret == "s3cret words"
    nodes.change(node.id, "Renamed", {**WEB, "secret": "newer"}, ADMIN)
    assert nodes.peer(node.id).secret == "newer"
    nodes.change(node.id, "Renamed", {**WEB, "url": "https://elsewhere.org", "secret": ""}, ADMIN)
    assert nodes.peer(node.id).secret == ""
    nodes.change(node.id, "Renamed", WEB, ADMIN)
    nodes.remove(node.id, ADMIN)
    assert "gAAAA" not in kept(database)  # how what is encrypted begins


def test_changes_stand_in_the_audit_trail_without_the_secret(nodes: RemoteNodes, database: Database) -> None:
    node = nodes.add("Web", DICOMWEB, WEB, ADMIN)
    nodes.change(node.id, "Web", WEB, ADMIN)
    nodes.remove(node.id, ADMIN)
    events = AuditLog(database).recent(3)
    assert [event.action for event in reversed(events)] == [
        "remote node added",
        "remote node changed",
        "remote node removed",
    ]
    assert all(event.user_id == ADMIN.id and "s3cret" not in event.detail for event in events)


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[DicomNode]:
    node = DicomNode(Settings(home=tmp_path / "other", dicom_ae_title="PACS", dicom_port=free_port()))
    node.start()
    yield node
    node.stop()


def test_an_echo_says_that_a_node_is_there_and_when_it_was(nodes: RemoteNodes, listening: DicomNode) -> None:
    here = {"ae_title": "PACS", "host": "127.0.0.1", "port": listening.port}
    node = nodes.add("PACS", DICOM, here, ADMIN)
    assert nodes.echo(node.id, ADMIN) == "PACS answered C-ECHO."
    asked = nodes.get(node.id, ADMIN)
    assert asked.worked_at is not None and asked.trouble is None

    nodes.change(node.id, "PACS", {**here, "ae_title": "OTHER"}, ADMIN)
    with pytest.raises(RemoteFault, match=r"rejected the association: .*Called AE title not recognised"):
        nodes.echo(node.id, ADMIN)
    failed = nodes.get(node.id, ADMIN)
    assert failed.trouble and "Called AE title" in failed.trouble and failed.worked_at == asked.worked_at

    nodes.change(node.id, "PACS", {**here, "tls": True}, ADMIN)
    with pytest.raises(RemoteFault, match="TLS fails"):
        nodes.echo(node.id, ADMIN)
    nodes.change(node.id, "PACS", here, ADMIN)
    nodes.echo(node.id, ADMIN)
    assert nodes.get(node.id, ADMIN).trouble is None  # and the last error is still to be read
    assert "TLS fails" in str(nodes.get(node.id, ADMIN).failure)


def test_nobody_there_is_said_in_the_networks_words(nodes: RemoteNodes) -> None:
    nowhere = {"ae_title": "PACS", "host": "127.0.0.1", "port": free_port()}
    node = nodes.add("PACS", DICOM, nowhere, ADMIN)
    with pytest.raises(RemoteFault, match=r"^PACS cannot be reached at 127\.0\.0\.1 port \d+: .*refused"):
        nodes.echo(node.id, ADMIN)
    unknown = nodes.add("Unknown", DICOM, {**nowhere, "host": "no-such-host.invalid"}, ADMIN)
    with pytest.raises(RemoteFault, match="cannot be reached at no-such-host.invalid"):
        nodes.echo(unknown.id, ADMIN)
    web = nodes.add("Web", DICOMWEB, {"url": f"http://127.0.0.1:{free_port()}/dicom-web"}, ADMIN)
    with pytest.raises(RemoteFault, match=r"cannot be reached at http.*refused"):
        nodes.echo(web.id, ADMIN)
