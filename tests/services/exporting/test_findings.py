"""The text for a report says what counts, in units, beside the prior, and that an AI wrote it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from data.records import NOTICE, Doubt, MrSequence, RejectReason, Scan, User
from services.exporting.exports import Exports
from services.exporting.forms import Form
from tests.dashboard.clinic import Clinic, boxes, drawn_mask
from tests.services.exporting.test_exports import correct, read_series


def earlier(clinic: Clinic, month: int = 1, lesions: int = 1, **said: Any) -> Scan:
    """A volume of the same patient that was taken in this month, read by version 2."""
    scan = clinic.add_volume("u", acquired_at=datetime(2026, month, 5, 12, tzinfo=UTC), **said)
    clinic.read_volume(scan, mask=boxes(scan.shape, lesions))
    return scan


def test_the_text_has_the_pages_words_and_numbers(clinic: Clinic, clinician: User, exports: Exports) -> None:
    scan = read_series(clinic)
    text = exports.findings(scan.id, clinician)
    assert text == exports.file(scan.id, Form.TEXT, clinician).content.decode()
    lines = text.splitlines()
    assert lines[0] == "Technique: MR; T2 FLAIR; acquired 2026-01-02; voxel size 1 × 2 × 3 mm."
    assert "Not reviewed by a clinician. AI: Tumour found (probability 0.97, threshold 0.41)." in lines
    assert "Volume 8.4 mL; Lesions 2; Slices touched 10 of 24." in lines
    assert "Lesion 1: volume 6.0 mL; longest 35 mm" in text and "perpendicular in plane 13 mm" in text
    assert "brain-tumour version 2" in lines[-1] and lines[-1].endswith(NOTICE)
    assert "Doe" not in text and "T-1" not in text


def test_what_a_clinician_said_stands_first_and_its_sizes_count(
    clinic: Clinic, clinician: User, exports: Exports
) -> None:
    scan = read_series(clinic)
    correct(clinic, scan, clinician)
    text = exports.findings(scan.id, clinician)
    assert text.splitlines()[1].startswith("Corrected by Dr Clinician")
    assert "Outline corrected." in text and "Volume 4.7 mL" in text and "Volume 8.4 mL" not in text


def test_a_rejected_result_is_told_as_none(clinic: Clinic, clinician: User, exports: Exports) -> None:
    scan = read_series(clinic)
    clinic.services.reviewing.reviews.reject(scan.id, clinician, RejectReason.ARTEFACT)
    text = exports.findings(scan.id, clinician)
    assert "WITHDRAWN: Dr Clinician rejected this AI result" in text and "disregard it" in text
    assert "Tumour" not in text and "mL" not in text and "Lesion" not in text


def test_an_uncertain_result_is_no_all_clear_until_a_clinician_says_what_is_true(
    clinic: Clinic, clinician: User, exports: Exports
) -> None:
    scan = clinic.add_volume("u")
    clinic.read_volume(scan, doubts=(Doubt.NEAR_THRESHOLD,))
    text = exports.findings(scan.id, clinician)
    assert "AI: Uncertain: too close to call. This is neither a finding nor an all-clear." in text
    clinic.services.reviewing.reviews.correct(
        scan.id, clinician, drawn_mask(np.zeros(scan.shape, bool), empty=True)
    )
    text = exports.findings(scan.id, clinician)
    assert "tumour absent. AI: Uncertain: too close to call." in text and "all-clear" not in text


def test_it_is_compared_with_the_newest_prior_on_the_same_sequence(
    clinic: Clinic, clinician: User, exports: Exports
) -> None:
    earlier(clinic, 1)
    prior = earlier(clinic, 3)
    earlier(clinic, 4, sequence="T1")
    scan = earlier(clinic, 6, lesions=2)
    before, after = (clinic.results.latest(each.id) for each in (prior, scan))
    assert before and after and before.measurements and after.measurements
    now, then = after.measurements.volume_ml, before.measurements.volume_ml
    assert now is not None and then is not None and now > then
    change = f"{100 * (now - then) / then:+.0f} %"
    text = exports.findings(scan.id, clinician)
    assert (
        f"Comparison with 2026-03-05, same sequence: volume {then:.1f} mL then, {now:.1f} mL now ({change}); "
        "lesions 1 then, 2 now." in text
    )


def test_a_prior_that_was_rejected_or_comes_later_is_none(
    clinic: Clinic, clinician: User, exports: Exports
) -> None:
    rejected = earlier(clinic, 3)
    clinic.services.reviewing.reviews.reject(rejected.id, clinician, RejectReason.ARTEFACT)
    scan = earlier(clinic, 6)
    earlier(clinic, 9)
    assert "Comparison" not in exports.findings(scan.id, clinician)


def test_a_prior_by_another_version_is_not_compared(
    clinic: Clinic, clinician: User, exports: Exports
) -> None:
    prior = clinic.add_volume("u", acquired_at=datetime(2026, 3, 5, 12, tzinfo=UTC))
    scan = earlier(clinic, 6)
    made = clinic.results.latest(scan.id)
    assert made is not None
    clinic.read_volume(prior, provenance=replace(made.provenance, model_version="1"))
    text = exports.findings(scan.id, clinician)
    assert "the prior of 2026-03-05 has no outline by this version" in text and "then" not in text


def test_a_prior_that_is_to_be_read_without_the_ai_stays_hidden(
    clinic: Clinic, clinician: User, exports: Exports
) -> None:
    prior = earlier(clinic, 3)
    scan = earlier(clinic, 6)
    clinic.services.reviewing.unaided.ask([prior.id], clinician)
    assert "Comparison" not in exports.findings(scan.id, clinician)


def test_there_is_no_text_of_what_nobody_has_read_or_may_know(
    clinic: Clinic, clinician: User, exports: Exports
) -> None:
    assert exports.findings(clinic.add_volume("u").id, clinician) == ""
    scan = read_series(clinic)
    clinic.services.reviewing.unaided.ask([scan.id], clinician)
    assert exports.findings(scan.id, clinician) == ""


def test_what_not_found_leaves_open_leaves_with_it(clinic: Clinic, clinician: User, exports: Exports) -> None:
    scan = read_series(clinic, sequence=MrSequence.T1_CONTRAST, positive=False)
    said = (
        "This does not rule out a glioma that hardly enhances: on contrast-enhanced T1 the model misses some."
    )
    assert f"AI: No tumour found (probability 0.97, threshold 0.41). {said}" in exports.findings(
        scan.id, clinician
    )
    assert said.encode() in exports.file(scan.id, Form.SR, clinician).content
