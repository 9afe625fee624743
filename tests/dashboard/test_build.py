"""The app as a whole."""

from __future__ import annotations

import errno
import json
import logging
import shutil
from pathlib import Path

import pytest

from dashboard import shell
from dashboard.build import build_dashboard
from dashboard.errors import sentence_for
from dashboard.vendor import FILES, LAZY_FILES, copy_vendor_files, missing_vendor_files
from data.errors import InvalidInput
from data.records import Role
from services.assembly import storage_metrics
from tests.dashboard.clinic import Clinic
from tests.dashboard.conftest import callback, log_in


def _ids(component) -> set[str]:
    ids = {component.id} if isinstance(getattr(component, "id", None), str) else set()
    for _, child in component._traverse_with_paths():
        name = getattr(child, "id", None)
        if isinstance(name, str):
            ids.add(name)
    return ids


def test_every_id_of_a_callback_is_in_a_layout(clinic: Clinic) -> None:
    app = build_dashboard(clinic.services, secret_key="k" * 32)
    known = _ids(app.validation_layout)
    for dependency in app._callback_list:
        places = dependency["inputs"] + dependency["state"]
        outputs = [] if dependency.get("no_output") else dependency["output"].strip(".").split("...")
        names = [place["id"] for place in places] + [output.rpartition(".")[0] for output in outputs]
        for name in names:
            assert name.startswith("{") or name in known, name
    assert app.config.suppress_callback_exceptions is False


def test_two_apps_live_side_by_side(tmp_path: Path) -> None:
    clinics = [Clinic(tmp_path / name) for name in ("one", "two")]
    for clinic in clinics:
        clinic.person(Role.CLINICIAN)
    servers = [build_dashboard(clinic.services, secret_key="k" * 32).server for clinic in clinics]
    clinics[0].add_volume("u")
    counts = []
    for server in servers:
        client = server.test_client()
        log_in(client, "clinician")
        assert client.get("/worklist").status_code == 200
        dependencies = client.get("/_dash-dependencies").json
        counts.append((len(dependencies), client.get("/changes").json["token"]))
    assert counts[0][0] == counts[1][0] > 0
    for clinic in clinics:
        clinic.close()


def test_the_layout_holds_the_signed_in_person_only(sign_in) -> None:
    shown = json.dumps(sign_in(Role.HEAD).get("/_dash-layout").json)
    assert "Dr Head" in shown
    assert "/admin" not in shown
    assert "/models" in shown


def test_the_router_knows_roles() -> None:
    clinician = shell.SOMEBODY
    page, argument = shell.find_page("/scans/abc", clinician)
    assert (page.title, argument) == ("Scan", "abc")
    assert shell.find_page("/admin", clinician) is None
    content, _ = shell.show_page("/admin", clinician)
    assert "There is no such page." in str(content)


def test_errors_on_purpose_are_shown_and_others_are_masked(caplog: pytest.LogCaptureFixture) -> None:
    assert sentence_for(InvalidInput("Too small.")) == "Too small."
    with caplog.at_level(logging.ERROR):
        sentence = sentence_for(RuntimeError("secret detail"))
    reference = sentence.rpartition("(reference ")[2].rstrip(").")
    assert "secret" not in sentence
    assert reference in caplog.text


def test_a_failing_callback_reaches_the_alert(
    clinic: Clinic, sign_in, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = sign_in()

    def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(clinic.services.versions.registry, "versions", broken, raising=False)
    inputs = [
        {"id": "models-tick", "property": "n_intervals", "value": None},
        {"id": "models-uploaded", "property": "data", "value": None},
    ]
    output = (
        "..models-said.children...models-content.children...models-progress.children...models-seen.data.."
    )
    answer = callback(
        client, output, inputs, state=[{"id": "models-seen", "property": "data", "value": None}]
    )
    assert answer.status_code == 200
    assert "Something went wrong on our side (reference " in answer.json["sideUpdate"]["alert"]["children"]
    assert "secret" not in answer.text


def test_a_failing_route_is_masked(clinic: Clinic, sign_in, monkeypatch: pytest.MonkeyPatch) -> None:
    client = sign_in()

    def broken() -> str:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(clinic.services.reviewing.worklist, "changes_token", broken)
    answer = client.get("/changes")
    assert (answer.status_code, answer.json["error"]["code"]) == (500, "failed")
    assert "secret" not in answer.text


def test_vendor_files_are_copied(tmp_path: Path) -> None:
    for source in FILES | LAZY_FILES:
        place = tmp_path / "modules" / source
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(source)
    target = tmp_path / "vendor"
    assert len(missing_vendor_files(target)) == len(FILES)
    copy_vendor_files(tmp_path / "modules", target)
    assert missing_vendor_files(target) == []


def test_the_lock_names_no_registry() -> None:
    lock = json.loads((Path(__file__).parents[2] / "package-lock.json").read_text())
    assert lock["packages"]
    assert not any("resolved" in package for package in lock["packages"].values())


@pytest.mark.parametrize(
    ("error", "status", "code", "words"),
    [
        (OSError(errno.ENOSPC, ""), 507, "storage_full", "no room left on the server's disk"),
        (OSError(errno.EROFS, ""), 503, "unavailable", "cannot use its disk"),
        (MemoryError(), 503, "unavailable", "not enough memory"),
    ],
)
def test_an_outage_is_told_in_one_sentence_with_when_to_come_back(
    clinic: Clinic,
    sign_in,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    status: int,
    code: str,
    words: str,
) -> None:
    client = sign_in()

    def broken(*_: object, **_more: object) -> None:
        raise error

    monkeypatch.setattr(type(clinic.services.reading.uploads), "outcomes", broken)
    answer = client.get("/uploads")
    assert answer.status_code == status
    assert answer.json["error"]["code"] == code
    assert words in answer.json["error"]["message"]
    assert answer.headers["Retry-After"] == "60"
    assert words in sentence_for(error)


def test_a_page_is_shown_although_the_activity_of_its_session_cannot_be_kept(
    clinic: Clinic, sign_in, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, asked = sign_in(), []

    def full(*_: object) -> None:
        asked.append(1)
        raise OSError(errno.ENOSPC, "")

    monkeypatch.setattr(type(clinic.services.sessions), "active", full)
    assert [client.get("/worklist").status_code for _ in range(3)] == [200] * 3
    assert len(asked) == 1  # the others do not wait for it


def test_what_cannot_be_noted_after_the_view_is_an_outage_too(
    clinic: Clinic, sign_in, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is shown of a scan of which the audit trail knows nothing, and no fault is told of it."""

    def full(*_: object, **_more: object) -> None:
        raise OSError(errno.ENOSPC, "")

    client = sign_in()
    scan = clinic.add_volume("somebody")
    monkeypatch.setattr(type(clinic.services.auditing.accesses), "looked", full)
    assert client.get(f"/scans/{scan.id}/volume").status_code == 507


def test_pages_and_readyz_say_that_nothing_can_be_kept(
    clinic: Clinic, sign_in, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = sign_in()
    assert "lb-storage" not in client.get("/_dash-layout").text
    usage = shutil.disk_usage(clinic.folder)._replace(free=1 << 20)
    monkeypatch.setattr(storage_metrics.shutil, "disk_usage", lambda _folder: usage)
    assert "The server's disk is full" in client.get("/_dash-layout").text
    assert client.get("/readyz").json["storage"] == "home: full, 1 MiB free"
    monkeypatch.undo()
    monkeypatch.setattr(storage_metrics.os, "access", lambda _folder, _mode: False)
    assert "The server's disk cannot be used" in client.get("/_dash-layout").text
    assert client.get("/readyz").json["storage"] == "home: cannot be written to"
