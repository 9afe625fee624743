"""The living model card: counted, dated, with its evidence, and honest about what is missing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.database import now
from data.errors import InvalidInput, NotAllowed, NotFound
from data.records import (
    BRAIN_TUMOUR,
    DriftAsk,
    DriftRun,
    Goal,
    Judgement,
    Judgements,
    ModelVersion,
    Role,
    RunState,
    Verdict,
)
from models import tasks
from services.reporting.model_card.attributes import ATTRIBUTES, HEADINGS
from services.reporting.model_card.filling import CardFacts, filled, section
from tests.dashboard.clinic import Clinic

FOLDER = Path(tasks.BRAIN_TUMOUR.folder)
FREE = {
    "developer", "funding", "fairness_approach", "bias_management", "external_party", "outcomes",
}  # fmt: skip


def _judged(n: int) -> Judgements:
    return Judgements.of(
        Judgement(
            scan_id=f"{number:032x}", result_id=f"{number:032x}", task=BRAIN_TUMOUR, version="1",
            created_at=now(), positive=number % 2 == 0, probability=0.9 if number % 2 == 0 else 0.1,
            threshold=0.5, truth_positive=number % 2 == 0, verdict=Verdict.ACCEPTED, sex="FM"[number % 4 > 1],
        )
        for number in range(n)
    )  # fmt: skip


def _facts(n: int = 24) -> CardFacts:
    """A house with the shipped version, reviews, a goal and a drift run."""
    made = datetime(2026, 11, 3, tzinfo=UTC)
    settings = json.loads((FOLDER / "settings.json").read_text())
    figures = {}
    for name, figure in settings["metrics"].items():
        figures[name] = figure["value"]
        figures |= {f"{name}_{part}": figure[part] for part in ("low", "high", "n") if part in figure}
    run = DriftRun(
        "d" * 32, DriftAsk(BRAIN_TUMOUR), RunState.DONE, made, version="1", reference_name="training",
        reference_n=1196, current_n=100, drifted=4, watched=25, finished_at=made,
    )  # fmt: skip
    return CardFacts(
        task=tasks.BRAIN_TUMOUR,
        version=ModelVersion(BRAIN_TUMOUR, "1", ("champion",), made, "ab" * 32, figures),
        threshold=0.3392,
        card=(FOLDER / "card.md").read_text(),
        reference=pd.read_parquet(FOLDER / "reference.parquet", columns=["sex", "age_years"]),
        judgements=_judged(n),
        goals={"recall": Goal(BRAIN_TUMOUR, "recall", 0.95, 0.9, "Dr Head", made)},
        drift=run,
        alerts=[],
        promotions=[],
        feedback=2,
    )


def test_the_rule_has_31_attributes_and_annex_iv_nine_headings() -> None:
    assert [attribute.number for attribute in ATTRIBUTES] == list(range(1, 32))
    assert len({attribute.key for attribute in ATTRIBUTES}) == 31
    assert ATTRIBUTES[0].paragraph == "(1)(i)" and ATTRIBUTES[-1].paragraph == "(9)(ii)"
    assert [heading.number for heading in HEADINGS] == list(range(1, 10))
    known = {attribute.key for attribute in ATTRIBUTES}
    assert all(set(heading.attributes) <= known for heading in HEADINGS)


def test_a_house_in_use_fills_25_by_itself_with_date_and_evidence() -> None:
    said = filled(_facts())
    assert len(said) == 25
    assert {attribute.key for attribute in ATTRIBUTES} - set(said) == FREE
    assert all(each.text and each.evidence.startswith("/") and each.as_of.tzinfo for each in said.values())
    assert "4 of 25 watched features differ" in said["relevance"].text
    assert "Recall: 100.0 % (75.8 to 100.0 %), n = 12" in said["validity_local"].text  # 12 of 15.84
    assert "Recall: goal 95.0 %, limit 90.0 %" in said["validity_monitoring"].text
    assert "F 342" in said["training_representativeness"].text
    assert "healthy pictures in which the tumour is said to be found" in said["validity_external"].text
    assert "Adults with a suspected or known brain tumour" in said["intended_use"].text


def test_what_the_house_does_not_have_is_missing() -> None:
    bare = replace(_facts(0), card="", reference=None, drift=None, threshold=None, goals={})
    bare = replace(bare, version=replace(bare.version, metrics={}))
    missing = {attribute.key for attribute in ATTRIBUTES} - set(filled(bare))
    assert missing >= FREE | {"intended_use", "relevance", "validity_local", "fairness_local"}
    assert "validity_test" in missing
    assert "validity_local" not in filled(_facts(4))  # fewer than five cases
    assert "fairness_local" not in filled(_facts(8))
    assert "validity_local" in filled(_facts(10))


def test_a_card_gives_no_small_number_away_by_what_stands_beside_it() -> None:
    """Of 15 cases 12 are ill: their recall beside the whole would tell that three are healthy."""
    judged = _judged(24)
    ill, healthy = (np.flatnonzero(judged.truth_positive == side) for side in (True, False))
    few = judged.where(np.concatenate([ill, healthy[:3]]))
    said = filled(replace(_facts(), judgements=few)).get("validity_local")
    text = "" if said is None else said.text
    assert not [words for words in ("Specificity", "AUC", "Calibration", "15", "n = 3") if words in text]


def test_a_cards_drift_run_is_of_patients(clinic: Clinic) -> None:
    cards, head = clinic.services.model_cards, clinic.person(Role.HEAD)
    runs = [
        replace(run, id=name, version="2") for run in [_facts().drift] if run for name in ("made", "real")
    ]
    runs[1] = replace(runs[1], drifted=7)
    cards._sources = replace(
        cards._sources, drift_runs=lambda _: runs, of_made_scans=lambda run: run.id == "made"
    )
    told = {entry.attribute.key: entry.text for entry in cards.of(BRAIN_TUMOUR, "2", head).entries}
    assert str(told["relevance"]).startswith("7 of 25")


def test_a_section_ends_where_the_next_begins() -> None:
    card = "# T\n\n## Data\nOne.\n\n### By group\nTwo.\n\n## Known limits\nThree.\n"
    told = [section(card, name) for name in ("Data", "By group", "Known limits")]
    assert told == ["One.", "Two.", "Three."]
    assert section(card, "Dat") is None


def test_people_write_the_rest_under_their_name(clinic: Clinic) -> None:
    cards, head = clinic.services.model_cards, clinic.person(Role.HEAD)
    before = cards.of(BRAIN_TUMOUR, "2", head)
    assert before.by_itself + len(before.missing) == 31
    card = cards.write(BRAIN_TUMOUR, "2", "funding", " The department's own. ", head)
    (entry,) = [entry for entry in card.entries if entry.attribute.key == "funding"]
    assert (entry.text, entry.author) == ("The department's own.", "Dr Head")
    assert (card.written, len(card.missing)) == (1, len(before.missing) - 1)
    again = cards.write(BRAIN_TUMOUR, "2", "funding", "A grant.", head)
    assert [entry.text for entry in again.entries if entry.author] == ["A grant."]
    with pytest.raises(InvalidInput, match="by itself"):
        cards.write(BRAIN_TUMOUR, "2", "output", "Wonders.", head)
    with pytest.raises(InvalidInput, match="Write something"):
        cards.write(BRAIN_TUMOUR, "2", "funding", " ", head)
    with pytest.raises(InvalidInput, match="what it is about"):
        cards.write(BRAIN_TUMOUR, "2", "fame", "Much.", head)
    with pytest.raises(NotAllowed):
        cards.write(BRAIN_TUMOUR, "2", "funding", "Mine.", clinic.person(Role.CLINICIAN))
    with pytest.raises(NotFound):
        cards.of("knees", "2", head)


def test_both_files_say_the_same(clinic: Clinic) -> None:
    cards, operator = clinic.services.model_cards, clinic.person(Role.MLOPS)
    cards.write(BRAIN_TUMOUR, "2", "outcomes", "None is known.", operator)
    card = cards.of(BRAIN_TUMOUR, "2", operator)
    told = json.loads(cards.file(BRAIN_TUMOUR, "2", "json", operator).content)
    assert (told["filled_by_itself"], told["written_by_people"]) == (card.by_itself, 1)
    assert told["missing"] == [attribute.name for attribute in card.missing]
    assert len(told["attributes"]) == 31
    assert cards.file(BRAIN_TUMOUR, "2", "pdf", operator).content.startswith(b"%PDF")
    with pytest.raises(NotFound):
        cards.file(BRAIN_TUMOUR, "2", "docx", operator)
