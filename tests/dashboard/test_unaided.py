"""Reading without the AI first through the pages: who reads, what is shown, who sets the rule."""

from __future__ import annotations

import gzip
import io
import json

import numpy as np
import pytest

from dashboard.components import unaided as parts
from dashboard.components.performance import readers
from dashboard.pages import performance_readers, scan_unaided
from dashboard.pages.scan import CHOSEN
from data.errors import InvalidInput, NotAllowed
from data.records import BRAIN_TUMOUR, Role, Scan, User
from services.reviewing.review import Remarks
from tests.dashboard.clinic import Clinic
from tests.dashboard.conftest import callback


@pytest.fixture
def head(clinic: Clinic) -> User:
    return clinic.person(Role.HEAD)


@pytest.fixture
def asked(clinic: Clinic, head: User) -> Scan:
    """A scan that the rule asks to be read without the AI first; the AI has read it."""
    scan, unaided = clinic.add_volume("u"), clinic.services.reviewing.unaided
    unaided.set_rule(BRAIN_TUMOUR, 100, head)
    unaided.arrived(scan)
    clinic.read_volume(scan)
    return scan


def named(clinic: Clinic, name: str) -> User:
    return next(user for user in clinic.accounts.all() if user.name == name)


def opened(client, scan: Scan) -> str:
    """What the scan's page shows to whoever opens it."""
    inputs = [
        {"id": "scan-id", "property": "data", "value": scan.id},
        {"id": "scan-refresh", "property": "data", "value": None},
    ]
    state = [
        {"id": "location", "property": "search", "value": ""},
        {"id": "scan-counts", "property": "children", "value": None},
        *({"id": box, "property": "value", "value": None} for box in CHOSEN),
    ]
    answer = callback(client, "scan-result.children", inputs, changed="scan-id.data", state=state)
    assert answer.status_code == 200
    return json.dumps(answer.json)


def shown(clinic: Clinic, user: User, scan: Scan) -> str:
    view = clinic.services.reviewing.scan_views.scan(scan.id, user)
    return str(parts.entries(view))


def test_the_first_who_opens_the_page_reads_and_the_second_sees(clinic: Clinic, sign_in, asked: Scan) -> None:
    first, second = sign_in(name="hart"), sign_in(name="khan")
    hart, khan = (
        next(user for user in clinic.accounts.all() if user.name == name) for name in ("hart", "khan")
    )
    assert "Tumour found" not in opened(first, asked)
    assert "Tumour found" in opened(second, asked)
    assert "Tumour found" not in opened(first, asked)
    unaided = clinic.services.reviewing.unaided
    assert not unaided.may_ask(asked.id, khan)
    assert (unaided.ask([asked.id], khan).n, unaided.ask([asked.id], khan).seen) == (0, 1)
    with pytest.raises(InvalidInput, match="Say what you see first"):
        scan_unaided.give(unaided, hart, asked.id, None, "", 3)
    scan_unaided.give(unaided, hart, asked.id, "absent", "clear", 130)
    assert "Unaided: no tumour, 2 min; with AI: nothing yet. clear" in shown(clinic, khan, asked)
    clinic.services.reviewing.reviews.accept(asked.id, hart, Remarks(minutes=0.5))
    assert "Unaided: no tumour, 2 min; with AI: accepted. clear" in shown(clinic, khan, asked)
    assert "Tumour found" in opened(first, asked)


def test_a_drawn_mask_comes_back_to_its_reader_alone(clinic: Clinic, sign_in, asked: Scan) -> None:
    reader, other = sign_in(name="hart"), sign_in(name="khan")
    opened(reader, asked)
    mask = np.zeros(asked.shape, np.uint8)
    mask[5, 10:20, 10:20] = 1
    address = f"/scans/{asked.id}/unaided/mask"

    def send(client, **form: str):
        sent = {"mask": (io.BytesIO(gzip.compress(mask.tobytes())), "mask.gz"), **form}
        return client.post(address, data=sent, headers=client.csrf)

    assert reader.get(f"{address}.bin").status_code == 404
    assert (send(reader).status_code, send(other).status_code) == (200, 404)
    assert send(reader, user="somebody").status_code == 400
    assert reader.post(address, headers=reader.csrf).status_code == 400
    assert reader.get(f"{address}.bin").data == mask.tobytes()
    assert other.get(f"{address}.bin").status_code == 404
    given = reader.post(
        f"/api/v1/scans/{asked.id}/unaided-reading", json={"finding": "present"}, headers=reader.csrf
    )
    assert given.status_code == 200 and given.json["reading"]["measurements"]["voxels"] == 100
    assert reader.get(f"{address}.bin").status_code == 404
    assert "drawn 0.60 mL" in shown(clinic, named(clinic, "khan"), asked)


def test_heads_set_the_share_and_the_page_compares(clinic: Clinic, head: User, asked: Scan) -> None:
    services, hart = clinic.services, clinic.person(Role.CLINICIAN, "hart")
    address = f"?task={BRAIN_TUMOUR}"

    def page(user: User) -> dict[str, object]:
        return performance_readers.study(services.performance, services.reviewing, user, address)

    assert "Every new scan is read" in str(page(head)[readers.RULE])
    said = performance_readers.set_rule(services.performance, services.reviewing, head, address, 15)
    assert said[readers.RULE].startswith("15 % of the new scans are read")
    assert page(head)[readers.PERCENT] == 15
    with pytest.raises(NotAllowed):
        performance_readers.set_rule(services.performance, services.reviewing, hart, address, 15)
    for wrong in (None, 1.5, 101):
        with pytest.raises(InvalidInput):
            performance_readers.set_rule(services.performance, services.reviewing, head, address, wrong)
    assert readers.NONE_GIVEN in str(page(hart)[readers.STUDY])
    scan_unaided.give(services.reviewing.unaided, hart, asked.id, "absent", "", 9)
    services.reviewing.reviews.accept(asked.id, hart)
    shown_to_hart = str(page(hart)[readers.STUDY])
    assert "Another finding after the AI's result: 1 of 1" in shown_to_hart
    assert "Reader alone and AI" in shown_to_hart
    assert "Another finding after the AI's result: 1 of 1" in str(page(head)[readers.STUDY])
