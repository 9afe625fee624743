"""A complete study goes to the reading once, whatever is killed and whatever is sent again."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from data import formats
from data.database import now
from data.errors import NotAllowed
from data.records import Role, Sender, Upload, UploadState
from data.stores.audit import AuditLog
from data.stores.received import ReceivedStore
from data.stores.watched_senders import WatchedSenderStore
from services.receiving import handover as handover_module
from services.receiving.handover import Handover
from services.receiving.node_state import NodeState, StateWriter
from services.receiving.received import Received
from services.receiving.spool import Spool
from tests.dashboard.clinic import Clinic

MR, SYNTAX = "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.1.2.1"
SILENCE_S = 30


class House:
    """A clinic, the node's folder, and a clock that is moved by hand."""

    def __init__(self, folder: Path) -> None:
        self.clinic = Clinic(folder, networks=False)
        self.time = 1000.0
        self.settings = replace(self.clinic.services.settings, dicom_silence_seconds=SILENCE_S)
        self.spool = Spool(self.settings.dicom_folder, self.settings.dicom_folder_bytes)
        self.spool.prepare()
        self.handover = self.restarted()
        self.store = ReceivedStore(self.clinic.database)

    def restarted(self, **changes: Any) -> Handover:
        intake = self.clinic.services.reading.intake
        settings = replace(self.settings, **changes)
        self.handover = Handover(settings, self.clinic.database, intake, clock=lambda: self.time)
        return self.handover

    def receive(
        self, sop: str, series: str = "1.2.1", study: str = "1.2", sender: str = "MR1", size: int = 100
    ) -> None:
        uids = formats.InstanceUids(MR, sop, series, study)
        self.spool.keep(uids, (formats.file_head(uids, SYNTAX, sender, "10.1.0.5"), b"x" * size))

    def wait(self, seconds: float = SILENCE_S) -> None:
        self.handover.look()
        self.time += seconds
        self.handover.look()

    @property
    def uploads(self) -> list[Upload]:
        return self.clinic.uploads.of_user("dicom:MR1", 100)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.clinic.close()


def test_a_study_is_handed_over_after_the_silence_and_not_before(house: House) -> None:
    house.receive("1.5")
    house.wait(SILENCE_S - 1)
    assert house.uploads == [] and house.handover.waiting() == {"1.2": 1}
    house.receive("1.6")
    house.wait(SILENCE_S - 1)
    assert house.uploads == []
    house.time += 1
    house.handover.look()
    (upload,) = house.uploads
    assert upload.name == "1.2.1.zip" and upload.state is UploadState.DONE
    assert house.handover.waiting() == {}


def test_one_late_series_keeps_the_whole_study_back_and_each_series_is_an_upload(house: House) -> None:
    house.receive("1.5")
    house.receive("1.6", series="1.2.2")
    house.wait()
    assert sorted(upload.name for upload in house.uploads) == ["1.2.1.zip", "1.2.2.zip"]


def test_what_is_sent_again_is_not_handed_over_again_not_even_after_a_restart_or_when_it_was_removed(
    house: House,
) -> None:
    for sop in ("1.5", "1.6"):
        house.receive(sop)
    house.wait()
    house.receive("1.5")
    house.wait()
    house.restarted()
    house.wait()
    house.spool.remove("1.2", unless_changed=house.spool.signature("1.2"))
    for sop in ("1.6", "1.5"):
        house.receive(sop, sender="MR2")
    house.wait()
    assert len(house.uploads) == 1 and house.clinic.uploads.of_user("dicom:MR2", 9) == []
    assert [(count.sender, count.instances) for count in house.store.senders()] == [
        (Sender("MR1", "10.1.0.5"), 2)
    ]


def test_a_late_instance_has_its_series_read_again_whole(house: House) -> None:
    house.receive("1.5")
    house.wait()
    first = house.uploads[0].id
    house.receive("1.6")
    house.wait()
    kept = house.store.get("1.2", "1.2.1")
    assert kept is not None and kept.sop_uids == ("1.5", "1.6") and kept.upload_id != first
    assert len(house.uploads) == 2
    assert sum(count.instances for count in house.store.senders()) == 2


def test_a_late_part_of_a_series_that_is_gone_is_not_read_alone_but_with_all_of_it(house: House) -> None:
    house.receive("1.5")
    house.wait()
    house.spool.remove("1.2", unless_changed=house.spool.signature("1.2"))
    house.receive("1.6")
    house.wait()
    outcome = house.store.outcomes(9)[0]
    assert [refusal.code for refusal in outcome.refusals] == ["incomplete"]
    house.restarted()
    house.wait()  # it says so once
    assert len(house.uploads) == 2
    house.receive("1.5")
    house.wait()
    assert len(house.uploads) == 3 and house.store.outcomes(9)[0].scans == 1
    assert sum(count.instances for count in house.store.senders()) == 2


def test_a_series_over_the_limit_is_refused_with_the_sentence_of_uploads(house: House) -> None:
    house.restarted(max_scan_bytes=50)
    house.receive("1.5")
    house.wait()
    (outcome,) = house.store.outcomes(9)
    assert outcome.state is UploadState.DONE and outcome.scans == 0
    assert "larger than" in outcome.refusals[0].sentence


class KilledError(Exception):
    """Stands for SIGKILL at this very place."""


@pytest.mark.parametrize("place", ["before the rows", "before the job"])
def test_a_kill_while_handing_over_loses_and_doubles_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KilledError

    house.receive("1.5")
    intake = house.clinic.services.reading.intake
    with monkeypatch.context() as patch:
        if place == "before the rows":
            patch.setattr(ReceivedStore, "put", killed)
        else:
            patch.setattr(intake, "submit", killed)
        house.wait()
    assert len(house.uploads) == (0 if place == "before the rows" else 1)
    house.restarted()
    house.wait()
    (upload,) = house.uploads
    assert intake.path(upload.id).exists() or upload.state is UploadState.DONE
    assert sum(count.instances for count in house.store.senders()) == 1
    if place == "before the job":  # what intake's own resume takes up at the next start
        assert upload.state is UploadState.QUEUED and upload.offset == upload.size > 0


def test_a_node_that_came_back_begins_the_silence_anew(house: House) -> None:
    house.receive("1.5")
    house.handover.look()
    house.time += SILENCE_S - 1
    state = NodeState("LIGHTBOX", "127.0.0.1", 11112, False, now(), now())
    StateWriter(house.settings.dicom_folder, state).beat()
    house.wait(2)
    assert house.uploads == []
    house.wait()
    assert len(house.uploads) == 1


def test_what_was_handed_over_goes_after_a_day_and_what_waits_stays(house: House) -> None:
    house.receive("1.5")
    house.wait()
    house.receive("1.6", study="1.3")
    past = time.time() - handover_module.KEPT_S - 60
    for study in ("1.2", "1.3"):
        for series, _ in house.spool.series(study):
            os.utime(house.settings.dicom_folder / "studies" / study / series, (past, past))
    house.wait()  # the time of the folder changed, which counts as news
    house.wait()
    house.time += 60
    house.handover.look()
    assert house.spool.studies() == []
    house.receive("1.7", study="1.4")
    house.wait(1)
    assert house.spool.studies() == ["1.4"]


def test_a_crowded_folder_makes_room_with_the_oldest_first(house: House) -> None:
    house.restarted(dicom_folder_bytes=6000)
    for number in range(3):
        house.receive("1.5", study=f"1.{number}", size=1000)
        house.wait()
    house.time += 60
    house.handover.look()
    assert house.spool.studies() == ["1.1", "1.2"]


def test_audit_and_overview_say_who_sent_what(house: House) -> None:
    house.receive("1.5")
    house.receive("1.6", sender="MR2")
    house.receive("1.7", sender="MR2")
    house.wait()
    (event,) = [
        event for event in AuditLog(house.clinic.database).recent(9) if event.action == "dicom.receive"
    ]
    assert (event.user_id, event.subject) == ("dicom:MR2", "1.2")
    assert event.detail == "3 instances of series 1.2.1 received from AE MR2 (10.1.0.5)"
    folder = house.settings.dicom_folder
    received = Received(house.store, folder, SILENCE_S, house.handover.waiting)
    overview = received.overview(house.clinic.person(Role.ADMIN))
    (study,) = overview.studies
    assert (study.study_uid, study.series, study.instances, study.scans) == ("1.2", 1, 3, 1)
    assert {count.sender.ae_title: count.instances for count in overview.senders} == {"MR1": 1, "MR2": 2}
    with pytest.raises(NotAllowed):
        received.overview(house.clinic.person(Role.CLINICIAN))


def test_when_each_sender_sent_is_kept_once_by_quarter_of_an_hour(house: House) -> None:
    store = WatchedSenderStore(house.clinic.database)
    for number, sender in enumerate(["MR1", "MR1", "MR2"]):
        house.receive(f"1.{number}", sender=sender)
    early = datetime(2026, 3, 2, 7, 14, 30, tzinfo=UTC)
    for series in house.spool.series("1.2"):
        for file, at in zip(series[1], (early, early + timedelta(minutes=1), early), strict=True):
            os.utime(file, (at.timestamp(), at.timestamp()))
    house.wait()
    house.receive("1.0")
    house.wait()
    arrivals = store.arrivals()
    quarter = int(early.timestamp()) // 900
    assert [(known.quarter, known.instances) for known in arrivals["MR1"]] == [(quarter, 1), (quarter + 1, 1)]
    assert arrivals["MR1"][1].last_at == early + timedelta(minutes=1)
    assert [(known.quarter, known.instances) for known in arrivals["MR2"]] == [(quarter, 1)]


def test_what_waits_is_not_counted_yet_and_a_study_that_fails_holds_nobody_up(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.receive("1.5")
    old = time.time() - 3600
    os.utime(house.settings.dicom_folder / "studies" / "1.2" / "1.2.1", (old, old))
    for _ in range(2):  # before the first look, and while the silence lasts
        assert house.handover.counted_until() == datetime.fromtimestamp(old, UTC)
        house.handover.look()
    with monkeypatch.context() as patch:
        patch.setattr(ReceivedStore, "put", lambda *_: 1 / 0)
        house.wait()
    assert house.handover.waiting() == {"1.2": 1}
    assert now() - house.handover.counted_until() < timedelta(minutes=1)
    house.wait()
    assert house.handover.waiting() == {}
