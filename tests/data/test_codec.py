from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pytest

from data.codec import from_json, from_plain, to_json, to_plain
from data.records import Identity, Measurements, Provenance, Refusal, SourceGrid, User, Verdict
from tests.data.builders import MORNING, a_result, a_scan, measured


@pytest.mark.parametrize(
    "record", [measured(), a_result("scan"), a_scan("patient"), Identity("A", None, date(1950, 2, 3))]
)
def test_a_record_comes_back_as_it_was(record):
    assert from_json(type(record), to_json(record)) == record


def test_tuples_of_records_and_of_several_types_come_back():
    refusals = (Refusal("a", "colour", "It is a colour picture."),)
    assert from_json(tuple[Refusal, ...], to_json(refusals)) == refusals
    assert from_json(tuple[str, float], '["a", 1.5]') == ("a", 1.5)
    assert from_json(list[Verdict], '["accepted"]') == [Verdict.ACCEPTED]


def test_times_keep_their_zone():
    assert from_json(datetime, to_json(MORNING)) == MORNING
    assert from_json(datetime, to_json(MORNING)).tzinfo == UTC


def test_numpy_scalars_become_plain_numbers():
    assert to_json((np.float32(0.5), np.int64(3), np.bool_(True))) == "[0.5,3,true]"


def test_values_that_json_does_not_know_are_refused():
    with pytest.raises(ValueError, match="JSON"):
        to_json(measured(volume_ml=float("nan")))


def test_text_of_another_version_can_be_read():
    text = '{"kind": "nifti", "shape": [1, 2, 3], "added_later": 5}'
    assert from_json(SourceGrid, text) == SourceGrid("nifti", (1, 2, 3))


def test_a_dict_of_numbers_comes_back():
    provenance = Provenance("n", "1", "w", "p", "i", "cpu", "f32", "s", {"decode": 1.5})
    assert from_json(Provenance, to_json(provenance)).timings_ms == {"decode": 1.5}


def test_nothing_is_nothing():
    assert from_json(Measurements | None, "null") is None
    assert from_json(User | None, to_json(None)) is None


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Refusal, '{"name": "a", "code": "b"}'),  # a sentence is missing
        (Refusal, '{"name": "a", "code": "b", "sentence": null}'),
        (tuple[str, float], '["a"]'),
        (tuple[str, float], '["a", 1.5, 2.5]'),
        (Measurements, '{"voxels": "many", "volume_ml": 1, "slices_touched": 1, "touches_border": false}'),
        (Verdict, '"liked"'),
        (datetime, '"soon"'),
        (Refusal, "{"),
    ],
)
def test_text_that_is_no_such_record_is_refused(kind: object, text: str):
    with pytest.raises(ValueError, match="validation error"):
        from_json(kind, text)


def test_what_is_no_record_does_not_go_into_json():
    with pytest.raises(TypeError, match="object does not go into JSON"):
        to_json((object(),))


def test_plain_values_come_back():
    refusal = Refusal("a", "colour", "It is a colour picture.")
    assert from_plain(Refusal, to_plain(refusal)) == refusal
