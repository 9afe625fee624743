"""What belongs to a demonstration can be told from what does not."""

from __future__ import annotations

from sqlalchemy import Engine

from data.ledger.in_memory import Ledger
from data.ledger.rows import recount
from data.ledger.worklist import WorklistStore
from data.records import Identity, KeptRefusal, Refusal, WorklistQuery
from data.stores.refusals import RefusalStore
from data.stores.scans import ScanStore
from tests.data.builders import MORNING, PatientStore, a_scan

CT = Refusal("SYNTHETIC 007", "modality", "This is a CT scan.", "CT")


def test_synthetic_scans_are_listed_and_marked(engine: Engine) -> None:
    scans, patient = ScanStore(engine), PatientStore(engine).find_or_create(Identity("Doe", "1"), "x")
    real = scans.add(a_scan(patient.id, 1))[0]
    made = scans.add(a_scan(patient.id, 0, synthetic=True))[0]
    assert scans.synthetic_ids() == [made.id]
    store = WorklistStore(engine, Ledger(engine))
    rows = store.page(WorklistQuery(sort=(("synthetic", True),)), True).rows
    assert [(row.scan_id, row.synthetic) for row in rows] == [(made.id, True), (real.id, False)]
    assert store.page(WorklistQuery(filters={"synthetic": ("no",)}), True).total == 1
    recount(engine)
    assert store.page(WorklistQuery(filters={"synthetic": ("yes",)}), True).total == 1


def test_refusals_under_their_own_ids(engine: Engine) -> None:
    refusals = RefusalStore(engine)
    refusals.add([CT])
    kept = KeptRefusal("synthetic-000007", CT, MORNING)
    for _ in range(2):
        refusals.put(kept)
    assert refusals.count() == 2
    assert refusals.ids_from("synthetic-") == [kept.id]
    assert kept in refusals.between()
    refusals.forget_from("synthetic-")
    assert [record.refusal for record in refusals.between()] == [CT]
    assert refusals.ids_from("synthetic_") == []
