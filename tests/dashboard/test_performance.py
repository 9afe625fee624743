"""The performance page: what it shows is what the API and the files say, for those who may see it."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from dashboard.api.document import document as api_document
from dashboard.api.routes import OPERATIONS
from dashboard.components.frame import LOCATION
from dashboard.components.performance import details
from dashboard.components.performance.controls import CONTROLS
from dashboard.pages import performance
from dashboard.pages import performance_closer as closer
from dashboard.pages.performance_threshold import registered
from data.errors import InvalidInput, NotAllowed
from data.records import BRAIN_TUMOUR, PNEUMONIA, ReadCount, Role, User
from services.performance.metrics import METRICS
from services.performance.number_words import value_words
from tests.dashboard.clinic import Clinic
from tests.dashboard.conftest import callback
from tests.services.performance_department import with_history

HEAD = User("head", "head", "Prof Cole", Role.HEAD)
MLOPS = User("mlops", "mlops", "Nora Field", Role.MLOPS)


@pytest.fixture
def history(clinic: Clinic) -> Iterator[Clinic]:
    """The clinic with a history of two versions."""
    department = with_history(clinic.database, clinic.folder)
    clinic.replace(performance=department.performance)
    yield clinic
    department.close()


def words(component: Any) -> str:
    """What a component says, without its markup."""
    plain = json.loads(json.dumps(component, default=lambda part: part.to_plotly_json()))
    texts: list[str] = []

    def walk(part: Any) -> None:
        if isinstance(part, dict):
            walk(part.get("props", {}).get("children"))
        elif isinstance(part, list):
            for child in part:
                walk(child)
        elif part is not None:
            texts.append(str(part))

    walk(plain)
    return "|".join(texts)


@pytest.mark.parametrize(
    "address", ["", "?by=month&metric=accuracy", "?metric=dice", "?metric=latency_p95_ms&by=month"]
)
def test_page_api_and_file_say_the_same(history: Clinic, sign_in, address: str) -> None:
    shown = performance.show(history.services.performance, HEAD, address)
    client = sign_in(Role.HEAD)
    asked = f"{address or '?'}{'' if 'metric' in address else '&metric=recall'}&audience=inside"
    numbers = client.get(f"/api/v1/performance{asked}").get_json()["numbers"]
    assert len(numbers) >= 3
    table = words(shown[performance.NUMBERS])
    drawn = [
        row
        for trace in shown[performance.GRAPH]["data"]
        for row in zip(trace["y"], trace["customdata"], strict=True)
    ]
    metric = METRICS[numbers[0]["metric"]]
    for number in numbers:
        assert f"|{value_words(metric, number['value'])}|" in table
        scaled = 100 * number["value"] if metric.percent else number["value"]
        assert (scaled, number["n"]) in [(y, of[2]) for y, of in drawn]
        assert number["cases"] in [of[0] or None for _, of in drawn]
    file = client.get(f"/exports/performance.csv{address or '?'}&audience=inside").get_data()
    rows = list(csv.DictReader(io.StringIO(file.decode("utf-8-sig"))))
    told = [row for row in rows if row["section"] == metric.name]
    assert [(float(row["value"]), int(row["n"])) for row in told] == [
        (number["value"], number["n"]) for number in numbers
    ]


def test_the_page_says_what_is_live_and_since_when(history: Clinic) -> None:
    shown = performance.show(history.services.performance, HEAD, "")
    said = words(shown[performance.LIVE])
    assert "Version 2|live|since 2026-11-01" in said
    assert "approved by Dr Head" in said
    assert METRICS["recall"].meaning in words(shown[performance.MEANING])
    assert "20 of 28 readings (71 %) are judged" in shown[performance.COVERAGE]


def test_every_cell_of_the_matrix_leads_to_as_many_cases(history: Clinic) -> None:
    matrix = closer.show(history.services.performance, HEAD, "?version=1")[closer.MATRIX]
    cells = {words(cell).split("|")[0]: cell for cell in matrix.children[0].children}
    assert [words(value).split("|")[1] for value in cells.values()] == ["18", "4", "2", "6"]
    for name, cell in cells.items():
        path, _, query = cell.href.partition("?")
        if path == "/worklist":
            assert (
                str(history.services.cohort.numbers.total(parse_qs(query), None)) == words(cell).split("|")[1]
            ), name
        else:
            listed = closer.show(history.services.performance, HEAD, f"?{query}")[closer.CASES]
            assert f": {words(cell).split('|')[1]}|" in words(listed), name


def test_a_threshold_is_looked_at_without_changing_anything(history: Clinic) -> None:
    shown = closer.what_if(history.services.performance, HEAD, "?version=1", 0.0)
    said, roc, precision = (shown[name] for name in (closer.WHAT_IF, closer.ROC, closer.PRECISION))
    said = words(said)
    assert "Recall|81.8 %|100.0 %" in said
    assert "False alarm rate (FAR)|25.0 %|100.0 %" in said
    mark = {
        operation["location"][-1]: operation["params"]["value"]
        for operation in roc.to_plotly_json()["operations"]
    }
    assert mark == {"x": [1.0], "y": [1.0]}
    assert precision.to_plotly_json()["operations"]


def test_validation_is_listed_and_named(history: Clinic) -> None:
    shown = closer.show(history.services.performance, HEAD, "?of=validation")
    assert "TCGA_1" in words(shown[closer.CASES])
    assert "5" in words(shown[closer.MATRIX])


def test_training_and_comparison_are_shown(history: Clinic) -> None:
    shown = closer.training(history.services.performance, HEAD, "?version=2")
    facts, charts = shown[closer.TRAINING], shown[closer.TRAINING_CURVES]
    assert "ab" * 32 in words(facts)
    assert [chart.children[0].children for chart in charts] == ["dice", "loss"]
    assert "8 judged scans were read by both" in words(
        closer.compared(history.services.performance, HEAD, "?version=1&vs=2")[closer.COMPARISON]
    )
    assert "Choose a second version" in words(
        closer.compared(history.services.performance, HEAD, "?version=1")[closer.COMPARISON]
    )


def test_pictures_of_a_run_are_served_and_nothing_else(history: Clinic, sign_in) -> None:
    client = sign_in(Role.HEAD)
    picture = client.get("/performance-pictures?version=2&path=model/worst.png")
    assert (picture.status_code, picture.mimetype) == (200, "image/png")
    assert client.get("/performance-pictures?version=2&path=model/settings.json").status_code == 404
    assert client.get("/performance-pictures?version=2").status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/performance",
        "/exports/performance.csv",
        "/exports/assess-ai.csv",
        "/performance-pictures?path=a.png",
    ],
)
def test_administrators_and_strangers_get_nothing(clinic: Clinic, server, sign_in, path: str) -> None:
    assert server.test_client().get(path).status_code == 401
    assert sign_in(Role.ADMIN).get(path).status_code == 403


def test_an_empty_house_says_so(clinic: Clinic, sign_in) -> None:
    answer = sign_in(Role.HEAD).get(f"/api/v1/performance?task={PNEUMONIA}&metric=auc").get_json()
    assert (answer["numbers"], answer["live"]) == ([], None)
    assert answer["cases"]["absent"].startswith("No reading of this task")
    shown = performance.show(clinic.services.performance, HEAD, f"?task={PNEUMONIA}")
    assert "No version is live." in words(shown[performance.LIVE])
    assert "Nothing is known" in words(shown[performance.NUMBERS])


def test_wrong_addresses_are_refused(clinic: Clinic, sign_in) -> None:
    client = sign_in(Role.HEAD)
    for address in ("metric=luck", "task=x", "month=13", "colour=red"):
        assert client.get(f"/api/v1/performance?{address}").status_code == 400
    assert client.get("/exports/performance.exe").status_code == 404


def test_heads_set_goals_and_clinicians_do_not(clinic: Clinic, sign_in) -> None:
    outputs = f"{performance.GOAL_SAID}.children"
    state = [
        {"id": performance.GOAL, "property": "value", "value": "95"},
        {"id": performance.LIMIT, "property": "value", "value": "90"},
        {"id": LOCATION, "property": "search", "value": "?metric=recall"},
    ]
    inputs = [{"id": performance.GOAL_SAVE, "property": "n_clicks", "value": 1}]
    for role, status in ((Role.CLINICIAN, None), (Role.HEAD, 0.95)):
        client = sign_in(role)
        (name,) = [
            dependency["output"]
            for dependency in client.get("/_dash-dependencies").get_json()
            if outputs in dependency["output"]
        ]
        callback(client, name, inputs, changed=f"{performance.GOAL_SAVE}.n_clicks", state=state)
        goal = clinic.services.performance.goals.of(BRAIN_TUMOUR).get("recall")
        assert (goal.goal if goal else None) == status


def test_script_and_page_agree_on_the_controls_and_their_order() -> None:
    script = (Path(performance.__file__).parents[1] / "assets" / "performance.js").read_text()
    (names,) = re.findall(r"const NAMES = \[(.*?)\]", script)
    assert tuple(json.loads(f"[{names}]")) == CONTROLS


def test_the_manual_names_every_field() -> None:
    manual = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text()
    document = api_document(OPERATIONS)
    for field in document["components"]["schemas"]["PerformanceNumber"]["properties"]:
        assert f"`{field}`" in manual, field
    for parameter in document["paths"]["/api/v1/performance"]["get"]["parameters"]:
        assert f"`{parameter['name']}`" in manual, parameter
    for metric in METRICS:
        assert f"`{metric}`" in manual, metric


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (ReadCount(), "No scan of the random sample has been read yet."),
        (ReadCount(9, 0, 4, 3), "No scan of the random sample waits for you."),
        (ReadCount(9, 4, 4, 4), "Every scan of the random sample is judged (n = 4)."),
    ],
)
def test_where_nothing_of_the_sample_is_proposed_the_page_says_why(count: ReadCount, said: str) -> None:
    assert words(details.proposals([], 500, count)) == said


def test_what_the_slider_shows_is_registered_by_mlops_alone(history: Clinic) -> None:
    performance_of, thresholds = history.services.performance.numbers, history.services.versions.thresholds
    search = f"?task={PNEUMONIA}&version=1"
    with pytest.raises(NotAllowed):
        registered(performance_of, thresholds, HEAD, search, 0.6, "Tried.")
    with pytest.raises(InvalidInput, match="Choose a version"):
        registered(performance_of, thresholds, MLOPS, search, None, "Tried.")
