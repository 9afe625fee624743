"""Sets of scans that versions read, as programs ask for them, over a real small department."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dashboard.build import build_dashboard
from data.records import BRAIN_TUMOUR, Role
from tests.dashboard.clinic import Clinic
from tests.services.small_models import PATIENCE_S, department


def test_a_program_has_two_versions_read_a_set_and_compares_them(
    clinic: Clinic, bearer: Any, tmp_path: Path
) -> None:
    with department(tmp_path / "department") as small:
        clinic.show_versions_of(small)
        scans = [scan.id for scan in (*small.add(3, bright=800), *small.add(2, bright=600))]
        version = small.version(above=700, name="second").version
        client = build_dashboard(clinic.services, secret_key="k" * 32).server.test_client()
        head, admin = bearer(Role.HEAD), bearer(Role.ADMIN)

        def get(path: str, header: dict[str, str] = head) -> Any:
            return client.get(f"/api/v1/evaluations{path}", headers=header).json

        real = get(f"/sets?task={BRAIN_TUMOUR}&filters=sex%3DF")["sets"][1]
        assert (real["kind"], real["words"]) == ("cohort", "Scans of the house: real scans")
        asked = {"task": BRAIN_TUMOUR, "kind": real["kind"], "key": real["key"]}
        ids = []
        for each in (version, "1"):
            small.jobs.stop()  # so that it is under way when it is asked for again
            said = client.post("/api/v1/evaluations", headers=head, json=asked | {"version": each}).json
            again = client.post("/api/v1/evaluations", headers=head, json=asked | {"version": each}).json
            assert (said["state"], said["scans"], again["id"]) == ("queued", 5, said["id"])
            assert get(f"/{said['id']}")["outcome"] is None
            small.jobs.start()
            assert small.jobs.wait_idle(PATIENCE_S)
            ids.append(said["id"])
        assert [each["id"] for each in get("")["evaluations"]] == ids[::-1]

        whole = get(f"/{ids[0]}?beside={ids[1]}")
        outcome, pair = whole["outcome"], whole["beside"]
        assert (outcome["read"], outcome["called_positive"], outcome["truth_known"]) == (5, 3, 5)
        assert (outcome["figures"]["recall"]["value"], outcome["figures"]["specificity"]["value"]) == (
            0.6,
            None,
        )
        assert {case["scan_id"] for case in outcome["cases"][:2]} == set(scans[3:])  # those it missed
        assert [each["id"] for each in whole["comparable"]] == [ids[1]]
        assert (pair["n"], pair["second_only_right"], pair["differences"]["recall"]["value"]) == (5, 2, 0.4)
        hidden = get(f"/{ids[0]}", admin)["outcome"]
        assert hidden["figures"] == outcome["figures"]
        assert {case["scan_id"] for case in hidden["cases"]} == {None}
        assert client.delete(f"/api/v1/evaluations/{ids[0]}", headers=head).json["state"] == "done"
