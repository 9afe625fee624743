"""The governance report: what was live, how good, what went wrong, who decided, and nobody's name."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine

from data.errors import InvalidInput
from data.files import FileStore
from data.ledger.in_memory import Ledger
from data.ledger.judgements import JudgementStore
from data.packing import packed
from data.records import (
    BRAIN_TUMOUR,
    PNEUMONIA,
    Alert,
    AlertState,
    DriftAsk,
    DriftRun,
    Goal,
    Judgements,
    ModelVersion,
    Promotion,
    PromotionKind,
    PromotionState,
    RunState,
    Severity,
    SourceGrid,
    Verdict,
)
from data.stores.patients import PatientStore
from data.stores.refusals import RefusalStore
from data.stores.results import ResultStore
from data.stores.reviews import ReviewStore
from data.stores.scans import ScanStore
from models.statistics.estimate import Estimate
from reports.document import Chart, Document, Paragraph, PictureGrid, Table, document_json
from reports.number_words import Share
from reports.typesetting import pdf
from services import keys
from services.cohort.cohort import Cohorts, hidden_from_nobody
from services.performance.history_records import History, VersionHistory
from services.performance.metrics import METRICS
from services.performance.small_figures import NOTHING_WITHHELD
from services.reporting.governance import GovernanceReport, Period, Sources
from services.reporting.governance_summary import verdict
from services.reporting.performance_chapters import real_use_chapter
from services.reporting.performance_report import PerformanceReport
from services.reviewing.pictures import Pictures
from tests.data.builders import MORNING, a_header, a_kept_scan, a_result, a_review
from tests.databases import migrated
from tests.reports.test_document import numbers_in, numbers_of, text_of
from tests.text_detectors import NoText, screening_by

ASK = {"from": "2026-11-01", "to": "2026-11-30"}
SCANS = 24


class Histories:
    """One version, validated and live."""

    def of(self, task: str) -> History:
        version = ModelVersion(task, "3", ("champion",), MORNING, "ab" * 32, {}, "run")
        figures = {
            "presence_recall": Estimate(0.97, 0.94, 0.99, 822),
            "dice_flair": Estimate(0.82, 0.76, 0.88, 17),
        }
        return History(task, MORNING, None, (VersionHistory(version, {}, figures, None),))


def promotions() -> list[Promotion]:
    return [
        Promotion(
            "p", BRAIN_TUMOUR, "3", "2", PromotionKind.PROMOTION, PromotionState.DONE,
            "Better on gliomas", "m", "Max Ops", MORNING, decided_by="h", decided_name="Prof Head",
            decided_at=MORNING + timedelta(hours=1), decision="Agreed by the board", overridden=True,
        )
    ]  # fmt: skip


def drift_runs(task: str) -> list[DriftRun]:
    run = DriftRun("r", DriftAsk(task), RunState.DONE, MORNING, "3", None, "Training", Severity.WARNING)
    return [replace(run, reference_n=500, current_n=77, drifted=4, watched=33)]


def alerts() -> list[Alert]:
    told = ("drift", Severity.WARNING, "Drift of brain-tumour", "Brightness moved.", "/drift")
    return [Alert("a", *told, AlertState.CLOSED, 3, MORNING, MORNING, decided_name="Max Ops", why="new coil")]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = migrated(f"sqlite:///{tmp_path}/lightbox.db")
    yield engine
    engine.dispose()


@pytest.fixture
def sources(engine: Engine, tmp_path: Path) -> Sources:
    """Two dozen reviewed scans."""
    return a_department(engine, tmp_path, SCANS)


def a_department(engine: Engine, folder: Path, count: int) -> Sources:
    """Reviewed scans; the third and sixth were got wrong."""
    files = FileStore(folder / "files")
    results, reviews, scans = ResultStore(engine), ReviewStore(engine), ScanStore(engine)
    for number in range(count):
        grid = SourceGrid("nifti", (8, 8, 4), (2, 1, 0), (1,), None)
        scan = a_kept_scan(
            engine, number, f"Lovelace^Ada{number}", header=a_header(age_years=40.0 + number), grid=grid,
            slices=4, height=8, width=8,
        )  # fmt: skip
        positive = number % 2 == 0
        result = a_result(scan.id, number, positive=positive, probability=0.9 if positive else 0.1)
        results.add(replace(result, has_mask=True))
        files.put_array(keys.array(scan.id), np.arange(256, dtype=np.float32).reshape(4, 8, 8))
        mask = np.zeros((4, 8, 8), dtype=bool)
        mask[2, 2:5, 2:5] = positive
        files.put(keys.mask(result.id), packed(mask))
        wrong = number in (3, 6)
        said: dict[str, Any] = {"truth_positive": positive != wrong}
        if wrong:
            reason = f"Missed by far, Mrs LOVELACE, id of Lovelace^Ada{number}"
            said |= {"verdict": Verdict.REJECTED, "reason": reason}
        reviews.add(a_review(scan.id, result.id, number + 1, **said))
    ledger = Ledger(engine)
    return Sources(
        histories=Histories(),  # type: ignore[arg-type]
        judgements=JudgementStore(engine),
        cohorts=Cohorts(ledger, RefusalStore(engine), lambda: {BRAIN_TUMOUR: 0.5}, hidden_from_nobody),
        reviews=reviews,
        scans=scans,
        patients=PatientStore(engine),
        pictures=Pictures(scans, results, reviews, files, screening_by(NoText(), engine, files)),
        promotions=promotions,
        drift_runs=drift_runs,
        of_made_scans=lambda run: False,
        alerts=alerts,
        goals=lambda task: {"recall": Goal(task, "recall", 0.8, 0.6, "Prof Head", MORNING)},
        card=lambda task: f"# {task}\n\nFor adults only.\n",
        tasks=[BRAIN_TUMOUR],
    )


def written(sources: Sources) -> Document:
    return GovernanceReport(sources).write(ASK, "Prof Head", lambda _: None).document


def chapter(document: Document, title: str) -> Any:
    told = json.loads(document_json(document))
    return next(chapter["blocks"] for chapter in told["chapters"] if chapter["title"] == title)


def test_it_says_what_was_live_and_who_decided(sources: Sources) -> None:
    document = written(sources)
    live = chapter(document, "What was live")[0]["rows"]
    assert [row[1] for row in live] == ["2", "3"]
    assert live[1][4:] == ["Prof Head", "Better on gliomas"]
    approved = json.dumps(chapter(document, "Who approved what"))
    assert "past the gate" in approved
    assert "Agreed by the board" in approved


def test_real_use_is_counted_with_its_interval(sources: Sources) -> None:
    blocks = chapter(written(sources), "Brain tumour: real use")
    assert blocks[0]["words"] == f"Of {SCANS} readings, {SCANS} have a known truth, by review or label."
    table = next(block for block in blocks if block.get("table") == "Version 3")
    recall = next(row for row in table["rows"] if row[0] == "Recall")
    # 12 were called ill, of which one (the sixth) was not; one (the third) was ill and called healthy
    assert recall[1] == round(11 / 12, 3)
    assert recall[4] == 12
    assert recall[2] < recall[1] < recall[3]


def test_the_worst_cases_come_first_and_are_pictured(sources: Sources) -> None:
    document = written(sources)
    blocks = chapter(document, "Brain tumour: worst cases")
    assert [row[2] for row in blocks[0]["rows"][:2]] == ["false alarm", "missed"] or [
        row[2] for row in blocks[0]["rows"][:2]
    ] == ["missed", "false alarm"]
    (gallery,) = (
        block
        for chapter in document.chapters
        if chapter.title == "Brain tumour: worst cases"
        for block in chapter.blocks
        if isinstance(block, PictureGrid)
    )
    assert len(gallery.pictures) == 2
    assert all(picture.png.startswith(b"\x89PNG") for picture in gallery.pictures)


def test_nobody_is_named(sources: Sources) -> None:
    document = written(sources)
    told = document_json(document).decode() + text_of(pdf(document))
    assert "Missed by far" in told
    assert "lovelace" not in told.lower()
    assert "Ada3" not in told


def test_drift_incidents_and_the_card_are_in_it(sources: Sources) -> None:
    document = written(sources)
    (run,) = chapter(document, "Drift")[0]["rows"]
    assert run[1:] == ["Brain tumour", "3", "Training", "warning", 4, 33, 77]
    assert "new coil" in json.dumps(chapter(document, "Incidents"))
    assert chapter(document, "Model card: Brain tumour") == [{"words": "For adults only."}]


def test_days_and_states_of_a_table_are_not_broken_into_lines(sources: Sources) -> None:
    lines = text_of(pdf(written(sources))).splitlines()
    assert any(line.startswith("2026-11-20 08:00") and "warning" in line for line in lines)
    assert not any(line.strip() == "08:00" for line in lines)


def test_what_was_before_the_period_is_not_in_it(sources: Sources) -> None:
    ask = {"from": "2026-12-01", "to": "2026-12-31"}
    document = GovernanceReport(sources).write(ask, "Prof Head", lambda _: None).document
    assert not chapter(document, "Drift")[0]["rows"]
    assert not chapter(document, "Incidents")[0]["rows"]
    assert not chapter(document, "Feedback of reviewers")[1]["rows"]
    live = chapter(document, "What was live")[0]["rows"]
    assert [row[1] for row in live] == ["3"]
    assert pdf(document).startswith(b"%PDF")


def test_every_number_of_its_tables_stands_in_the_pdf(sources: Sources) -> None:
    document = written(sources)
    tables = [block for chapter in document.chapters for block in chapter.blocks if isinstance(block, Table)]
    cells = [cell for table in tables for row in table.rows for cell in row]
    shares = {round(100 * cell, 1) for cell in cells if isinstance(cell, Share)}
    plain = [cell for cell in cells if isinstance(cell, int | float) and not isinstance(cell, Share)]
    assert len(shares) > 15 and len(numbers_in(plain)) > 15
    assert shares | numbers_in(plain) <= numbers_of(text_of(pdf(document)))


def test_it_has_one_kind_of_number(sources: Sources) -> None:
    """Shares in per cent on paper, whatever the table; what is no share is none of these."""
    document = written(sources)
    assert "Dice, AUC" in document.facts["Kinds of numbers"]
    text = " ".join(text_of(pdf(document)).split())
    assert text.count("Recall 91.7 %") > 1
    assert not re.search(r"(Recall|Specificity|Accuracy|Precision|F1) [01]\.", text)
    assert re.search(r"AUC 0\.\d{3}", text)


def test_it_has_no_names_of_the_code(sources: Sources) -> None:
    document = written(sources)
    figures = [
        block.figure for part in document.chapters for block in part.blocks if isinstance(block, Chart)
    ]
    drawn = [[trace["x"], trace["y"]] for figure in figures for trace in figure["data"]]
    told = json.loads(document_json(document))["chapters"]
    tables = [block for part in told if part["title"] != "Incidents" for block in part["blocks"]]
    said = json.dumps([tables, drawn])
    assert "Brain tumour 3" in said
    assert "brain-tumour" not in said


def test_the_first_page_has_verdict_trend_decisions_and_signatures(sources: Sources) -> None:
    front = json.loads(document_json(written(sources)))["front"]
    assert front[0]["words"].startswith("Made 20") and "by the clock of this house" in front[0]["words"]
    rows = {row[0]: row for row in front[1]["rows"]}
    assert rows["Recall"][1:4] == ["80.0 %", "60.0 %", "91.7 %"]
    assert (rows["Recall"][6], rows["Recall"][7]) == ("–", "goal reached, not proved")
    assert rows["Specificity"][7] == "no goal is set"
    said = json.dumps(front)
    assert "Which one is to hold?" in said and "signature" in said


@pytest.mark.parametrize(
    ("value", "low", "said"),
    [
        (0.59, 0.5, "beyond the alert limit"),
        (0.6, 0.5, "goal not reached"),
        (0.8, 0.79, "goal reached, not proved"),
        (0.9, 0.8, "goal reached"),
    ],
)
def test_a_goal_is_proved_by_the_whole_interval(value: float, low: float, said: str) -> None:
    goal = Goal(BRAIN_TUMOUR, "recall", 0.8, 0.6, "x", MORNING)
    assert verdict(METRICS["recall"], Estimate(value, low, 1.0, 50), goal) == said
    fewer = Goal(BRAIN_TUMOUR, "far", 0.2, 0.4, "x", MORNING)
    assert verdict(METRICS["far"], Estimate(1 - value, 0.0, 1 - low, 50), fewer) == said


def test_small_groups_are_not_told(sources: Sources) -> None:
    blocks = chapter(written(sources), "Brain tumour: subgroups")
    rows = [row for block in blocks for row in block.get("rows", [])]
    assert rows
    assert all(row[5] >= 5 for row in rows)  # a line of dashes says nothing: what is withheld is named
    names = {row[0] for row in rows}
    withheld = " ".join(block["words"] for block in blocks if block.get("words", "").startswith("Not told"))
    assert "Not told (fewer than 5 cases): " in withheld
    assert names.isdisjoint({""})


@pytest.mark.parametrize(
    "ask", [{}, {"from": "yesterday", "to": "today"}, {"from": "2026-02-01", "to": "2026-01-01"}]
)
def test_what_is_no_period_is_refused(sources: Sources, ask: dict[str, str]) -> None:
    with pytest.raises(InvalidInput, match="period"):
        GovernanceReport(sources).title(ask)


def test_a_period_has_its_last_day_in_it() -> None:
    period = Period.of(ASK)
    assert period.holds(datetime(2026, 11, 30, 23, 59, tzinfo=UTC))
    assert not period.holds(datetime(2026, 12, 1, tzinfo=UTC))


def test_a_periods_days_and_the_times_of_a_report_are_by_the_clock_of_the_house(
    sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as here:
        here.setenv("TZ", "Europe/Berlin")
        time.tzset()
        period = Period.of(ASK)
        assert period.holds(datetime(2026, 10, 31, 23, tzinfo=UTC))
        assert not period.holds(datetime(2026, 11, 30, 23, tzinfo=UTC))
        assert period.months == ("2026-11", "2026-11")
        (drift,) = chapter(written(sources), "Drift")
        made = datetime.fromisoformat(f"{drift['rows'][0][0]}+01:00")
        assert made == MORNING.replace(second=0, microsecond=0)
    time.tzset()


def test_how_many_readings_there_were_tells_no_small_number(sources: Sources) -> None:
    judgements = sources.judgements.of(BRAIN_TUMOUR)
    hidden = NOTHING_WITHHELD

    def said(read: int, known: int) -> str:
        part = judgements.where(np.arange(known))
        first = real_use_chapter(part, "Brain tumour", read, hidden).blocks[0]
        assert isinstance(first, Paragraph)
        return first.text

    assert said(SCANS + 5, SCANS).startswith(f"Of {SCANS + 5} readings, {SCANS} have")
    assert str(SCANS + 4) not in said(SCANS + 4, SCANS)
    assert "3" not in said(3, 3) and said(3, 3).startswith("Fewer than 5 readings")
    assert said(9, 4) == (
        "Of 9 readings, how many have a known truth, by review or label, is withheld (fewer than 5)."
    )


def test_what_was_said_of_a_synthetic_scan_is_marked(sources: Sources) -> None:
    class MadeUp:
        def get(self, scan_id: str) -> Any:
            return replace(sources.scans.get(scan_id), synthetic=True)  # type: ignore[type-var]

    real = [row[3] for row in chapter(written(sources), "Feedback of reviewers")[1]["rows"]]
    made = replace(sources, scans=MadeUp())  # type: ignore[arg-type]
    marked = [row[3] for row in chapter(written(made), "Feedback of reviewers")[1]["rows"]]
    assert real and marked == [f"SYNTHETIC: {words}" for words in real]


@pytest.mark.parametrize(
    ("made_up", "of_whom", "mark"),
    [
        ((), None, ""),
        (
            (PNEUMONIA,),
            "Pneumonia: SYNTHETIC: made for demonstration, of nobody. Brain tumour: real patients.",
            ", Pneumonia SYNTHETIC",
        ),
        ((BRAIN_TUMOUR, PNEUMONIA), "SYNTHETIC: made for demonstration, of nobody", ", SYNTHETIC"),
    ],
)
def test_every_page_says_which_tasks_are_synthetic(
    sources: Sources, engine: Engine, made_up: Sequence[str], of_whom: str | None, mark: str
) -> None:
    class SomeMadeUp(JudgementStore):
        """The cases of brain tumours for every task, of whom it is asked."""

        def of(self, task: str, *asked: Any, synthetic: bool = False, **more: Any) -> Judgements:
            known = super().of(BRAIN_TUMOUR, *asked, synthetic=False, **more)
            return known if synthetic == (task in made_up) else known.where(np.zeros(len(known), dtype=bool))

    judgements = SomeMadeUp(engine)
    document = written(replace(sources, judgements=judgements, tasks=[BRAIN_TUMOUR, PNEUMONIA]))
    assert document.facts.get("Real use") == of_whom
    assert document.stamp == f"{document.facts['Made']}{mark}"


def test_a_drift_run_of_synthetic_scans_is_marked(sources: Sources) -> None:
    named = {
        made: chapter(written(replace(sources, of_made_scans=lambda _, made=made: made)), "Drift")[0]
        for made in (False, True)
    }
    assert [named[made]["rows"][0][1] for made in (False, True)] == [
        "Brain tumour",
        "Brain tumour, SYNTHETIC",
    ]


@pytest.mark.parametrize("severity", Severity)
def test_a_report_says_nothing_by_the_names_of_the_program(sources: Sources, severity: Severity) -> None:
    asked = replace(promotions()[0], state=PromotionState.ASKED, kind=PromotionKind.ROLLBACK)
    standing = replace(alerts()[0], severity=severity, state=AlertState.OPEN)
    sources = replace(
        sources,
        alerts=lambda: [standing],
        promotions=lambda: [asked],
        drift_runs=lambda task: [replace(run, severity=severity) for run in drift_runs(task)],
    )
    document = json.loads(document_json(written(sources)))
    (drift,) = {part["title"]: part["blocks"] for part in document["chapters"]}["Drift"]
    assert drift["rows"][0][4] == severity.value.replace("-", " ")
    (approved,) = next(part for part in document["chapters"] if part["title"] == "Who approved what")[
        "blocks"
    ]
    assert approved["rows"][0][1:3] == [
        "back to brain tumour, version 3",
        "waits for a second person",
    ]
    said = json.dumps(document["front"])
    assert "too-few" not in said and "not-judged" not in said


def test_a_performance_report_tells_validation_and_real_use_apart(sources: Sources) -> None:
    writer = PerformanceReport(sources.histories, sources.judgements, [BRAIN_TUMOUR])
    document = writer.write({"task": BRAIN_TUMOUR, "month": "2026-11"}, "Prof Head", lambda _: None).document
    validation = json.dumps(chapter(document, "Brain tumour: validation"))
    assert "Recall, single slices" in validation
    assert "822" in validation
    assert "822" not in json.dumps(chapter(document, "Brain tumour: real use"))
    text = text_of(pdf(document))
    assert "Live" in text
    assert "version 3" in text
    with pytest.raises(InvalidInput):
        writer.title({"task": "nothing"})
    with pytest.raises(InvalidInput):
        writer.title({"task": BRAIN_TUMOUR, "month": "November"})
    ask = {"task": BRAIN_TUMOUR, "version": "3", "month": "2026-11"}
    assert writer.title(ask) == "Performance: Brain tumour, version 3, 2026-11"
    made = PerformanceReport(sources.histories, _MadeOnly(sources.judgements), [BRAIN_TUMOUR])  # type: ignore[arg-type]
    assert made.title(ask) == "Performance: Brain tumour, version 3, 2026-11, SYNTHETIC"


class _MadeOnly:
    """Judgements of a house in which every scan was made for a demonstration."""

    def __init__(self, judgements: JudgementStore) -> None:
        self._judgements = judgements

    def of(self, *asked: Any, synthetic: bool) -> Judgements:
        return self._judgements.of(*asked, synthetic=False) if synthetic else Judgements.from_columns({})
