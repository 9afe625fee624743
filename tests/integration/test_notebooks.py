"""The notebooks do what they say, from made data to figures, and keep nothing of what they showed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

from dashboard.build import build_dashboard
from data.records import Role
from tests.browser.conftest import serving
from tests.dashboard.clinic import Clinic
from tests.dashboard.furnished import furnish, noted
from tests.integration.python_client import built_wheel, read_while_waited_for, unpacked

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = {file.stem: file for file in sorted((ROOT / "notebooks").glob("*.ipynb"))}
PATIENCE_S = 560
pytestmark = pytest.mark.timeout(600)
TABLE, CHART = "text/html", "application/vnd.plotly.v1+json"


@pytest.mark.parametrize("file", NOTEBOOKS.values(), ids=NOTEBOOKS)
def test_a_notebook_is_kept_without_what_it_showed(file: Path) -> None:
    """Outputs may hold names of scans and folders: `make format` takes them out."""
    notebook = nbformat.read(file, as_version=4)
    nbformat.validate(notebook)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    for cell in notebook.cells:
        assert cell.cell_type == "markdown" or (cell.outputs, cell.execution_count) == ([], None)
        assert cell.metadata == {}


@pytest.mark.parametrize("file", NOTEBOOKS.values(), ids=NOTEBOOKS)
def test_a_notebook_says_where_your_own_goes_and_links_to_what_is_there(file: Path) -> None:
    told = "".join(
        cell.source for cell in nbformat.read(file, as_version=4).cells if cell.cell_type == "markdown"
    )
    assert re.search(r"\*\*Your own \w+:\*\* set `MY_\w+`", told) or "**Your own tables:**" in told
    for target in re.findall(r"\]\(([^)#:]+)\)", told):
        assert (file.parent / target).exists(), target


class Run:
    """A notebook from its first cell to its last, in a kernel of its own."""

    def __init__(self, name: str, folder: Path, **environment: str) -> None:
        notebook = nbformat.read(NOTEBOOKS[name], as_version=4)
        place = {"metadata": {"path": str(NOTEBOOKS[name].parent)}}
        client = NotebookClient(notebook, timeout=PATIENCE_S, kernel_name="python3", resources=place)
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("LIGHTBOX_")}
        own = {
            "OMP_NUM_THREADS": "1",
            "IPYTHONDIR": str(folder),
            "LIGHTBOX_DEVICE": "cpu",
            "TMPDIR": str(folder),  # what a notebook makes stays for its reader
        }
        client.execute(env=inherited | own | environment)
        self.outputs: list[NotebookNode] = [
            output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs
        ]

    @property
    def printed(self) -> str:
        """Everything that cells printed."""
        return "".join(output.text for output in self.outputs if output.get("name") == "stdout")

    @property
    def complaints(self) -> list[str]:
        """What went to stderr and is no progress bar or line of a log."""
        return [
            output.text
            for output in self.outputs
            if output.get("name") == "stderr" and re.search("Warning|Traceback|Error", output.text)
        ]

    def shown(self, kind: str) -> list[Any]:
        """The tables, charts or pictures."""
        return [output.data[kind] for output in self.outputs if kind in output.get("data", {})]

    @property
    def tables(self) -> list[list[list[str]]]:
        """The cells of every table, row by row, without its head."""
        return [
            [
                re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
                for row in re.findall(r"<tr>.*?</tr>", body, re.DOTALL)
            ]
            for html in self.shown(TABLE)
            for body in re.findall(r"<tbody>(.*?)</tbody>", html, re.DOTALL)
        ]


@pytest.mark.integration
def test_labelled_data_is_looked_at(tmp_path: Path) -> None:
    run = Run("01_look_at_labelled_data", tmp_path)
    head, sites, folds, noise = run.tables
    assert [row[0] for row in sites] == [row[0] for row in noise] == ["North", "South"]
    assert sum(int(row[1]) for row in sites) == sum(int(row[1]) for row in folds) == 10
    north, south = (float(row[1]) for row in noise)
    assert south > 1.5 * north  # as the text beside it says
    assert (len(head), len(run.shown(CHART)), run.complaints) == (5, 3, [])


@pytest.mark.integration
def test_a_choice_is_trained_and_read_out_of_mlflow(tmp_path: Path) -> None:
    run = Run("02_train_and_compare", tmp_path)
    assert "| learning_rate=0.003 | tcga_lgg | 2 | 1 |" in run.printed
    (kept,) = run.tables
    assert [row[1] for row in kept] == ["the recipe", "learning_rate=0.003"]
    assert float(kept[1][2]) == 0.003 and kept[0][-1] == kept[1][-1]  # the same data
    (chart,) = run.shown(CHART)
    assert (len(chart["data"][0]["x"]), run.complaints) == (2, [])


@pytest.mark.integration
def test_a_version_is_judged_on_a_folder(tmp_path: Path) -> None:
    run = Run("03_evaluate_a_version", tmp_path)
    figures, groups, cases = run.tables
    told = {row[0]: row[1:] for row in figures}
    recall, low, high, n = map(float, told["presence_recall"])
    assert low < recall <= high and n == 9  # three heads with a lesion, in three of four slices
    assert float(told["dice_flair"][0]) > 0.8  # heads are drawn as the demonstration's, which are read well
    assert {row[0] for row in groups} > {"flair, site North", "flair, sex F"}
    assert (len(cases), len(run.shown("image/png")), run.complaints) == (5, 1, [])


@pytest.mark.integration
def test_drift_is_seen_where_it_was_put_and_nowhere_else(tmp_path: Path) -> None:
    run = Run("04_drift_by_hand", tmp_path)
    assert "calm\nNone of " in run.printed
    assert re.search(r"warning\n2 of \d+ features drifted, most of all Noise .* Sharpness ", run.printed)
    (features,) = run.tables
    assert [row[1] for row in features if row[-1] == "True"] == ["noise", "sharpness"]
    assert (len(run.shown(CHART)), run.complaints) == (1, [])


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """A server that reads what it is asked to wait for, and how the notebook is told of it."""
    package = unpacked(built_wheel(tmp_path / "wheel"), tmp_path / "client")
    clinic = Clinic(tmp_path / "clinic")
    furnish(clinic, noted)
    token = clinic.token(clinic.person(Role.CLINICIAN, "programmer"))
    read_while_waited_for(clinic, monkeypatch)
    app = build_dashboard(clinic.services, secret_key="k" * 32).server
    with serving(app) as address:
        yield {"LIGHTBOX_URL": address, "LIGHTBOX_TOKEN": token, "PYTHONPATH": str(package)}
    clinic.close()


@pytest.mark.integration
def test_the_api_is_asked(house: dict[str, str], tmp_path: Path) -> None:
    run = Run("05_ask_the_api", tmp_path, **house)
    assert re.search(r"^\w{32} read found", run.printed, re.MULTILINE)
    assert "422 not_an_image: This is not an image that Lightbox reads." in run.printed
    assert "brain-tumour read shape [24, 60, 48] spacing in mm [3.0, 2.0, 1.0]" in run.printed
    assert re.search(r"^mask\.nii\.gz: \d+ bytes", run.printed, re.MULTILINE)
    assert re.search(r"^result\.csv: \d+ bytes", run.printed, re.MULTILINE)
    assert re.search(r"^result\.dcm: .*\.$", run.printed, re.MULTILINE)  # the reason in a sentence
    listed, studies, counted, known, runs = run.tables
    assert all(len(table) > 0 for table in (studies, counted, known, runs))
    assert re.search(rf"^{len(listed)} fit; the newest {len(listed)}:", run.printed, re.MULTILINE)
    assert (len(listed), {row[3] for row in listed}) == (2, {"found"})
    assert (runs[0][2:4], run.complaints) == (["done", "warning"], [])
