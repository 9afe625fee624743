"""What the panel of reruns says, without a browser."""

from __future__ import annotations

from dashboard.components import reruns as parts
from dashboard.pages import scan_rerun
from data.database import now
from data.records import (
    Ingredient,
    IngredientState,
    Rerun,
    RerunNumbers,
    RerunOutcome,
    RerunReport,
    Role,
)
from services.versions.reruns import RerunResult
from tests.dashboard.clinic import Clinic


def test_numbers_stand_to_the_last_digit_beside_each_other(clinic: Clinic) -> None:
    scan = clinic.add_volume("u")
    result = clinic.read_volume(scan)
    numbers = RerunNumbers(
        (0.9763854698220903, 0.9763854698220902), (True, True), (0.41, 0.41), ("ab" * 32, "cd" * 32),
        (12.5, 12.4), 0.9991, 0.0004, 0.00002,
    )  # fmt: skip
    report = RerunReport(
        (Ingredient("backend", IngredientState.OTHER, "torch float32", "openvino bfloat16", "Why."),),
        numbers, "OpenVINO, bfloat16, cpu", "Not to the last digit.",
    )  # fmt: skip
    rerun = Rerun(
        "r" * 32, scan.id, result.id, RerunOutcome.WITHIN_LIMITS, "u", "Dr Who", now(), now(), report
    )
    said = str(parts.panel(clinic.person(Role.MLOPS), [RerunResult(result, (rerun,))]))
    for words in (
        "Within the limits", "Dr Who", "0.9763854698220903", "0.9763854698220902", "0.0400 %", "0.999100",
        "torch float32", "openvino bfloat16", "another one", "Read now by OpenVINO, bfloat16, cpu.",
    ):  # fmt: skip
        assert words in said, words
    assert parts.panel(clinic.person(Role.ADMIN), [RerunResult(result, ())]) is None


def test_the_panel_is_looked_at_again_only_while_one_waits(clinic: Clinic) -> None:
    scan = clinic.add_volume("u")
    result = clinic.read_volume(scan)
    reruns, head = clinic.services.versions.reruns, clinic.person(Role.HEAD)
    _, still = scan_rerun.show(reruns, head, scan.id)
    assert still
    panel, still = scan_rerun.again(reruns, head, scan.id, result.id)
    assert not still
    assert "Waits to be read again" in str(panel)
    clinic.jobs.start()
    assert clinic.jobs.wait_idle(60)
    panel, still = scan_rerun.show(reruns, head, scan.id)
    assert still
    assert "Cannot be read again" in str(panel)  # what the clinic's results say of their input is made up
