"""The client that `make client` builds, against a server over HTTP: it says what the plain JSON says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from zipfile import ZipFile

import pytest
import requests

from dashboard.api.document import document
from dashboard.api.routes import OPERATIONS
from dashboard.build import build_dashboard
from data.errors import Busy
from data.records import BRAIN_TUMOUR, Role, ScanStatus
from data.version import VERSION
from tests.browser.conftest import serving
from tests.dashboard.clinic import Clinic
from tests.dashboard.furnished import furnish, noted
from tests.integration.python_client import built_wheel, importable, read_while_waited_for, unpacked

pytestmark = pytest.mark.integration
NONE = "0" * 32


class House:
    """A furnished clinic behind a real server, and who asks it."""

    def __init__(self, clinic: Clinic, address: str, ids: dict[str, str], client: ModuleType) -> None:
        self.clinic, self.address, self.ids, self.module = clinic, address, ids, client
        self.tokens = {role: clinic.token(clinic.person(role, f"script-{role.value}")) for role in Role}

    def client(self, role: Role = Role.CLINICIAN, token: str = "") -> Any:
        return self.module.AuthenticatedClient(
            self.address, token=token or self.tokens[role], timeout=60, raise_on_unexpected_status=True
        )

    def plain(self, path: str, role: Role = Role.CLINICIAN) -> requests.Response:
        header = {"Authorization": f"Bearer {self.tokens[role]}"}
        return requests.get(f"{self.address}/api/v1/{path}", headers=header, timeout=60)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def house(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    clinic = Clinic(tmp_path_factory.mktemp("clinic"))
    ids = furnish(clinic, noted)
    app = build_dashboard(clinic.services, secret_key="k" * 32).server
    with importable(unpacked(wheel, tmp_path_factory.mktemp("client"))), serving(app) as address:
        yield House(clinic, address, ids, import_module("lightbox_client"))
    clinic.close()


def api(name: str) -> Any:
    return import_module(f"lightbox_client.api.{name}")


def model(name: str) -> Any:
    return getattr(import_module("lightbox_client.models"), name)


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def test_the_wheel_is_of_this_version_and_needs_no_more_than_it_says(wheel: Path) -> None:
    with ZipFile(wheel) as files:
        (file,) = [name for name in files.namelist() if name.endswith("METADATA")]
        metadata = files.read(file).decode()
    assert f"\nVersion: {VERSION}\n" in metadata
    assert "\nLicense: Apache-2.0\n" in metadata
    needed = re.findall(r"^Requires-Dist: (\w+)", metadata, re.MULTILINE)
    assert sorted(needed) == ["attrs", "httpx"]


def test_every_operation_of_the_document_is_in_the_client(house: House) -> None:
    """By its operationId, below the subject of its address, with its method and path."""
    for path, methods in document(OPERATIONS)["paths"].items():
        for method, operation in methods.items():
            subject = path.split("/")[3].removesuffix(".json").replace("-", "_")
            module = api(f"{subject}.{snake(operation['operationId'])}")
            assert {"sync_detailed", "asyncio_detailed"} <= set(vars(module)), path
            source = Path(module.__file__).read_text()
            assert f'"method": "{method}"' in source
            assert f'"url": "{path}' in source, path
            kinds = operation["responses"].get("200", {}).get("content", {}).values()
            files = any(kind["schema"].get("format") == "binary" for kind in kinds)
            assert ("response_200 = File(" in source) is files, path


READ = [
    ("scans.scans", "Scans", "scans", Role.CLINICIAN),
    ("scans.scan", "Scan", "scans/{scan_id}", Role.CLINICIAN),
    ("scans.scan", "Scan", "scans/{film_id}", Role.HEAD),
    ("scans.annotations", "Annotations", "scans/{scan_id}/annotations", Role.CLINICIAN),
    ("patients.patient", "PatientStudies", "patients/{patient_id}", Role.CLINICIAN),
    ("results.reruns", "Reruns", "results/{result_id}/reruns", Role.HEAD),
    ("cohort.cohort", "Cohort", "cohort", Role.HEAD),
    ("performance.performance", "Performance", "performance", Role.HEAD),
    ("drift.drift_run", "DriftRunNumbers", "drift/{run_id}", Role.MLOPS),
    ("evaluations.evaluation", "EvaluationNumbers", "evaluations/{evaluation_id}", Role.MLOPS),
    ("evaluations.evaluations", "Evaluations", "evaluations", Role.MLOPS),
    ("reports.reports", "Reports", "reports", Role.HEAD),
    ("reports.report", "Report", "reports/{report_id}", Role.HEAD),
    ("identity_conflicts.identity_conflicts", "IdentityConflicts", "identity-conflicts", Role.CLINICIAN),
]


@pytest.mark.parametrize(("name", "kind", "path", "role"), READ)
def test_an_answer_is_the_plain_json(house: House, name: str, kind: str, path: str, role: Role) -> None:
    named = [house.ids[key] for key in re.findall(r"{(\w+)}", path)]
    response = api(name).sync_detailed(*named, client=house.client(role))
    answer = house.module.checked(response, model(kind))
    assert answer.to_dict() == house.plain(path.format(**house.ids), role).json()


def test_an_answer_of_another_kind_is_a_mistake_in_the_program(house: House) -> None:
    asked = api("scans.scan").sync_detailed(house.ids["scan_id"], client=house.client())
    with pytest.raises(TypeError, match="of the kind Scan, not Cohort"):
        house.module.checked(asked, model("Cohort"))


def test_filters_go_into_the_address(house: House) -> None:
    asked = api("cohort.cohort").sync_detailed(
        client=house.client(Role.HEAD), sex=["F", "M"], task=[BRAIN_TUMOUR]
    )
    answer = house.module.checked(asked, model("Cohort"))
    assert answer.to_dict() == house.plain(f"cohort?sex=F&sex=M&task={BRAIN_TUMOUR}", Role.HEAD).json()
    everything = house.module.checked(
        api("cohort.cohort").sync_detailed(client=house.client(Role.HEAD)), model("Cohort")
    )
    assert answer.to_dict() != everything.to_dict()
    runs = api("drift.drift_runs").sync_detailed(client=house.client(Role.MLOPS), task=BRAIN_TUMOUR)
    assert [run.id for run in house.module.checked(runs, model("DriftRuns")).runs] == [house.ids["run_id"]]


def test_files_are_bytes(house: House) -> None:
    forms = import_module("lightbox_client.models.export_result_form").ExportResultForm
    client, scan = house.client(), house.ids["scan_id"]
    asked = [
        (api("scans.mask").sync_detailed(scan, client=client), f"scans/{scan}/mask"),
        (
            api("scans.mask").sync_detailed(scan, client=client, form=model("MaskForm").PNG, index=9),
            f"scans/{scan}/mask?form=png&index=9",
        ),
        (
            api("scans.export_result").sync_detailed(scan, client=client, form=forms.CSV),
            f"scans/{scan}/export?form=csv",
        ),
        *(
            (
                api("reports.report_file").sync_detailed(house.ids["report_id"], kind, client=client),
                f"reports/{house.ids['report_id']}/{kind}",
            )
            for kind in ("pdf", "json")
        ),
    ]
    for response, path in asked:
        file = house.module.checked(response, import_module("lightbox_client.types").File)
        assert file.payload.read() == response.content == house.plain(path).content
        assert len(response.content) > 50


@pytest.fixture
def upload(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file whose scan is read while the server is asked to wait for it, and not before."""
    file = tmp_path / "head.nii"
    file.write_bytes(b"voxels")
    read_while_waited_for(house.clinic, monkeypatch)
    return file


def test_a_file_is_sent_and_its_result_waited_for(house: House, upload: Path) -> None:
    received = house.module.send_file(house.client(), upload)
    (scan,) = received.scans
    assert (scan.status.value, scan.result.positive) == (ScanStatus.READ, True)
    assert scan.to_dict() == house.plain(f"scans/{scan.id}").json()


def test_who_does_not_wait_is_told_so(house: House, upload: Path) -> None:
    with pytest.raises(TimeoutError, match="is not read yet"):
        house.module.send_file(house.client(), upload, patience_s=0)


def test_a_busy_server_is_asked_again_when_it_said(
    house: House, upload: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not after one's patience has ended."""
    sending, slept = import_module("lightbox_client.sending"), []
    clock = SimpleNamespace(monotonic=lambda: float(sum(slept)), sleep=slept.append)
    monkeypatch.setattr(sending, "time", clock)
    intake = house.clinic.services.reading.intake
    answers: list[Any] = [Busy("Too much waits."), Busy("Too much waits."), intake.receive]

    def receive(*given: Any, **named: Any) -> Any:
        if isinstance(answers[0], Busy):
            raise answers.pop(0)
        return answers[0](*given, **named)

    monkeypatch.setattr(intake, "receive", receive)
    received = sending.send_file(house.client(), upload)
    assert received.scans[0].status.value == ScanStatus.READ
    assert len(slept) == 2 and min(slept) >= 1

    answers.insert(0, Busy("Too much waits."))
    with pytest.raises(house.module.ApiError) as refused:
        sending.send_file(house.client(), upload, patience_s=slept[0] - 0.5)
    assert (refused.value.status, refused.value.message) == (503, "Too much waits.")
    assert refused.value.retry_after_s == slept[0]
    assert len(slept) == 2


def test_a_refusal_is_told_in_the_servers_words(house: House, tmp_path: Path) -> None:
    file = tmp_path / "refused.txt"
    file.write_bytes(b"a letter")
    with pytest.raises(
        house.module.ApiError, match=r"^422: This is not an image that Lightbox reads\.$"
    ) as refused:
        house.module.send_file(house.client(), file)
    assert refused.value.code == "not_an_image"

    scan, checked = api("scans.scan"), house.module.checked
    for client, status in ((house.client(), 404), (house.client(token="nobody"), 401)):
        with pytest.raises(house.module.ApiError) as refused:
            checked(scan.sync_detailed(NONE, client=client), model("Scan"))
        assert refused.value.status == status
        assert refused.value.message
    with pytest.raises(house.module.ApiError) as refused:
        house.module.send_file(house.client(Role.HEAD), file)
    assert refused.value.status == 403
