"""JSON as version 0.1 stored it, for every kind of record that is kept as JSON, and what it means today."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from data.codec import from_json, from_plain, to_json
from data.records import (
    Box,
    Check,
    Cost,
    Difference,
    DriftAsk,
    Gate,
    GateVerdict,
    ImportFile,
    Lesion,
    Measurements,
    Paired,
    Provenance,
    Refusal,
    Rehearsal,
    Said,
    SourceGrid,
)
from services.training.retraining_pack import PackAsk

ENDS = ((10.0, 12.5), (14.0, 22.25))
BOX = Box((8, 13), (20, 33), (12, 23))
LARGE = Lesion(
    BOX, 936, 2.808, None, 28.4, None, 15.5, 12.0, 9, (10.5, 26.5, 17.5), (-1.5, 2.0, 3.25), ENDS, ENDS
)
SMALL = Lesion(BOX, 1, None, None, None, None, 1.0, 1.0, 0, (0.0, 0.0, 0.0), None, ENDS, ENDS)
CHECKS = (
    Check("recall", None, None, None, 3, 0.05, GateVerdict.CANNOT_TELL, "Too few."),
    Check("dice", -0.04, -0.06, -0.02, 40, 0.03, GateVerdict.FAIL, "Worse."),
)
AFFINE = ((-1.0, 0.0, 0.0, 24.0), (0.0, -2.0, 0.0, 60.0), (0.0, 0.0, 3.0, -36.0), (0.0, 0.0, 0.0, 1.0))
REHEARSAL = Rehearsal(
    "r",
    "brain-tumour",
    "3",
    "2",
    None,
    datetime(2026, 11, 3, 8, 30, tzinfo=UTC),
    datetime(2026, 11, 3, 8, 31, 0, 250, tzinfo=UTC),
    False,
    (Difference("s", Said(0.9, True, 2.5, 31.0, 0.8), Said(0.25, False), 0.0, 9, "res", True),),
    (("s2", "It could not be read."),),
    (Paired("recall", 0.9, 0.8, -0.1, -0.2, 0.0, 20, 1, 3, 0.6),),
    Cost(31.0, 25.5, 410.0),
    None,
)

STORED: dict[str, tuple[Any, str, Any]] = {
    "results and reviews: measurements": (
        Measurements,
        (
            '{"voxels":936,"volume_ml":2.5,"slices_touched":6,"touches_border":false,"lesions":[{"box":{"slic'
            'es":[8,13],"rows":[20,33],"columns":[12,23]},"voxels":936,"volume_ml":2.808,"area_mm2":null,"lon'
            'gest_diameter_mm":28.4,"perpendicular_diameter_mm":null,"longest_diameter_px":15.5,"perpendicula'
            'r_diameter_px":12,"largest_slice":9,"centroid":[10.5,26.5,17.5],"position_mm":[-1.5,2.0,3.25],"l'
            'ongest_ends":[[10.0,12.5],[14,22.25]],"perpendicular_ends":[[10.0,12.5],[14,22.25]]},{"box":{"sl'
            'ices":[8,13],"rows":[20,33],"columns":[12,23]},"voxels":1,"volume_ml":null,"area_mm2":null,"long'
            'est_diameter_mm":null,"perpendicular_diameter_mm":null,"longest_diameter_px":1.0,"perpendicular_'
            'diameter_px":1.0,"largest_slice":0,"centroid":[0.0,0.0,0.0],"position_mm":null,"longest_ends":[['
            '10.0,12.5],[14,22.25]],"perpendicular_ends":[[10.0,12.5],[14,22.25]]}]}'
        ),
        Measurements(936, 2.5, 6, False, (LARGE, SMALL)),
    ),
    "results: provenance": (
        Provenance,
        (
            '{"model_name":"brain-tumour","model_version":"2","weights_sha256":"ab","preprocessing":"zscore-v'
            '1","input_sha256":"cd","device":"cpu","dtype":"float32","software":"lightbox 0.1.0","timings_ms"'
            ':{"network":812.5,"wait":0}}'
        ),
        Provenance(
            "brain-tumour",
            "2",
            "ab",
            "zscore-v1",
            "cd",
            "cpu",
            "float32",
            "lightbox 0.1.0",
            {"network": 812.5, "wait": 0.0},
        ),
    ),
    "uploads and imports: refusals": (
        tuple[Refusal, ...],
        (
            '[{"name":"a.dcm","code":"colour","sentence":"It is a colour picture.","modality":"CT","scanner":'
            '"Acme Field","site":"North"},{"name":"b","code":"text","sentence":"No picture.","modality":null,'
            '"scanner":null,"site":null}]'
        ),
        (
            Refusal("a.dcm", "colour", "It is a colour picture.", "CT", "Acme Field", "North"),
            Refusal("b", "text", "No picture."),
        ),
    ),
    "scans: grid of a series": (
        SourceGrid,
        (
            '{"kind":"dicom","shape":[48,60,24],"axes":[2,1,0],"flips":[1,2],"affine":[[-1,0,0,24.0],[0,-2.0,'
            '0,60],[0,0,3.0,-36.0],[0,0,0,1.0]],"placed":false}'
        ),
        SourceGrid("dicom", (48, 60, 24), (2, 1, 0), (1, 2), AFFINE, False),
    ),
    "scans: grid of a picture": (
        SourceGrid,
        ('{"kind":"image","shape":[1,64,80],"axes":[0,1,2],"flips":[],"affine":null,"placed":true}'),
        SourceGrid("image", (1, 64, 80)),
    ),
    "drift runs: a window": (
        DriftAsk,
        (
            '{"task":"brain-tumour","reference_id":"00000000000000000000000000000000","last":500,"first":"202'
            '6-10-01","to":"2026-10-31","query":"site=North"}'
        ),
        DriftAsk("brain-tumour", "0" * 32, 500, "2026-10-01", "2026-10-31", "site=North"),
    ),
    "drift schedules: the newest": (
        DriftAsk,
        ('{"task":"pneumonia","reference_id":null,"last":200,"first":null,"to":null,"query":""}'),
        DriftAsk("pneumonia", last=200),
    ),
    "promotions: gate": (
        Gate,
        (
            '{"verdict":"fail","sentence":"Recall is worse.","rehearsal_id":"r1","checks":[{"name":"recall","'
            'difference":null,"low":null,"high":null,"n":3,"margin":0.05,"verdict":"cannot-tell","sentence":"'
            'Too few."},{"name":"dice","difference":-0.04,"low":-0.06,"high":-0.02,"n":40,"margin":0.03,"verd'
            'ict":"fail","sentence":"Worse."}]}'
        ),
        Gate(GateVerdict.FAIL, "Recall is worse.", "r1", CHECKS),
    ),
    "retraining packs: ask": (
        PackAsk,
        ('{"task":"pneumonia","scan_ids":["a","b"],"why":"noise","asked_by":"u"}'),
        PackAsk("pneumonia", ("a", "b"), "noise", "u"),
    ),
    "MLflow: a rehearsal": (
        Rehearsal,
        (
            '{"id":"r","task":"brain-tumour","version":"3","against":"2","asked_by":null,"started_at":"2026-1'
            '1-03T08:30:00+00:00","finished_at":"2026-11-03T08:31:00.000250+00:00","synthetic":false,"differe'
            'nces":[{"scan_id":"s","champion":{"probability":0.9,"positive":true,"volume_ml":2.5,"network_ms"'
            ':31.0,"truth_dice":0.8},"candidate":{"probability":0.25,"positive":false,"volume_ml":null,"netwo'
            'rk_ms":null,"truth_dice":null},"overlap":0.0,"slice":9,"result_id":"res","truth_positive":true}]'
            ',"failed":[["s2","It could not be read."]],"paired":[{"name":"recall","champion":0.9,"candidate"'
            ':0.8,"difference":-0.1,"low":-0.2,"high":0.0,"n":20,"better":1,"worse":3,"p":0.6}],"champion_cos'
            't":{"picture_ms":31.0,"weights_mb":25.5,"peak_mb":410.0},"candidate_cost":null}'
        ),
        REHEARSAL,
    ),
    "reports: ask and files": (
        dict[str, str],
        ('{"kind":"cohort","filters":"site=North"}'),
        {"kind": "cohort", "filters": "site=North"},
    ),
    "scans and uploads: ids and warnings": (
        tuple[str, ...],
        ('["a","b"]'),
        ("a", "b"),
    ),
    "imports: files": (
        tuple[ImportFile, ...],
        (
            '[{"path":"a/1.dcm","name":"1.dcm","row":3,"mask":"m.nii"},{"path":"b","name":null,"row":null,"ma'
            'sk":null}]'
        ),
        (ImportFile("a/1.dcm", "1.dcm", 3, "m.nii"), ImportFile("b")),
    ),
}


@pytest.mark.parametrize(("kind", "text", "record"), STORED.values(), ids=STORED)
def test_what_0_1_stored_is_read(kind: Any, text: str, record: Any) -> None:
    read = from_json(kind, text)
    assert read == record
    assert _types(read) == _types(record)
    assert from_json(kind, to_json(read)) == record


def test_a_rehearsal_is_read_as_mlflow_hands_it_out() -> None:
    kind, text, record = STORED["MLflow: a rehearsal"]
    assert from_plain(kind, json.loads(text)) == record


def _types(value: Any) -> Any:
    """The types all the way down: 1 == 1.0 and a list may hide in a tuple's place."""
    if hasattr(value, "__dataclass_fields__"):
        return type(value), [_types(part) for part in vars(value).values()]
    if isinstance(value, Mapping):
        return type(value), [(_types(key), _types(part)) for key, part in value.items()]
    return (
        (type(value), [_types(part) for part in value]) if isinstance(value, (tuple, list)) else type(value)
    )
