"""Errors planted in deploy/terraform, each of which is found: otherwise it would be held against nothing."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from tests.deploy.planting import plant, rules_by_copy
from tests.deploy.running_house import DEPLOY
from tests.deploy.terraform.checkov import findings
from tests.deploy.terraform.configuration import Configuration, read_each
from tests.deploy.terraform.faults import faults
from tests.deploy.terraform.settings import known_settings, told_settings

TERRAFORM = DEPLOY / "terraform"
pytestmark = pytest.mark.integration


class Planted(NamedTuple):
    """A change of one file, and what is said of it: a sentence of ours, or a rule of checkov's."""

    name: str
    file: str
    right: str
    wrong: str
    said: str


WRITTEN = [
    Planted("syntax", "aws/network.tf", 'resource "aws_vpc" "house" {', 'resource "aws_vpc" house" {',
            "network.tf"),
    Planted("format", "gcp/network.tf", "  auto_create_subnetworks = false",
            "  auto_create_subnetworks=false",
            "network.tf is not formatted"),
    Planted("misspelt", "aws/database.tf", "  multi_az ", "  multi_zone ",
            "aws_db_instance.house.multi_zone is no argument"),
    Planted("misspelt in a block", "gcp/database.tf", "ipv4_enabled    =", "ip_v4_enabled   =",
            "google_sql_database_instance.house.settings.ip_configuration.ip_v4_enabled is no argument"),
    Planted("misspelt in a dynamic block", "aws/files.tf", "      expiration {\n        days =",
            "      expiration {\n        day  =",
            "aws_s3_bucket_lifecycle_configuration.house.rule.expiration.day"),
    Planted("missing", "aws/balancer.tf", "  target_id        = aws_instance.house.id\n", "",
            "aws_lb_target_group_attachment.house.target_id is missing"),
    Planted("missing in a block", "gcp/files.tf", '      type = "Delete"\n', "",
            "google_storage_bucket.house.lifecycle_rule.action.type is missing"),
    Planted("no such resource", "gcp/balancer.tf", '"google_compute_forwarding_rule" "house"',
            '"google_compute_forwarder" "house"', "the provider has no resource google_compute_forwarder"),
    Planted("nowhere", "aws/machine.tf", "aws_subnet.private[0].id", "aws_subnet.inner[0].id",
            "aws_subnet.inner.id is nowhere"),
    Planted("no such variable", "gcp/machine.tf", "size = var.home_gib", "size = var.home_size",
            "var.home_size is nowhere"),
    Planted("no such attribute", "aws/settings.tf", "aws_db_instance.house.address",
            "aws_db_instance.house.addr", "aws_db_instance.house.addr: there is no such attribute"),
    Planted("no such attribute of a value that is not kept", "aws/secrets.tf", "made[each.key].result",
            "made[each.key].password", "ephemeral.random_password.made.password: there is no such attribute"),
    Planted("an attribute instead of a block", "aws/machine.tf", "  metadata_options {",
            "  metadata_options = {",
            "aws_instance.house.metadata_options is a block"),
    Planted("a list is one value", "gcp/balancer.tf",
            "  health_checks         = [google_compute_region_health_check.ready.id]",
            '  health_checks         = "ready"',
            "google_compute_region_backend_service.house.health_checks is a list"),
    Planted("no number", "aws/database.tf", "= 50\n", '= "much"\n',
            "aws_db_instance.house.allocated_storage is a number"),
    Planted("no truth", "aws/database.tf", "  publicly_accessible                   = false",
            '  publicly_accessible                   = "no"', "publicly_accessible is true or false"),
    Planted("no type", "gcp/variables.tf", "  type        = bool\n", "", "has no type"),
    Planted("unused", "aws/variables.tf", 'variable "zones"', 'variable "zone"', "var.zone is not used"),
    Planted("twice", "gcp/outputs.tf", 'output "database"', 'output "machine"', "machine is there twice"),
    Planted("no such lifecycle", "aws/machine.tf", "    prevent_destroy = true", "    prevent_removal = true",
            "aws_ebs_volume.home.lifecycle.prevent_removal is no argument"),
    Planted("open group", "aws/network.tf",
            "  referenced_security_group_id = aws_security_group.balancer.id\n",
            '  cidr_ipv4                    = "0.0.0.0/0"\n',
            "aws_vpc_security_group_ingress_rule.machine_from_balancer is open to everybody"),
    Planted("open firewall", "gcp/network.tf", 'ports = ["443"], from = var.clients',
            'ports = ["443"], from = ["0.0.0.0/0"]', "local.entrances is open to everybody"),
]  # fmt: skip
UNKNOWN = [
    Planted("an output of a setting that is none", "aws/outputs.tf", "    DATABASE_URL_FILE  ",
            "    DATABASE_URL_PATH  ",
            "DATABASE_URL_PATH"),
    Planted("a setting that is none", "gcp/settings.tf", "LIGHTBOX_FILES =", "LIGHTBOX_FILEZ =",
            "LIGHTBOX_FILEZ"),
    Planted("a secret's setting that is none", "aws/settings.tf", "LIGHTBOX_MAIL_FILE =",
            "LIGHTBOX_MAILS_FILE =",
            "LIGHTBOX_MAILS_FILE"),
]  # fmt: skip
WEAKENED = [
    Planted("public bucket", "aws/files.tf", "block_public_acls       = true",
            "block_public_acls       = false",
            "CKV_AWS_53"),
    Planted("public bucket at Google", "gcp/files.tf", '"enforced"', '"inherited"', "CKV_GCP_114"),
    Planted("bucket without versions", "aws/files.tf", 'status = "Enabled"\n  }\n}',
            'status = "Suspended"\n  }\n}', "CKV_AWS_21"),
    Planted("administrators from everywhere", "gcp/network.tf", 'from = ["35.235.240.0/20"]',
            'from = ["0.0.0.0/0"]', "CKV_GCP_2"),
    Planted("unencrypted disk", "aws/machine.tf", "  encrypted         = true", "  encrypted         = false",
            "CKV_AWS_3"),
    Planted("disk by a key of the cloud's", "gcp/machine.tf",
            "  disk_encryption_key {\n    kms_key_self_link = google_kms_crypto_key.house.id\n  }\n", "",
            "CKV_GCP_37"),
    Planted("unencrypted database", "aws/database.tf", "  storage_encrypted                     = true",
            "  storage_encrypted                     = false", "CKV_AWS_16"),
    Planted("public database", "aws/database.tf", "  publicly_accessible                   = false",
            "  publicly_accessible                   = true", "CKV_AWS_17"),
    Planted("public database at Google", "gcp/database.tf", "ipv4_enabled    = false",
            "ipv4_enabled    = true",
            "CKV_GCP_60"),
    Planted("database without backups", "aws/database.tf", "= var.backup_days", "= 0", "CKV_AWS_133"),
    Planted("database that anybody deletes", "aws/database.tf",
            "  deletion_protection                   = var.deletion_protection",
            "  deletion_protection                   = false", "CKV_AWS_293"),
    Planted("the machine's role for every page", "aws/machine.tf", '= "required"', '= "optional"',
            "CKV_AWS_79"),
    Planted("public machine", "aws/machine.tf", "associate_public_ip_address          = false",
            "associate_public_ip_address          = true", "CKV_AWS_88"),
    Planted("everything allowed", "aws/machine.tf", 'actions   = ["secretsmanager:GetSecretValue"]',
            'actions   = ["*"]', "CKV_AWS_"),
    Planted("a key that stays the same", "aws/keys.tf", "enable_key_rotation     = true",
            "enable_key_rotation     = false", "CKV_AWS_7"),
]  # fmt: skip


def planted_cloud(planted: Planted, into: Path) -> Path:
    """A copy with the error in it; returns the folder of its cloud."""
    return plant(TERRAFORM, into, planted.file, planted.right, planted.wrong, most=1).parent


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> list[Configuration]:
    """Each copy as it was read; the parser reads all of them in one run."""
    top = tmp_path_factory.mktemp("written")
    return read_each([planted_cloud(planted, top / str(number)) for number, planted in enumerate(WRITTEN)])


@pytest.mark.parametrize("number", range(len(WRITTEN)), ids=lambda number: WRITTEN[number].name)
def test_what_terraform_would_refuse_is_found(number: int, written: list[Configuration]) -> None:
    told = faults(written[number])
    assert any(WRITTEN[number].said in fault for fault in told), told


@pytest.mark.parametrize("planted", UNKNOWN, ids=lambda planted: planted.name)
def test_a_setting_that_the_house_does_not_know_is_found(planted: Planted, tmp_path: Path) -> None:
    assert told_settings(planted_cloud(planted, tmp_path / "terraform")) - known_settings() == {planted.said}


@pytest.fixture(scope="module")
def weakened(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The rules that fail in each copy; checkov looks at all of them in one run."""
    top = tmp_path_factory.mktemp("weakened")
    for number, planted in enumerate(WEAKENED):
        cloud = planted_cloud(planted, top / "whole" / str(number))
        (top / "looked-at").mkdir(exist_ok=True)
        cloud.rename(top / "looked-at" / str(number))
    return rules_by_copy(findings(top / "looked-at").failed)


@pytest.mark.parametrize("number", range(len(WEAKENED)), ids=lambda number: WEAKENED[number].name)
def test_what_would_leave_the_house_open_is_found(number: int, weakened: dict[str, set[str]]) -> None:
    rules = weakened.get(str(number), set())
    assert any(rule.startswith(WEAKENED[number].said) for rule in rules), rules
