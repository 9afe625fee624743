"""The scripts of deploy/terraform's machine, with the cloud's and Docker's programs put in their way."""

from __future__ import annotations

import shutil
import subprocess
import urllib.request
from pathlib import Path

import pytest

from deploy.terraform.machine.idle import activity, idle_since
from services.settings import Settings
from tests.deploy.running_house import DEPLOY, running_house

MACHINE = DEPLOY / "terraform" / "machine"
SAID = {
    "CLOUD": "aws", "REGION": "eu-central-1", "GIVEN": "alerts", "DISK": "/dev/none",
    "DATABASE_HOST": "db.internal",
    "SECRETS": "lightbox/",  # pragma: allowlist secret
    "GPU": "1", "SERVER_NAME": "lightbox.hospital.example", "LOG_GROUP": "/lightbox/house",
    "IMAGE": "1.dkr.ecr.eu-central-1.amazonaws.com/lightbox:1.2.3", "IDLE_STOP_MINUTES": "0",
}  # fmt: skip
STORED = ("secret_key", "identifier_key", "grafana_password", "smtp_password", "database_password", "alerts",
          "tls_fullchain", "tls_privkey")  # fmt: skip
CLOUD = """#!/bin/sh
case "$*" in
  *get-secret-value*) name="${*##*--secret-id }"; cat "$STORE/${name%% *}" ;;
  *get-login-password*) echo token ;;
esac
"""
DOCKER = """#!/bin/sh
echo "$LIGHTBOX_IMAGE $*" >> "$STORE/docker.log"
"""
IDLE = """# HELP lightbox_ready 1
lightbox_ready 1.0
lightbox_inference_waiting 0.0
lightbox_jobs{state="queued"} 0.0
lightbox_jobs{state="done"} 7.0
lightbox_dicom_studies{state="waiting"} 0.0
lightbox_dicom_instances{ae_title="MR\\"1",address="10.1.0.5"} 3.0
lightbox_deliveries{node="PACS",state="delivered",synthetic="no"} 2.0
lightbox_http_request_duration_seconds_count{method="GET",route="/metrics",status="200"} 40.0
lightbox_http_request_duration_seconds_count{method="GET",route="/worklist",status="200"} 5.0
lightbox_http_request_duration_seconds_count{method="POST",route="/_dash-update-component",status="401"} 90.0
"""


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine's `/opt/lightbox`, with a store of secrets beside it."""
    top = tmp_path / "opt"
    shutil.copytree(MACHINE, top / "terraform" / "machine")
    (top / "machine.env").write_text("".join(f"{name}='{value}'\n" for name, value in SAID.items()))
    programs, store = tmp_path / "bin", tmp_path / "store"
    (store / "lightbox").mkdir(parents=True)
    programs.mkdir()
    for name, text in (("aws", CLOUD), ("docker", DOCKER), ("lightbox-fetch", "#!/bin/sh\n")):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    for name in STORED:
        (store / "lightbox" / name).write_text(f"{name}-{'x' * 32}")
    return tmp_path


def start(machine: Path, script: str = "start.sh") -> subprocess.CompletedProcess[str]:
    env = {
        "PATH": f"{machine / 'bin'}:/usr/bin:/bin",
        "STORE": str(machine / "store"),
        "KEPT": str(machine / "kept"),
    }
    return subprocess.run(
        ["sh", machine / "opt" / "terraform" / "machine" / script],
        env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_house_starts_with_the_secrets_that_the_store_holds(machine: Path) -> None:
    done = start(machine)
    assert done.returncode == 0, done.stderr
    kept = machine / "kept"
    told = Settings.from_env(
        {
            "DATABASE_URL_FILE": str(kept / "secrets" / "database_url"),
            "LIGHTBOX_SECRET_KEY_FILE": str(kept / "secrets" / "secret_key"),
            "LIGHTBOX_IDENTIFIER_KEY_FILE": str(kept / "secrets" / "identifier_key"),
            "LIGHTBOX_ALERTS_FILE": str(kept / "given" / "alerts"),
        }
    )
    password = f"database_password-{'x' * 32}"
    assert told.database_url == f"postgresql://lightbox:{password}@db.internal/lightbox?sslmode=require"
    assert told.secret_key.startswith("secret_key-") and told.alerts.startswith("alerts-")
    assert kept.stat().st_mode & 0o777 == 0o700  # others of the machine are kept out here
    assert (
        kept / "tls" / "privkey.pem"
    ).stat().st_mode & 0o004  # nginx in its container is nobody of this machine
    calls = (machine / "store" / "docker.log").read_text()
    assert "login --username AWS" in calls
    assert f"{SAID['IMAGE']} compose" in calls and "compose.gpu.yaml" in calls and "compose.aws.yaml" in calls
    assert calls.strip().endswith("up --detach --remove-orphans --force-recreate")


def test_a_secret_that_is_not_there_ends_the_start_by_its_name(machine: Path) -> None:
    assert start(machine).returncode == 0
    (machine / "store" / "lightbox" / "tls_privkey").unlink()
    before = (machine / "store" / "docker.log").read_text()
    done = start(machine)
    assert done.returncode != 0 and "lightbox/tls_privkey has no value" in done.stderr
    assert (machine / "store" / "docker.log").read_text() == before
    assert (machine / "kept" / "tls" / "privkey.pem").exists()  # what runs keeps what it has


def test_without_a_gpu_none_is_asked_for(machine: Path) -> None:
    said = machine / "opt" / "machine.env"
    said.write_text(said.read_text().replace("GPU='1'", "GPU=''"))
    assert start(machine).returncode == 0
    assert "compose.gpu.yaml" not in (machine / "store" / "docker.log").read_text()


def test_the_nightly_backup_is_verified(machine: Path) -> None:
    assert start(machine, "backup.sh").returncode == 0
    made, verified = (machine / "store" / "docker.log").read_text().splitlines()
    assert made.endswith("run --rm backup")
    assert verified.endswith("run --rm backup backup /var/lib/lightbox-backups --verify")


@pytest.mark.parametrize("script", sorted(MACHINE.glob("*.sh")), ids=lambda script: script.name)
def test_scripts_are_what_sh_takes(script: Path) -> None:
    done = subprocess.run(["sh", "-n", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_units_run_scripts_that_there_are() -> None:
    for unit in MACHINE.glob("*.service"):
        for line in unit.read_text().splitlines():
            if line.startswith("Exec"):
                assert (MACHINE / Path(line.split()[-1]).name).exists(), line
    assert {timer.stem for timer in MACHINE.glob("*.timer")} <= {
        unit.stem for unit in MACHINE.glob("*.service")
    }


def test_a_house_that_nobody_uses_is_idle_since_the_first_look(tmp_path: Path) -> None:
    state = tmp_path / "state"
    assert [idle_since(IDLE, state, now) for now in (100.0, 160.0, 220.0)] == [100.0, 100.0, 100.0]


@pytest.mark.parametrize(
    ("quiet", "busy"),
    [
        ('{state="queued"} 0.0', '{state="queued"} 1.0'),
        ('studies{state="waiting"} 0.0', 'studies{state="waiting"} 1.0'),
        ('state="delivered"', 'state="waiting"'),
        ("inference_waiting 0.0", "inference_waiting 3.0"),
        ('address="10.1.0.5"} 3.0', 'address="10.1.0.5"} 4.0'),
        ('route="/worklist",status="200"} 5.0', 'route="/worklist",status="200"} 6.0'),
        ('route="/worklist",status="200"} 5.0', 'route="/worklist",status="200"} 1.0'),  # started anew
    ],
)
def test_what_is_asked_read_or_waiting_keeps_the_machine_on(quiet: str, busy: str, tmp_path: Path) -> None:
    state = tmp_path / "state"
    assert idle_since(IDLE, state, 100.0) == 100.0
    assert quiet in IDLE
    assert idle_since(IDLE.replace(quiet, busy), state, 160.0) == 160.0


@pytest.mark.parametrize(
    "line", ['route="/metrics",status="200"} 40.0', 'route="/_dash-update-component",status="401"} 90.0']
)
def test_who_watches_and_who_is_refused_does_not(line: str, tmp_path: Path) -> None:
    state = tmp_path / "state"
    idle_since(IDLE, state, 100.0)
    assert line in IDLE
    assert idle_since(IDLE.replace(line, line[:-4] + "99.0"), state, 160.0) == 100.0


@pytest.mark.parametrize(("minutes", "metrics", "status"), [("0", IDLE, 0), ("15", IDLE, 1), ("0", "", 1)])
def test_the_script_says_when_it_is_time(minutes: str, metrics: str, status: int, tmp_path: Path) -> None:
    """Where the house does not answer, nothing is known: the machine stays on."""
    done = subprocess.run(
        ["python3", MACHINE / "idle.py", minutes, tmp_path / "state"], input=metrics, text=True, check=False
    )
    assert done.returncode == status


@pytest.mark.integration
def test_a_running_house_tells_what_it_is_asked_for(tmp_path: Path) -> None:
    with running_house(tmp_path / "home", "/healthz", LIGHTBOX_BACKEND="exact") as house:
        looks = [activity(_asked(house.url, "/metrics")) for _ in range(2)]
        assert looks[0].done == looks[1].done
        _asked(house.url, "/healthz")
        assert activity(_asked(house.url, "/metrics")).done == looks[0].done
        _asked(house.url, "/login")
        assert activity(_asked(house.url, "/metrics")).done > looks[0].done


def _asked(url: str, path: str) -> str:
    with urllib.request.urlopen(f"{url}{path}", timeout=20) as answer:
        return str(answer.read().decode())


def test_the_settings_of_secrets_are_in_the_folder_that_is_mounted() -> None:
    for cloud in ("aws", "gcp"):
        text = (DEPLOY / "terraform" / cloud / "settings.tf").read_text()
        assert text.count('"/run/given/') == 5
    compose = (MACHINE / "compose.cloud.yaml").read_text()
    assert compose.count("/run/lightbox/given:/run/given:ro") == 3
