"""Erasing, holding and expiring on PostgreSQL and MariaDB: no row names the patient any more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from data.database import migrate, now, open_database, reading
from data.errors import InvalidInput
from data.records import CountedFrom, ErasureState, ExpiringSubject, Refusal, RetentionRule, Role, User
from data.stores.expired_refusals import ExpiredRefusalStore
from data.stores.retention_rules import RetentionRuleStore
from data.stores.uploads import UploadStore
from data.tables import metadata
from services.retention.expiry import Asked, Expiry
from tests.data.builders import an_upload
from tests.integration.servers import mariadb, postgresql
from tests.services.retention.house import SmallHouse

pytestmark = pytest.mark.integration
HEAD = User("head", "bob", "Bob", Role.HEAD)
NAME = "Quxzvölkner, Gerda"


@pytest.fixture(params=[postgresql, mariadb], ids=["postgresql", "mariadb"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SmallHouse]:
    with request.param() as url:
        engine = open_database(url)
        migrate(engine)
        engine.dispose()
        small = SmallHouse(tmp_path, url)
        yield small
        small.database.dispose()


def test_no_row_names_an_erased_patient_and_others_stay(house: SmallHouse) -> None:
    mine, other = house.scan(NAME), house.scan("Stays, Steffi")
    uploads = UploadStore(house.database)
    both = uploads.add(an_upload(name="quxzvölkner gerda.zip"))
    refusal = Refusal("Quxzvölkner_Gerda.txt", "unknown", "This is no scan.")
    uploads.add_outcomes(both.id, scan_ids=(mine.id, other.id), refusals=(refusal,))
    hold = house.holds.place(mine.patient_id, "a case", house.admin)
    with pytest.raises(InvalidInput, match="legal hold"):
        house.erase(mine.patient_id)
    house.holds.lift(hold.id, "closed", house.admin)
    house.erase(mine.patient_id, f"asked for by {NAME}")

    with reading(house.database) as connection:
        rows = [str(row) for table in metadata.sorted_tables for row in connection.execute(select(table))]
    assert not [row for row in rows if "quxzv" in row.lower()]
    assert house.scans.here([mine.id, other.id]) == {other.id}
    assert uploads.get(both.id).scan_ids == (other.id,)  # type: ignore[union-attr]
    [erasure] = house.erasures.recent(5)
    assert erasure.state is ErasureState.DONE, erasure.note
    assert house.audit.missing_triggers() == []

    expiry = Expiry(
        RetentionRuleStore(house.database), ExpiredRefusalStore(house.database), house.erasing, house.audit
    )
    for subject in ExpiringSubject:
        rule: RetentionRule = expiry.add(Asked(subject, 30, CountedFrom.ARRIVED), HEAD)
        expiry.switch(rule.id, HEAD, on=True)
    assert expiry.run(now() + timedelta(days=31)).scans == 1
    assert ExpiredRefusalStore(house.database).count(now(), synthetic=False) == 0  # with their upload
    assert house.scans.here([other.id]) == set()
