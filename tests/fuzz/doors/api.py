"""Requests to the API: parameters, bodies and ids that its document does not foresee."""

from __future__ import annotations

import json
import re
from pathlib import Path
from random import Random
from urllib.parse import quote

from dashboard.api.routes import OPERATIONS
from dashboard.build import build_dashboard
from data.records import Role
from tests.dashboard.clinic import Clinic
from tests.fuzz.door import BrokenPromiseError, Door, Knock, judge_sentence
from tests.fuzz.texts import hostile_text, json_value, number

_OPERATIONS = [operation for operation in OPERATIONS if operation.name != "document"]
_LONGEST = 600
_SAID = re.compile(rb"Traceback|File \"/|\.py\"")


def _word(rng: Random) -> str:
    return str(number(rng)) if rng.random() < 0.25 else hostile_text(rng)[:_LONGEST].replace("\ud800", "")


def _make(rng: Random) -> bytes:
    operation = rng.choice(_OPERATIONS)
    query = []
    if operation.query is not None:
        names = [field.alias or name for name, field in operation.query.model_fields.items()]
        query = [[rng.choice([*names, _word(rng)]), _word(rng)] for _ in range(rng.randrange(4))]
    if rng.random() < 0.3:  # filters of the address, which the services read themselves
        names = (
            "task",
            "from",
            "to",
            "scanner",
            "site",
            "outcome",
            "age",
            "sex",
            "period",
            "version",
            "audience",
        )
        query += [[rng.choice(names), _word(rng)] for _ in range(rng.randrange(1, 4))]
    said = {"name": operation.name, "query": query, "role": rng.choice(("clinician", "mlops", "head"))}
    said["ids"] = [None if rng.random() < 0.7 else _word(rng) for _ in range(3)]
    if operation.body is not None:
        names = [field.alias or name for name, field in operation.body.model_fields.items()]
        body: object = {name: json_value(rng) for name in names if rng.random() < 0.8}
        body = body if rng.random() < 0.8 else json_value(rng)
        said["body"] = (
            json.dumps(body)[:20_000] if rng.random() < 0.9 else rng.choice(("[" * 5000, "", "nul", "{"))
        )
    elif operation.content is not None:
        said["body"] = _word(rng)
    return json.dumps(said).encode()


def _opened(folder: Path) -> Knock:
    clinic = Clinic(folder / "api")
    known = _furnished(clinic)
    server = build_dashboard(clinic.services, secret_key="k" * 32).server
    bearer = {
        role.value: {"Authorization": f"Bearer {clinic.token(clinic.person(role, f'script-{role.value}'))}"}
        for role in (Role.CLINICIAN, Role.MLOPS, Role.HEAD)
    }
    operations = {operation.name: operation for operation in _OPERATIONS}
    client = server.test_client()

    def knock(content: bytes) -> str:
        said = json.loads(content)
        operation = operations[said["name"]]
        ids = iter(said["ids"])

        def place(match: re.Match[str]) -> str:
            given = next(ids, None)
            return quote(known.get(match[1].rpartition(":")[2], "x") if given is None else given, safe="")

        path = re.sub(r"<([^>]+)>", place, operation.path)
        text = said.get("body")
        answer = client.open(
            path,
            method=operation.method,
            query_string=[(name, value) for name, value in said["query"]],
            headers=bearer[said["role"]],
            data=None if text is None else text.encode(),
            content_type="application/json" if operation.body is not None else "application/octet-stream",
        )
        _judge(operation.name, answer.status_code, answer.get_data())
        return str(answer.status_code)

    return knock


def _furnished(clinic: Clinic) -> dict[str, str]:
    """A volume and a film that were read; the rest of what ids may name is not there."""
    sender = clinic.person(Role.CLINICIAN, "sender")
    scan, film = clinic.add_volume(sender.id), clinic.add_film(sender.id)
    result = clinic.read_volume(scan)
    clinic.read_film(film)
    return {"scan_id": scan.id, "result_id": result.id, "patient_id": scan.patient_id}


def _judge(name: str, status: int, body: bytes) -> None:
    if status >= 500 and status != 503:
        raise BrokenPromiseError(f"{name} answered {status}: {body[:200]!r}")
    if status >= 400:
        if _SAID.search(body):
            raise BrokenPromiseError(f"words of the program: {body[:200]!r}")
        told = json.loads(body)
        judge_sentence(told["error"]["message"], names_the_input=True)


DOORS = (Door("api", _make, _opened, 6),)
