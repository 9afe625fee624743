"""The manual's third task in daily use: read, listed, judged, counted, watched, packed and reported."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from dashboard.components.results import short_result, task_name
from data.house_clock import day_of, today
from data.records import (
    DriftAsk,
    RejectReason,
    ReportKind,
    ReportState,
    Result,
    Role,
    Severity,
    User,
    WorklistQuery,
)
from models import weights
from models.pneumonia import network
from models.pretrained import Start
from models.task import Decision, Task
from services.assembly.container import Services
from services.performance.assess_ai import COLUMNS
from services.reading.suitability_gate import BY_HEADER_ALONE
from services.task_words import outcome_words
from tests.data.formats import making
from tests.services.real import PATIENCE_S, person, running
from tests.third_task import NAME, third_task

N = 60  # drift is judged from 30 readings on each side


@dataclass
class Ward:
    """A department that reads wrists, with a clinician and somebody for the models."""

    services: Services
    clinician: User
    mlops: User
    results: list[Result]  # of the X-rays in their order
    truths: list[bool]  # what the clinician said of each


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    folder = tmp_path_factory.mktemp("wrists")
    with third_task(folder) as task:
        _shipped(task)
        with running(folder / "home") as services:
            yield _worked(services)


def _shipped(task: Task) -> None:
    """Weights that nobody trained, with a threshold in the middle of what they say."""
    torch.manual_seed(0)
    made = network.build(start=Start.SCRATCH).eval()
    pictures = torch.cat([task.prepare(_pixels(number)[None])[0] for number in range(N)])
    with torch.no_grad():
        logits = made(pictures)[:, 0]
    temperature = float(logits.std())
    decision = Decision(0.5, temperature, bias=-float(logits.median()) / temperature)
    weights.save(task.folder, made.state_dict(), decision, {}, {})
    (task.folder / weights.CARD).write_text("# Fracture on wrist X-ray\n\nTrained on **nothing**.\n")


def _pixels(number: int) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 60 + 3 * number, (96, 80)).astype(np.uint16)


def _worked(services: Services) -> Ward:
    """Everything sent and read; the clinician agrees with three of four."""
    clinician = person(services, Role.CLINICIAN, "ada")
    upload = services.reading.intake.receive(clinician, "wrists.zip", io.BytesIO(_zip()))
    assert services.jobs.wait_idle(PATIENCE_S)
    upload = services.reading.uploads.get(clinician, upload.id)
    assert (len(upload.scan_ids), upload.refusals) == (N, ())
    views = [services.reviewing.scan_views.scan(scan_id, clinician) for scan_id in upload.scan_ids]
    views.sort(key=lambda view: view.patient.identity.patient_id)
    results, truths = [], []
    for number, view in enumerate(views):
        result = view.result
        truths.append(result.positive if number % 4 else not result.positive)
        if truths[-1] is result.positive:
            services.reviewing.reviews.accept(view.scan.id, clinician)
        else:
            services.reviewing.reviews.reject(
                view.scan.id, clinician, RejectReason.OTHER, "Look again.", truths[-1]
            )
        results.append(result)
    assert services.jobs.wait_idle(PATIENCE_S)
    return Ward(services, clinician, person(services, Role.MLOPS, "mel"), results, truths)


def _zip() -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for number in range(N):
            file = io.BytesIO()
            dataset = making.picture(
                _pixels(number), SOPClassUID=making.DX, Modality="DX", BodyPartExamined="WRIST",
                StudyInstanceUID=f"1.2.{number}", SeriesInstanceUID=f"1.2.{number}.1",
                PatientName=f"Name^{number:02}", PatientID=f"W-{number:02}", PatientSex="F",
                InstitutionName="North",
            )  # fmt: skip
            making.save(dataset, file)
            archive.writestr(f"{number:02}.dcm", file.getvalue())
    return memory.getvalue()


def _agreement(ward: Ward) -> dict[tuple[bool, bool], int]:
    """How many were (called, truly) so."""
    pairs = [(result.positive, truth) for result, truth in zip(ward.results, ward.truths, strict=True)]
    return {key: pairs.count(key) for key in ((True, True), (True, False), (False, True), (False, False))}


def test_worklist_and_scan_page_speak_of_fractures(ward: Ward) -> None:
    assert {result.positive for result in ward.results} == {True, False}
    query = WorklistQuery(filters={"task": (NAME,), "result": ("positive",)}, count=200)
    page = ward.services.reviewing.worklist.page(query, ward.clinician)
    positive = [result for result in ward.results if result.positive]
    assert page.total == len(page.rows) == len(positive)
    assert task_name(NAME) == "Wrist fracture"
    chances = {result.scan_id: result.probability for result in positive}
    assert {short_result(row) for row in page.rows} == {
        f"Fracture likely {chance:.2f}" for chance in chances.values()
    }
    said = {outcome_words(result.task, result.outcome) for result in ward.results}
    assert said == {"Fracture likely", "Fracture unlikely"}
    view = ward.services.reviewing.scan_views.scan(page.rows[0].scan_id, ward.clinician)
    assert BY_HEADER_ALONE in view.scan.warnings


def test_the_cohort_counts_them(ward: Ward) -> None:
    cohort = ward.services.cohort.numbers.cohort({"task": (NAME,)}, None)
    called = sum(result.positive for result in ward.results)
    assert (cohort.scans.n, cohort.patients) == (N, N)
    assert (cohort.positive.share.value, cohort.positive.share.n) == (pytest.approx(called / N), N)
    assert [(bar.name, bar.n) for bar in cohort.by_task] == [(NAME, N)]
    assert cohort.volume_ml.n == 0


def test_performance_is_what_the_reviews_say(ward: Ward) -> None:
    performance, counts = ward.services.performance, _agreement(ward)
    performance.histories.refresh(NAME)
    champion = ward.services.versions.registry.champion(NAME)
    for metric, value, n in (
        ("recall", counts[True, True], counts[True, True] + counts[False, True]),
        ("specificity", counts[False, False], counts[False, False] + counts[True, False]),
    ):
        shown = performance.numbers.shown(performance.numbers.asked(f"task={NAME}&metric={metric}", None))
        (point,) = [point for point in shown.points if point.source == "reviewed" and not point.month]
        assert (point.version, point.figure.n) == (champion.version, n)
        assert point.figure.value == pytest.approx(value / n)


def test_what_leaves_for_a_registry_names_the_body_part(ward: Ward) -> None:
    performance = ward.services.performance
    file = performance.assess_ai.export(performance.numbers.asked(f"task={NAME}", None), ward.mlops)
    head, *rows = csv.reader(io.StringIO(file.content.decode("utf-8-sig")))
    assert tuple(head) == COLUMNS
    assert len(rows) == N
    assert {(row["Model"], row["Modality"], row["Body Part Examined"]) for row in _named(rows)} == {
        (NAME, "DX", "WRIST")
    }
    called = sum(result.positive for result in ward.results)
    assert [row["Result Indicator"] for row in _named(rows)].count("Positive") == called


def _named(rows: list[list[str]]) -> list[dict[str, str]]:
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows]


def test_drift_is_watched_against_the_first_readings(ward: Ward) -> None:
    runs = ward.services.drift.runs
    run = runs.run_now(DriftAsk(NAME, last=N // 2), ward.mlops)
    assert (run.task, run.reference_n, run.current_n) == (NAME, N // 2, N // 2)
    assert run.reference_name == f"First {N // 2} readings of {NAME}"
    assert run.severity is not Severity.TOO_FEW
    snapshot = runs.snapshot(run.id)
    assert snapshot["task"] == NAME
    assert "probability" in {feature["name"] for feature in snapshot["features"]}


def test_the_trainer_reads_a_retraining_pack_of_it(ward: Ward, tmp_path: Path) -> None:
    from models.wrist_fracture.evaluation import wrist_xrays  # type: ignore[import-not-found]

    packs = ward.services.training.packs
    pack = packs.request(NAME, [result.scan_id for result in ward.results], "more wrists", ward.mlops)
    assert ward.services.jobs.wait_idle(PATIENCE_S)
    with zipfile.ZipFile(io.BytesIO(packs.content(pack.id, ward.mlops))) as archive:
        archive.extractall(tmp_path)
        assert "Name" not in "".join(archive.namelist())
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert (manifest["task"], manifest["counts"]["scans"]) == (NAME, N)
    assert manifest["counts"]["positive"] == sum(ward.truths)
    xrays = wrist_xrays(tmp_path)
    truth_of = {scan["files"][0]: scan["positive"] for scan in manifest["scans"]}
    assert {f"wrist_xray/images/{xray.image.name}": xray.fracture for xray in xrays} == truth_of
    assert {xray.patient: xray.fold for xray in xrays} == manifest["split"]


@pytest.mark.parametrize(
    ("kind", "ask", "sentence"),
    [
        (ReportKind.PERFORMANCE, {"task": NAME}, f"Of {N} readings, {N} have a known truth"),
        (ReportKind.COHORT, {"filters": f"task={NAME}"}, f"task {NAME}"),
        (ReportKind.GOVERNANCE, {}, "Wrist fracture: real use"),
    ],
)
def test_reports_hold_its_numbers(ward: Ward, kind: ReportKind, ask: dict[str, str], sentence: str) -> None:
    reporting = ward.services.reporting
    if kind is ReportKind.GOVERNANCE:
        ask = _days_of_the_ward(ward)
    report = reporting.request(kind, ask, ward.mlops)
    assert ward.services.jobs.wait_idle(PATIENCE_S)
    made = reporting.get(report.id)
    assert made.state is ReportState.MADE, made.failure
    text = reporting.file(report.id, "json", ward.mlops).content.decode()
    assert sentence in text
    assert reporting.file(report.id, "pdf", ward.mlops).content.startswith(b"%PDF")
    if kind is not ReportKind.COHORT:
        counts = _agreement(ward)
        tables = _tables(json.loads(text))
        assert ["ill", counts[True, True], counts[False, True]] in tables
        assert ["healthy", counts[True, False], counts[False, False]] in tables


def _days_of_the_ward(ward: Ward) -> dict[str, str]:
    """From the first reading's day to this one: midnight may lie between them."""
    first = min(result.created_at for result in ward.results)
    return {"from": day_of(first).isoformat(), "to": today().isoformat()}


def _tables(content: object) -> list[list[object]]:
    """Every row of every table, first three cells."""
    if isinstance(content, dict):
        rows = [row[:3] for row in content.get("rows", []) if isinstance(row, list)]
        return rows + [row for part in content.values() for row in _tables(part)]
    return [row for part in content for row in _tables(part)] if isinstance(content, list) else []
