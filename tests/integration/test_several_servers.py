"""A house of two servers, each a process: they agree, and what a killed one was doing the other ends."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from sqlalchemy import Engine, func, select

from data.database import open_database, reading
from data.records import BRAIN_TUMOUR, Role
from data.stores.servers import ServerStore
from data.tables import audit_events, jobs, results, scans, uploads, users
from data.tracking import CHAMPION, Tracking
from services.servers.group import LEADING
from tests import phantoms
from tests.dashboard.clinic import PASSWORD
from tests.deploy.nginx import nginx
from tests.integration.dicom_node import ROOT
from tests.integration.several_servers import HouseServer, SharedHouse, shared_house, wait_for

pytestmark = pytest.mark.integration
TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedHouse]:
    folder = tmp_path_factory.mktemp("house")
    folder.chmod(0o755)
    with shared_house(folder) as house:
        yield house


@pytest.fixture(scope="module")
def database(house: SharedHouse) -> Iterator[Engine]:
    engine = open_database(house.database_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def token(house: SharedHouse) -> str:
    return house.token(Role.CLINICIAN)


def send(server: HouseServer, token: str, name: str, content: bytes, **query: object) -> requests.Response:
    return requests.post(
        f"{server.url}/api/v1/scans",
        content,
        params={"name": name, **query},
        headers={"Authorization": f"Bearer {token}"},
        timeout=300,
    )


def listed(server: HouseServer, token: str) -> set[str]:
    return {scan["id"] for scan in server.get("/api/v1/scans", token)["scans"]}


def read_by(database: Engine) -> Counter[str]:
    """How many readings that are done each server did."""
    done = select(jobs.c.server_id).where(jobs.c.kind == "read", jobs.c.state == "done")
    with reading(database) as connection:
        return Counter(connection.execute(done).scalars())


def results_of_scans(database: Engine) -> Counter[str]:
    with reading(database) as connection:
        counted = Counter(connection.execute(select(scans.c.id)).scalars())
        counted.subtract(counted.copy())
        counted.update(connection.execute(select(results.c.scan_id)).scalars())
        return counted


def group_of(server: HouseServer) -> dict[str, object]:
    said: dict[str, object] = requests.get(f"{server.url}/readyz", timeout=30).json()["servers"]
    return said


def leader(house: SharedHouse, database: Engine) -> HouseServer:
    lease = ServerStore(database).lease(LEADING)
    assert lease is not None
    return next(server for server in house.servers if (server.home / "server.id").read_text() == lease.holder)


def test_both_start_at_once_on_an_empty_database_and_make_everything_once(
    house: SharedHouse, database: Engine
) -> None:
    for server in house.servers:
        server.wait("/readyz")
    wait_for(
        lambda: (
            [requests.get(f"{s.url}/readyz", timeout=30).json()["servers"]["alive"] for s in house.servers]
            == [2, 2]
        )
    )
    leads = [requests.get(f"{s.url}/readyz", timeout=30).json()["servers"]["leads"] for s in house.servers]
    assert sorted(leads) == [False, True]
    with reading(database) as connection:
        assert connection.execute(select(func.count()).where(users.c.name == "admin")).scalar_one() == 1
    versions = Tracking(house.tracking_url, house.folder / "looking").versions(BRAIN_TUMOUR)
    assert [version.version for version in versions] == ["1"]


def test_what_is_sent_to_one_is_in_the_lists_of_the_other_and_both_read(
    house: SharedHouse, database: Engine, token: str
) -> None:
    sent = set()
    for number in range(12):
        server, other = house.servers[number % 2], house.servers[1 - number % 2]
        picture = phantoms.axial_png(phantoms.brain(8.0), 34 + number)
        answer = send(server, token, "slice.png", picture, wait=60)
        assert answer.status_code == 201, answer.text
        (scan,) = answer.json()["scans"]
        assert scan["id"] in listed(other, token)
        assert other.get(f"/api/v1/scans/{scan['id']}", token)["status"] == "read"
        sent.add(scan["id"])
    assert listed(house.servers[0], token) == listed(house.servers[1], token) == sent
    assert set(results_of_scans(database).values()) == {1}
    assert sum(read_by(database).values()) == 12


def test_a_killed_server_s_readings_and_its_lead_are_taken_over(
    house: SharedHouse, database: Engine, token: str
) -> None:
    killed = leader(house, database)
    other = next(server for server in house.servers if server is not killed)
    ids = []
    for lesion_mm in (9.0, 11.0, 13.0):
        volume = phantoms.nifti(phantoms.brain(lesion_mm)[:, :, 24:64], every=1)
        answer = send(killed, token, "brain.nii.gz", volume)
        ids.append(answer.json()["scans"][0]["id"])
    killed_id = (killed.home / "server.id").read_text()
    running = select(func.count()).where(jobs.c.server_id == killed_id, jobs.c.state == "running")

    def at_work() -> bool:
        with reading(database) as connection:
            return connection.execute(running).scalar_one() > 0

    wait_for(at_work)
    killed.kill()
    for scan_id in ids:
        wait_for(lambda scan_id=scan_id: other.get(f"/api/v1/scans/{scan_id}", token)["status"] == "read")  # type: ignore[misc]
    assert set(results_of_scans(database).values()) == {1}
    wait_for(lambda: leader(house, database) is other and group_of(other)["alive"] == 1)
    wait_for(lambda: len(ServerStore(database).all()) == 1)
    told = subprocess.run(
        [sys.executable, "app.py", "servers"],
        cwd=ROOT, env=other.environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.returncode == 0 and told.stdout.count("leads") == 1 and len(told.stdout.splitlines()) == 1
    killed.start()
    killed.wait("/readyz")
    assert leader(house, database) is other  # nobody takes it back


def test_an_upload_goes_on_at_the_other_server_and_through_nginx_nobody_notices(
    house: SharedHouse, database: Engine, tmp_path: Path
) -> None:
    tmp_path.chmod(0o755)
    house.person("reader", Role.CLINICIAN)
    upstream = f"127.0.0.1:{house.servers[0].port}; server 127.0.0.1:{house.servers[1].port}"
    content = phantoms.nifti(phantoms.brain(15.0)[:, :, 24:64], every=1)
    with nginx(tmp_path, upstream) as front:
        browser, url = front.session(), front.url
        token = _form(browser.get(f"{url}/login", timeout=60).text)
        form = {"csrf_token": token, "name": "reader", "password": PASSWORD}
        assert browser.post(f"{url}/login", form, headers={"Referer": url}, timeout=60).status_code == 200
        page = browser.get(f"{url}/account", timeout=60)
        browser.headers.update({"X-CSRFToken": _form(page.text), "Referer": f"{url}/worklist"})
        made = browser.post(f"{url}/uploads", headers={**TUS, "Upload-Length": str(len(content))}, timeout=60)
        assert made.status_code == 201, made.text
        address = url + made.headers["Location"]
        half = len(content) // 2
        piece = browser.patch(address, content[:half], headers={**PIECE, "Upload-Offset": "0"}, timeout=60)
        assert piece.headers["Upload-Offset"] == str(half)
        with reading(database) as connection:
            (holder,) = connection.execute(
                select(uploads.c.server_id).where(uploads.c.id == address.rsplit("/", 1)[1])
            ).one()
        killed = next(s for s in house.servers if (s.home / "server.id").read_text() == holder)
        killed.kill()
        assert browser.head(address, headers=TUS, timeout=60).headers["Upload-Offset"] == "0"
        whole = browser.patch(address, content, headers={**PIECE, "Upload-Offset": "0"}, timeout=60)
        assert whole.headers["Upload-Offset"] == str(len(content))
        (upload,) = [u for u in browser.get(f"{url}/uploads", timeout=60).json() if address.endswith(u["id"])]
        assert upload["failure"] is None
        killed.start()
        killed.wait("/readyz")


def test_without_redis_scans_are_read_and_with_it_servers_agree_again(
    house: SharedHouse, database: Engine, token: str
) -> None:
    house.redis.kill()
    answer = send(house.servers[0], token, "slice.png", phantoms.axial_png(phantoms.brain(6.0), 50), wait=60)
    scan_id = answer.json()["scans"][0]["id"]
    wait_for(lambda: house.servers[1].get(f"/api/v1/scans/{scan_id}", token)["status"] == "read")
    house.redis.start()
    assert set(results_of_scans(database).values()) == {1}


def test_an_alias_that_another_tool_moves_is_followed_by_all_and_noted_once(
    house: SharedHouse, database: Engine, token: str
) -> None:
    tracking = Tracking(house.tracking_url, house.folder / "looking")
    (first,) = tracking.versions(BRAIN_TUMOUR)
    again = tracking.register(BRAIN_TUMOUR, first.run_id, first.weights_sha256, "The same weights once more.")
    tracking.set_alias(BRAIN_TUMOUR, CHAMPION, again.version)
    for server in house.servers:  # whatever one is sent another may read
        wait_for(lambda server=server: serves(server, again.version))  # type: ignore[misc]
    for number, server in enumerate(house.servers):
        picture = phantoms.axial_png(phantoms.brain(7.0), 52 + number)  # sent by nobody before
        answer = send(server, token, "slice.png", picture, wait=60)
        (scan,) = answer.json()["scans"]
        assert scan["result"]["provenance"]["model_version"] == again.version
    followed = select(func.count()).where(audit_events.c.action == "model.followed")
    with reading(database) as connection:
        assert connection.execute(followed).scalar_one() == 1


def serves(server: HouseServer, version: str) -> bool:
    told = requests.get(f"{server.url}/metrics", timeout=30).text
    return any(
        f'task="{BRAIN_TUMOUR}"' in line and f'version="{version}"' in line for line in told.splitlines()
    )


def _form(page: str) -> str:
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None, page
    return token.group(1)
