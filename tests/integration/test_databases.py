"""The stores on the databases that a larger department uses."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from argon2 import PasswordHasher
from sqlalchemy import Connection, Engine, update

from data.database import alembic_config, migrate, now, open_database, reading, writing
from data.deadlocks import past_deadlocks
from data.encryption import ColumnKey, Keyring, encrypt_with
from data.errors import InvalidInput
from data.ledger.in_memory import Ledger
from data.ledger.worklist import WorklistStore
from data.records import (
    Arrivals,
    Features,
    Identity,
    JobState,
    ReceivedSeries,
    Refusal,
    Role,
    ScanStatus,
    Sender,
    SenderCount,
    Verdict,
    WorklistQuery,
)
from data.stores.audit import AuditLog
from data.stores.features import FeatureStore
from data.stores.identifier_encryption import bring_under_current_key, keys_in_use
from data.stores.jobs import JobStore
from data.stores.patients import PatientStore
from data.stores.received import ReceivedStore
from data.stores.results import ResultStore
from data.stores.reviews import ReviewStore
from data.stores.scans import ScanStore
from data.stores.seen_groups import SeenGroupStore
from data.stores.uploads import UploadStore
from data.stores.watched_senders import WatchedSenderStore, quarter_of
from data.tables import jobs, metadata
from services.accounts import WRONG, Accounts, accounts_of
from services.jobs import Jobs
from tests.data.builders import a_header, a_job, a_kept_scan, a_result, a_review, a_scan, an_upload, measured
from tests.integration.servers import mariadb, postgresql

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module", params=[postgresql, mariadb], ids=["postgresql", "mariadb"])
def server(request) -> Iterator[Engine]:
    with request.param() as url:
        engine = open_database(url)
        yield engine
        engine.dispose()


@pytest.fixture
def engine(server) -> Iterator[Engine]:
    migrate(server)
    yield server
    _empty(server)


def _empty(engine: Engine) -> None:
    config = alembic_config()
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")


def _at_once(act: Callable[[int], Any], times: int = 8) -> list[Any]:
    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(act, range(times)))


def test_the_migrations_make_what_the_tables_say(engine):
    migrate(engine)
    with reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_a_scan_its_results_and_reviews_come_back(engine):
    scans, results, reviews = ScanStore(engine), ResultStore(engine), ReviewStore(engine)
    scan = a_kept_scan(engine)
    many = measured()
    result = a_result(scan.id, measurements=replace(many, lesions=many.lesions * 500))
    vector = np.linspace(-3, 3, 352).astype(np.float16)
    watched = Features(
        result.id, scan.id, result.task, "3", result.created_at, p50=0.5, site="Ä", vector=vector
    )
    assert results.add(result, replace(watched, noise=float("nan"))) == result
    review = reviews.add(a_review(scan.id, result.id, verdict=Verdict.CORRECTED, measurements=measured(20.0)))
    token = scans.changes_token()
    scans.set_status(scan.id, ScanStatus.READ)
    assert scans.changes_token() != token
    assert scans.get(scan.id) == replace(scan, status=ScanStatus.READ)
    assert results.latest(scan.id) == result
    assert reviews.current(scan.id) == review
    assert scans.add(replace(scan, id="another"))[1] is False
    features = FeatureStore(engine)
    assert features.get(result.id) == watched
    assert features.frame(result.task)["site"].tolist() == ["Ä"]
    np.testing.assert_array_equal(features.vectors([result.id]), vector[None])
    scans.delete([scan.id])
    assert (features.count(result.task), features.without()) == (0, [])


def test_a_header_full_of_rubbish_is_kept(engine):
    scan = a_kept_scan(
        engine, header=a_header(sequence="T1\x00" + "x" * 500, scanner="\udcff 🧠"), name="Zoë\x00"
    )
    kept = ScanStore(engine).get(scan.id)
    assert kept.header.sequence == "T1" + "x" * 253
    assert kept.header.scanner == "? 🧠"


def test_the_worklist_is_searched_filtered_and_sorted(engine):
    worklist = WorklistStore(engine, Ledger(engine))
    jane = a_kept_scan(engine, 1, "DOE^Jane", header=a_header(acquired_at=None, sequence="100%_T1"))
    zoe = a_kept_scan(engine, 2, "MÜLLER^Zoë")
    result = ResultStore(engine).add(a_result(jane.id))
    ReviewStore(engine).add(a_review(jane.id, result.id))

    def ask(**query: Any) -> list[str]:
        page = worklist.page(WorklistQuery(**query), True)
        assert page.total == len(page.rows)
        return [row.scan_id for row in page.rows]

    assert ask() == [zoe.id, jane.id]
    assert ask(search="müller flair") == [zoe.id]
    assert ask(search="0%_") == [jane.id]
    assert ask(filters={"result": ("positive",), "review": ("accepted",)}) == [jane.id]
    assert ask(filters={"review": ("none",)}) == [zoe.id]
    for column, descending in (("acquired_at", True), ("acquired_at", False)):
        assert ask(sort=((column, descending),)) == [zoe.id, jane.id]
    for column in ("probability", "volume_ml", "verdict", "positive"):
        assert ask(sort=((column, True),)) == [jane.id, zoe.id]
    assert ask(sort=(("patient", False),)) == [jane.id, zoe.id]


def test_uploads_at_once_make_one_patient_and_one_scan(engine):
    patients, scans = PatientStore(engine), ScanStore(engine)
    made = _at_once(lambda _: patients.find_or_create(Identity("Doe", "1"), "a.nii"))
    assert len({patient.id for patient in made}) == 1
    scan = a_scan(made[0].id)
    answers = _at_once(lambda number: scans.add(replace(scan, id=f"scan {number}")))
    assert [created for _, created in answers].count(True) == 1
    assert len({kept.id for kept, _ in answers}) == 1


def test_what_names_patients_is_encrypted_and_decrypted(engine):
    """Also a name as long as any, in letters that take more bytes than one."""
    patients = PatientStore(engine)
    long = Identity("Ä" * 255, "患者" * 127, date(1815, 12, 10))
    first = patients.find_or_create(long, "患者.dcm")
    key = ColumnKey("a secret of 32 characters or more")
    for keyring in (Keyring(key), Keyring(None, [key])):
        encrypt_with(engine, keyring)
        assert patients.find_or_create(long, "x.dcm") == first
        assert bring_under_current_key(engine) == 1
        assert keys_in_use(engine) == {key.id if keyring.current else ""}
        assert patients.find_or_create(long, "x.dcm") == first


def test_outcomes_at_once_are_all_noted(engine):
    uploads = UploadStore(engine)
    upload = uploads.add(an_upload())
    _at_once(
        lambda n: uploads.add_outcomes(upload.id, scan_ids=[f"{n}"], refusals=[Refusal(f"{n}", "c", "s")])
    )
    after = uploads.get(upload.id)
    assert (len(after.scan_ids), len(after.refusals)) == (8, 8)
    assert uploads.advance(upload.id, 3 << 30).offset == 3 << 30


def test_what_the_dicom_node_received_is_counted_once_each(engine):
    received, upload = ReceivedStore(engine), an_upload()
    UploadStore(engine).add(upload)
    early, late = now() - timedelta(minutes=5), now()
    sender = Sender("MR1", "10.1.0.5")
    series = ReceivedSeries("1.2", "1.2.1", sender, ("1.5", "1.6"), upload.id, late)
    received.put(series, [SenderCount(sender, 2, late)])
    received.put(series, [])
    received.put(replace(series, sop_uids=("1.5", "1.6", "1.7")), [SenderCount(sender, 1, early)])
    assert received.senders() == [SenderCount(sender, 3, late)]
    assert received.get("1.2", "1.2.1") == replace(series, sop_uids=("1.5", "1.6", "1.7"))
    assert received.get("1.2", "1.2.2") is None and received.studies() == 1
    (outcome,) = received.outcomes(5)
    assert (outcome.state, outcome.scans, outcome.refusals) == (upload.state, 0, ())


def test_when_senders_sent_and_what_was_decided_on_them_comes_back(engine):
    watched, at = WatchedSenderStore(engine), now().replace(microsecond=0)
    for step in range(3):
        came = at + timedelta(microseconds=step)
        watched.arrived([Arrivals("MR1", quarter_of(came), 5, came)])
    (arrivals,) = watched.arrivals()["MR1"]
    assert (arrivals.instances, arrivals.last_at) == (15, at + timedelta(microseconds=2))
    watched.listened(at - timedelta(hours=1), at)
    watched.listened(at - timedelta(hours=1), at + timedelta(minutes=5))
    (listening,) = watched.listening()
    assert (listening.since, listening.until) == (at - timedelta(hours=1), at + timedelta(minutes=5))
    watched.told_of_end(listening, at)
    assert watched.listening()[0].told_at == at
    kept = watched.change("MR1", lambda known: replace(known, muted_until=at, told_for=at))
    assert watched.watches() == {"MR1": kept} and kept.muted_until == at and not kept.retired


def test_that_people_came_with_a_group_is_kept_once_whoever_notes_it_at_once(engine):
    groups, at = [f"cn=group {n},dc=h" for n in range(20)], now().replace(microsecond=0)
    _at_once(lambda n: SeenGroupStore(engine).note(groups, at + timedelta(microseconds=n)))
    SeenGroupStore(engine).note(groups[:1], at + timedelta(hours=1))
    seen = SeenGroupStore(engine).last_seen([*groups, "cn=nobody's"])
    assert set(seen) == set(groups)
    assert seen[groups[0]] == at + timedelta(hours=1) and seen[groups[1]] < at + timedelta(seconds=1)


def test_accounts(engine):
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    accounts = accounts_of(engine, hasher)
    admin, password = accounts.ensure_first_administrator()
    accounts.create("Zoë", "", Role.CLINICIAN)
    with pytest.raises(InvalidInput, match="already an account"):
        accounts.create("ZOË", "", Role.HEAD)
    accounts.create("zoe", "", Role.HEAD)
    assert accounts.sign_in("ADMIN", password) == admin
    _, secret = accounts.create_token(admin.id, "script")
    assert accounts.user_by_token(secret).id == admin.id
    with pytest.raises(InvalidInput, match="last active"):
        accounts.set_active(admin.id, False)
    assert _at_once(lambda _: _guess(accounts)).count(WRONG) == 5
    assert AuditLog(engine).recent(1)[0].action == "sign-in failed"


def _guess(accounts: Accounts) -> str:
    with pytest.raises(InvalidInput) as refused:
        accounts.sign_in("zoe", "a guess")
    return str(refused.value)


def test_two_administrators_cannot_demote_each_other_at_once(engine):
    accounts = accounts_of(engine)
    people = [accounts.create(name, "", Role.ADMIN)[0] for name in ("a", "b")]

    def demote(number: int) -> bool:
        try:
            accounts.set_role(people[number].id, Role.HEAD)
        except InvalidInput:
            return False
        return True

    assert sorted(_at_once(demote, 2)) == [False, True]


def test_jobs_are_each_done_once(engine, tmp_path):
    store = JobStore(engine)
    assert [created for _, created in _at_once(lambda _: store.add(a_job()))].count(True) == 1
    subjects: list[str] = []
    queue = Jobs(store, 4)
    queue.register("read", lambda context: subjects.append(context.subject))
    queue.start()
    _at_once(lambda number: queue.submit("read", str(number)))
    assert queue.wait_idle(30)
    queue.stop()
    assert sorted(subjects) == [*"01234567", "a scan"]
    assert store.counts()[JobState.DONE] == 9


def test_two_that_wait_for_each_other_are_both_done(engine):
    store = JobStore(engine)
    ids = [store.add(a_job(subject=str(number)))[0].id for number in range(2)]
    both_hold_one = threading.Barrier(2)
    tries: list[int] = []

    def act(number: int) -> None:
        def in_turn(connection: Connection) -> None:
            tries.append(number)
            for turn, job_id in enumerate(ids if number else reversed(ids)):
                connection.execute(
                    update(jobs).where(jobs.c.id == job_id).values(attempts=jobs.c.attempts + 1)
                )
                if turn == 0 and tries.count(number) == 1:
                    both_hold_one.wait(30)

        past_deadlocks(engine, in_turn)

    _at_once(act, 2)
    assert len(tries) > 2
    assert [store.get(job_id).attempts for job_id in ids] == [2, 2]
