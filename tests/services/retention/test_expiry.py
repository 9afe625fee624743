"""Expiry: what is old is erased by rules that are on, never what is held, under review or to be sent."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from data.database import new_id, now, writing
from data.errors import InvalidInput, NotAllowed
from data.records import (
    CountedFrom,
    DeliveryState,
    ExpiringSubject,
    Origin,
    Refusal,
    ReviewRequest,
    Role,
    ScanStatus,
    User,
)
from data.stores.expired_refusals import ExpiredRefusalStore
from data.stores.refusals import RefusalStore
from data.stores.retention_rules import RetentionRuleStore
from data.stores.review_requests import ReviewRequestStore
from data.stores.uploads import UploadStore
from data.tables import deliveries, remote_nodes
from services.retention.expiry import Asked, Expiry
from tests.data.builders import an_upload
from tests.services.retention.house import SmallHouse

HEAD = User("head", "bob", "Bob", Role.HEAD)
OLD = Asked(ExpiringSubject.SCANS, 30, CountedFrom.ARRIVED)


class Expiring(SmallHouse):
    """A small house with rules."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.expiry = Expiry(
            RetentionRuleStore(self.database), ExpiredRefusalStore(self.database), self.erasing, self.audit
        )

    def on(self, asked: Asked) -> str:
        rule = self.expiry.add(asked, HEAD)
        self.expiry.switch(rule.id, HEAD, on=True)
        return rule.id

    def aged(self, name: str, days: float, **changes: object) -> str:
        return self.scan(name, created_at=now() - timedelta(days=days), **changes).id


@pytest.fixture
def house(tmp_path: Path) -> Expiring:
    return Expiring(tmp_path)


def test_what_is_old_goes_and_what_is_not_stays(house: Expiring) -> None:
    old, young = house.aged("Old, Olga", 30.01), house.aged("Young, Yuri", 29.99)
    both = house.aged("Both, Bea", 40), house.aged("Both, Bea", 1)
    preview = house.expiry.preview(OLD, HEAD)
    assert (preview.expiring.scans, preview.expiring.patients) == (2, 2)
    house.on(OLD)
    came_to = house.expiry.run()
    assert (came_to.scans, came_to.rules) == (2, 1)
    assert house.scans.here([old, young, *both]) == {young, both[1]}
    assert house.erasing.search("olga", house.admin) == []
    assert len(house.erasing.search("bea", house.admin)) == 1
    assert house.erasures.unfinished() == []
    assert not [key for key in house.files.keys("scans") if old in key]
    run = next(event for event in house.audit.recent(5) if event.action == "retention.run")
    assert "2 scans" in run.detail
    assert house.expiry.run().scans == 0


def test_a_rule_that_is_off_erases_nothing(house: Expiring) -> None:
    old = house.aged("Old, Olga", 100)
    rule = house.expiry.add(OLD, HEAD)
    assert house.expiry.run().scans == 0
    house.expiry.switch(rule.id, HEAD, on=True)
    house.expiry.switch(rule.id, HEAD, on=False)
    assert house.expiry.run().scans == 0
    house.expiry.switch(rule.id, HEAD, on=True)
    house.expiry.delete(rule.id, HEAD)
    assert house.expiry.run().scans == 0
    assert house.scans.here([old]) == {old}


def test_what_is_held_under_review_or_to_be_sent_stays_until_it_is_not(house: Expiring) -> None:
    held, asked, sent, queued, free = (
        house.aged(f"{name}, X", 100) for name in ("Held", "Asked", "Sent", "Queued", "Free")
    )
    hold = house.holds.place(house.scans.existing(held).patient_id, "a case", house.admin)
    store = ReviewRequestStore(house.database)
    store.add([ReviewRequest(new_id(), asked, "brain-tumour", "look", "u", "U", now())])
    house.scans.set_status(queued, ScanStatus.WAITING)
    delivery = _delivery(house, sent)
    house.on(OLD)
    came_to = house.expiry.run()
    assert (came_to.scans, came_to.held, came_to.left) == (1, 1, 3)
    assert house.scans.here([held, asked, sent, queued, free]) == {held, asked, sent, queued}

    house.holds.lift(hold.id, "closed", house.admin)
    store.withdraw(store.open("brain-tumour")[0].id)
    house.scans.set_status(queued, ScanStatus.READ)
    with writing(house.database) as connection:
        mine = update(deliveries).where(deliveries.c.id == delivery)
        connection.execute(mine.values(state=DeliveryState.DELIVERED.value))
    assert house.expiry.run().scans == 4


def test_rules_are_by_task_origin_and_since_when(house: Expiring) -> None:
    person = house.aged("Person, P", 100)
    node = house.aged("Node, N", 100, uploaded_by="dicom:CT1")
    made = house.aged("Made, M", 100, synthetic=True)
    xray = house.aged("Chest, C", 100, task="pneumonia")

    def scans(**changes: object) -> int:
        asked = Asked(**{**vars(OLD), **changes})  # type: ignore[arg-type]
        return house.expiry.preview(asked, HEAD).expiring.scans

    assert scans() == 3
    assert scans(origin=Origin.DICOM) == 1
    assert scans(origin=Origin.PERSON) == 2
    assert scans(task="pneumonia") == 1
    assert scans(synthetic=True) == 1
    assert house.scans.here([person, node, made, xray]) == {person, node, made, xray}


def test_refusals_go_with_uploads_that_brought_nothing_else(house: Expiring) -> None:
    uploads, refusal = UploadStore(house.database), Refusal("x.txt", "unknown", "This is no scan.")
    old = uploads.add(an_upload(minutes=-60 * 24 * 40))
    uploads.add_outcomes(old.id, refusals=(refusal,))
    RefusalStore(house.database)
    assert house.expiry.preview(Asked(ExpiringSubject.REFUSALS, 30), HEAD).refusals == 0, "it came just now"
    house.on(Asked(ExpiringSubject.REFUSALS, 30))
    later = now() + timedelta(days=31)
    assert house.expiry.run(later).refusals == 1
    assert RefusalStore(house.database).count() == 0


def test_a_rule_needs_the_right_and_a_number_of_days(house: Expiring) -> None:
    for role in (Role.CLINICIAN, Role.MLOPS):
        with pytest.raises(NotAllowed):
            house.expiry.add(OLD, User("x", "x", "X", role))
    for days in (0, 36_501):
        with pytest.raises(InvalidInput):
            house.expiry.add(Asked(ExpiringSubject.SCANS, days), HEAD)
    house.expiry.add(Asked(ExpiringSubject.SCANS, 1), HEAD)
    house.expiry.add(Asked(ExpiringSubject.SCANS, 36_500), HEAD)


def _delivery(house: Expiring, scan_id: str) -> str:
    node, delivery = new_id(), new_id()
    with writing(house.database) as connection:
        columns = {column.name: "" for column in remote_nodes.columns if not column.nullable}
        connection.execute(
            insert(remote_nodes).values(columns | {"id": node, "tls": False, "created_at": now()})
        )
        columns = {column.name: "" for column in deliveries.columns if not column.nullable}
        values = {
            "id": delivery, "node_id": node, "scan_id": scan_id, "by_hand": True,
            "attempts": 0, "instances": 0,
            "state": DeliveryState.WAITING.value, "next_at": now(), "created_at": now(), "changed_at": now(),
        }  # fmt: skip
        connection.execute(insert(deliveries).values(columns | values))
    return delivery
