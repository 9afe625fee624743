"""deploy/terraform, as far as it can be held against anything without a cloud; nothing here applies it."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import pytest
import yaml
from compose_spec import PyCompose

from tests.deploy.running_house import DEPLOY, ROOT
from tests.deploy.terraform.checkov import Findings, findings
from tests.deploy.terraform.configuration import Configuration, read
from tests.deploy.terraform.faults import faults
from tests.deploy.terraform.schemas import provider_version
from tests.deploy.terraform.settings import known_settings, told_settings

TERRAFORM = DEPLOY / "terraform"
MACHINE = TERRAFORM / "machine"
CLOUDS = ("aws", "gcp")
OF_ONE_CLOUD = {"aws": {"zones"}, "gcp": {"project", "zone"}}
SECRET = re.compile(r"SECRET_KEY|IDENTIFIER_KEY|PASSWORD|DATABASE_URL|CLIENT_SECRET|_ALERTS|_MAIL\b")
MANUAL = ROOT / "docs" / "terraform.md"
pytestmark = pytest.mark.integration


@cache
def configuration(cloud: str) -> Configuration:
    return read(TERRAFORM / cloud)


@pytest.fixture(scope="module")
def checked() -> Findings:
    return findings(TERRAFORM)


def variables(cloud: str) -> dict[str, dict[str, object]]:
    return {block.labels[0]: block.body for block in configuration(cloud).of_kind("variable")}


def machine_names(cloud: str) -> set[str]:
    return set(configuration(cloud).locals["machine"])


@pytest.mark.parametrize("cloud", CLOUDS)
def test_terraform_would_find_nothing_to_say(cloud: str) -> None:
    """Syntax and format by HashiCorp's own; references, variables; each argument by the provider's."""
    read_whole = configuration(cloud)
    assert len(list(read_whole.of_kind("resource"))) > 30 and len(read_whole.references) > 200
    assert faults(read_whole) == []


def test_checkov_finds_nothing_and_what_it_was_told_to_leave_out_has_a_reason(checked: Findings) -> None:
    assert (checked.failed, checked.unread) == ([], [])
    assert checked.passed > 250
    assert [each for each in checked.skipped if len(each.reason) < 8] == []


@pytest.mark.parametrize(("cloud", "provider"), [("aws", "aws"), ("gcp", "google")])
def test_arguments_are_those_of_the_version_that_is_asked_for(cloud: str, provider: str) -> None:
    asked = re.search(
        rf'hashicorp/{provider}"\n\s+version = "~> ([\d.]+)"', (TERRAFORM / cloud / "versions.tf").read_text()
    )
    assert asked is not None and provider_version(provider).startswith(f"{asked[1]}.")


@pytest.mark.parametrize("cloud", CLOUDS)
def test_the_house_is_told_only_settings_that_it_knows(cloud: str) -> None:
    told = told_settings(TERRAFORM / cloud)
    assert {"LIGHTBOX_FILES", "LIGHTBOX_URL", "DATABASE_URL_FILE", "LIGHTBOX_SECRET_KEY_FILE"} <= told
    assert told - known_settings() == set()


@pytest.mark.parametrize("cloud", CLOUDS)
def test_secrets_are_files_and_no_state_holds_them(cloud: str) -> None:
    assert all(name.endswith("_FILE") for name in told_settings(TERRAFORM / cloud) if SECRET.search(name))
    text = "".join(file.read_text() for file in sorted((TERRAFORM / cloud).glob("*.tf")))
    assert 'resource "random_password"' not in text
    written = re.findall(r"^\s+(secret_string\w*|secret_data\w*|password\w*)\s+=", text, re.MULTILINE)
    assert {name.removesuffix("_version") for name in written} == {
        "password_wo",
        "secret_string_wo" if cloud == "aws" else "secret_data_wo",
    }
    for block in configuration(cloud).of_kind("output"):
        assert not re.search(r"random_password|\.result|secret_string|secret_data", str(block.body))


@pytest.mark.parametrize("cloud", CLOUDS)
def test_there_is_one_server_and_nobody_reaches_it_but_through_the_load_balancer(cloud: str) -> None:
    kinds = {"aws": "aws_instance", "gcp": "google_compute_instance"}
    (machine,) = (
        block for block in configuration(cloud).of_kind("resource") if block.labels[0] == kinds[cloud]
    )
    assert not {"count", "for_each"} & set(machine.body)
    if cloud == "aws":
        assert machine.body["associate_public_ip_address"] is False
        assert machine.body["instance_initiated_shutdown_behavior"] == "stop"
    else:
        (interface,) = machine.body["network_interface"]
        assert set(interface) == {"subnetwork"}  # access_config would be a public address


def test_both_clouds_are_set_by_the_same_variables() -> None:
    aws, gcp = (set(variables(cloud)) - OF_ONE_CLOUD[cloud] for cloud in CLOUDS)
    assert aws == gcp
    same = aws - {"machine_types", "machine_image", "database_size", "region"}
    assert {name for name in same if variables("aws")[name] != variables("gcp")[name]} == set()


@pytest.mark.parametrize("cloud", CLOUDS)
def test_the_manual_says_what_each_variable_and_output_is(cloud: str) -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", MANUAL.read_text(), re.MULTILINE))
    outputs = {block.labels[0] for block in configuration(cloud).of_kind("output")}
    assert (set(variables(cloud)) | outputs) - set(rows) == set()
    every = {name for each in CLOUDS for name in variables(each)} | outputs
    assert set(rows) - every == set()


@pytest.mark.parametrize("cloud", CLOUDS)
def test_defaults_keep_the_house_inside_and_on(cloud: str) -> None:
    defaults = {name: body.get("default") for name, body in variables(cloud).items()}
    assert defaults["idle_stop_minutes"] == 0 and defaults["internet_facing"] is False
    assert defaults["deletion_protection"] is True and defaults["database_replica"] is True
    assert "default" not in variables(cloud)["clients"] and defaults["scanners"] == []


@pytest.mark.parametrize("cloud", CLOUDS)
def test_what_the_machine_runs_is_there_and_holds_no_secret_of_a_desk(cloud: str) -> None:
    text = (TERRAFORM / cloud / "files.tf").read_text()
    match = re.search(r"for pattern in \[([^\]]+)\]", text)
    assert match is not None
    patterns = re.findall(r'"([^"]+)"', match[1])
    sent = {file.relative_to(DEPLOY) for pattern in patterns for file in DEPLOY.glob(pattern)}
    for needed in ("docker/compose.yaml", "docker/compose.gpu.yaml", "nginx/lightbox.conf.template",
                   "monitoring/prometheus.yaml", f"terraform/machine/compose.{cloud}.yaml",
                   "terraform/machine/boot.sh", "terraform/machine/lightbox.service"):  # fmt: skip
        assert Path(needed) in sent
    assert all(
        pattern.split("/")[0] in {"docker", "nginx", "monitoring", "terraform"} for pattern in patterns
    )
    assert "docker/compose*.yaml" in patterns and "docker/**" not in patterns  # secrets/, tls/, lightbox.env


@pytest.mark.parametrize("cloud", CLOUDS)
def test_scripts_ask_for_what_terraform_says(cloud: str) -> None:
    scripts = "".join(file.read_text() for file in MACHINE.glob("*.sh"))
    asked = set(re.findall(r"\$\{?([A-Z][A-Z_]+)", scripts)) - {"KEPT"}
    assert asked - machine_names(cloud) <= ({"REGION", "LOG_GROUP"} if cloud == "gcp" else set())
    assert machine_names(cloud) <= asked


def test_compose_files_lay_what_a_cloud_has_over_the_house_of_one_machine() -> None:
    base = yaml.safe_load((DEPLOY / "docker" / "compose.yaml").read_text())
    for file in sorted(MACHINE.glob("compose.*.yaml")):
        overlay = yaml.safe_load(file.read_text())
        assert set(overlay["services"]) <= set(base["services"])
        assert set(overlay.get("secrets", {})) <= set(base["secrets"])
        filled = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", yaml.dump(overlay))
        assert PyCompose.from_json(json.dumps(yaml.safe_load(filled))).service_names()
    cloud = yaml.safe_load((MACHINE / "compose.cloud.yaml").read_text())
    assert cloud["services"]["database"] == {"profiles": ["never"]}
    started = set(base["services"]) - {"database", "backup"}
    used = {secret for name in (*started, "backup") for secret in base["services"][name].get("secrets", [])}
    assert used == set(cloud["secrets"])


def test_no_file_of_anybodys_state_or_secrets_is_kept() -> None:
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {".terraform/", "*.tfstate*", "*.tfvars", ".terraform-checks"} <= set(ignored)
