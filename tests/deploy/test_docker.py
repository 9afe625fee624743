"""Dockerfile and compose.yaml, held against their own rules; the image itself is built elsewhere."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose

from deploy.docker.without_cuda import split
from tests.deploy.running_house import DEPLOY, ROOT

DOCKER = DEPLOY / "docker"
COMPOSE = DOCKER / "compose.yaml"
DOCKERFILE = DOCKER / "Dockerfile"
NGINX_ALONE = {"LIGHTBOX_UPSTREAM", "LIGHTBOX_SERVER_NAME", "LIGHTBOX_TLS", "LIGHTBOX_HTTP_PORT",
               "LIGHTBOX_HTTPS_PORT", "LIGHTBOX_ACCESS_LOG", "LIGHTBOX_ERROR_LOG"}  # fmt: skip
BOTH = {"LIGHTBOX_MAX_SCAN_MIB"}  # of the server's settings


def filled(text: str) -> str:
    """With the defaults that it names, as Docker fills it in where nothing is set."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


def services() -> dict[str, Any]:
    """The services by name."""
    return dict(yaml.safe_load(filled(COMPOSE.read_text()))["services"])


def documented() -> set[str]:
    """The settings of the manual."""
    return set(re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs" / "settings.md").read_text(), re.MULTILINE))


def test_hadolint_finds_nothing() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, DOCKERFILE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("file", [COMPOSE, DOCKER / "compose.gpu.yaml"], ids=lambda file: file.name)
def test_compose_files_are_what_the_specification_allows(file: Path) -> None:
    text = json.dumps(yaml.safe_load(filled(file.read_text())))
    assert "lightbox" in PyCompose.from_json(text).service_names()
    with pytest.raises(ValueError, match="prots"):
        PyCompose.from_json(text.replace('"networks"', '"prots"', 1).replace('"deploy"', '"prots"', 1))


def test_every_setting_that_is_given_is_one_of_the_manual() -> None:
    known = documented()
    for name, service in services().items():
        given = {key for key in service.get("environment", {}) if key.startswith(("LIGHTBOX_", "DATABASE_"))}
        assert given <= (NGINX_ALONE | BOTH if name == "nginx" else known), name
    example = (DOCKER / "lightbox.env.example").read_text()
    assert set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE)) <= known
    wanted = set(re.findall(r"\$\{(\w+)\}", (DEPLOY / "nginx" / "lightbox.conf.template").read_text()))
    nginx, house = (services()[name]["environment"] for name in ("nginx", "lightbox"))
    assert wanted == NGINX_ALONE | BOTH == set(nginx)
    assert all(nginx[name] == house[name] for name in BOTH)


def test_one_server_on_one_database_and_nobody_but_nginx_and_scanners_come_in() -> None:
    houses = [name for name, each in services().items() if "lightbox:local" in each["image"]]
    assert houses == ["lightbox", "dicom", "backup"]
    assert [name for name in houses if services()[name].get("command", ["serve"]) == ["serve"]] == [
        "lightbox"
    ]
    opened = {name for name, service in services().items() if service.get("ports")}
    assert opened == {"nginx", "dicom", "grafana"}
    assert all(port.startswith("127.0.0.1:") for port in services()["grafana"]["ports"])


def test_containers_are_pinned_and_confined_and_their_secrets_are_files() -> None:
    for name, service in services().items():
        image, _, tag = service["image"].rpartition(":")
        assert image and re.fullmatch(r"v?\d+\.\d+(\.\d+)?(-\w+)?|local", tag), name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert name == "database" or (service["read_only"] and service["cap_drop"] == ["ALL"]), name
        for key, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|SECRET_KEY|IDENTIFIER_KEY|DATABASE_URL", key):
                assert key.endswith("_FILE"), f"{name}: {key}"
                assert value.removeprefix("/run/secrets/") in service["secrets"], f"{name}: {key}"


def test_secrets_are_made_once_and_fit_each_other(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    for _ in range(2):
        subprocess.run(["sh", DOCKER / "secrets.sh", folder], check=True)
        made = {file.name: file.read_text() for file in folder.iterdir()}
    assert set(made) == set(yaml.safe_load(COMPOSE.read_text())["secrets"])
    assert made["database_password"] in made["database_url"] and len(made["secret_key"]) == 64
    assert folder.stat().st_mode & 0o777 == 0o700
    subprocess.run(["sh", DOCKER / "secrets.sh", folder], check=True)
    assert made == {file.name: file.read_text() for file in folder.iterdir()}


def test_the_image_runs_as_nobody_special_and_says_whether_it_lives() -> None:
    text = DOCKERFILE.read_text()
    final = text[text.rindex("\nFROM ") :]
    assert re.search(r"^USER 10001:10001$", final, re.MULTILINE) and "/healthz" in final
    for line in text.splitlines():  # what is copied is let through by .dockerignore
        if line.startswith("COPY ") and "--from" not in line:
            for source in line.split()[1:-1]:
                let_through = (ROOT / ".dockerignore").read_text().splitlines()
                above = [f"!{part}" for part in (source, *map(str, Path(source).parents))]
                assert set(above) & set(let_through), source


def test_without_cuda_the_lock_keeps_everything_else_with_its_hashes() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    kept, torch = split(lock)
    assert re.findall(r"^(\w+)==[\d.]+\+cpu$", torch, re.MULTILINE) == ["torch", "torchvision"]
    gone = set(re.findall(r"^([\w.-]+)==", lock, re.MULTILINE)) - set(
        re.findall(r"^([\w.-]+)==", kept, re.MULTILINE)
    )
    assert all(name.startswith(("nvidia-", "cuda-", "torch", "triton")) for name in gone) and len(gone) > 10
    assert kept.count("--hash") > 1000 and "openvino==" in kept
