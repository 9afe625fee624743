from __future__ import annotations

from datetime import timedelta

import pytest

from data.errors import NotFound
from data.records import Refusal, UploadState
from data.stores.uploads import UploadStore
from tests.data.builders import MORNING, an_upload


@pytest.fixture
def uploads(engine):
    return UploadStore(engine)


def test_an_upload_comes_back_as_it_was(uploads):
    upload = uploads.add(
        an_upload(sha256="ab" * 32, refusals=(Refusal("a", "colour", "It is."),), as_volume=True)
    )
    assert uploads.get(upload.id) == upload
    assert uploads.get("nothing") is None


def test_the_offset_only_grows(uploads):
    upload = uploads.add(an_upload())
    assert uploads.advance(upload.id, 2 << 30).offset == 2 << 30
    assert uploads.advance(upload.id, 5).offset == 2 << 30


def test_states_and_what_belongs_to_them(uploads):
    upload = uploads.add(an_upload())
    assert uploads.set_state(upload.id, UploadState.QUEUED, sha256="ab" * 32).sha256 == "ab" * 32
    failed = uploads.set_state(upload.id, UploadState.FAILED, failure="The disk is full.")
    assert (failed.state, failed.failure, failed.sha256) == (
        UploadState.FAILED,
        "The disk is full.",
        "ab" * 32,
    )
    assert uploads.set_state(upload.id, UploadState.OPENING).failure is None


def test_outcomes_add_up_and_repeat_without_doubling(uploads):
    upload = uploads.add(an_upload())
    refusal = Refusal("notes.txt", "not_an_image", "It is a text.")
    for _ in range(2):
        uploads.add_outcomes(upload.id, scan_ids=["a"], refusals=[refusal])
    # opened once more after a kill, scan "a" is known already: it stays this upload's new scan
    after = uploads.add_outcomes(upload.id, scan_ids=["b"], known_scan_ids=["a", "c"])
    assert (after.scan_ids, after.known_scan_ids, after.refusals) == (("a", "b"), ("c",), (refusal,))


def test_a_person_sees_the_latest_of_their_own(uploads):
    for minute in range(4):
        uploads.add(an_upload("jane", minute, name=f"{minute}.nii"))
    uploads.add(an_upload("john"))
    assert [upload.name for upload in uploads.of_user("jane", 3)] == ["3.nii", "2.nii", "1.nii"]


def test_uploads_are_found_by_state_and_age(uploads):
    old, new = uploads.add(an_upload(minutes=0)), uploads.add(an_upload(minutes=60))
    uploads.add(an_upload(state=UploadState.DONE))
    assert [upload.id for upload in uploads.with_state([UploadState.ARRIVING])] == [old.id, new.id]
    before = MORNING + timedelta(minutes=30)
    assert [upload.id for upload in uploads.with_state([UploadState.ARRIVING], before)] == [old.id]


def test_unknown_uploads(uploads):
    gone = uploads.add(an_upload())
    uploads.delete(gone.id)
    uploads.delete(gone.id)
    for act in (
        lambda: uploads.advance(gone.id, 1),
        lambda: uploads.set_state(gone.id, UploadState.DONE),
        lambda: uploads.add_outcomes(gone.id),
    ):
        with pytest.raises(NotFound):
            act()
