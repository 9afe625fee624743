# `files` holds scans, masks and reports (LIGHTBOX_FILES); `deploy` what the machine runs: the files of deploy/docker, nginx and
# monitoring as they are here, and the settings.
locals {
  buckets = toset(["files", "deploy"])
  deploy  = "${path.module}/../.."
  deployed = toset(flatten([
    for pattern in ["docker/compose*.yaml", "nginx/*.template", "monitoring/**/*.yaml", "monitoring/**/*.json", "terraform/machine/*"] : tolist(fileset(local.deploy, pattern))
  ]))
}

resource "google_storage_bucket" "house" {
  #checkov:skip=CKV_GCP_62:Who read and wrote what is in the audit log of the project (below), not in a bucket
  for_each                    = local.buckets
  name                        = "${var.project}-${var.name}-${each.value}"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false
  versioning {
    enabled = true
  }
  lifecycle_rule {
    condition {
      days_since_noncurrent_time = var.earlier_versions_days
      with_state                 = "ARCHIVED"
    }
    action {
      type = "Delete"
    }
  }
  # Versions do this; a second net would keep an erased patient longer than earlier_versions_days.
  soft_delete_policy {
    retention_duration_seconds = 0
  }
  encryption {
    default_kms_key_name = google_kms_crypto_key.house.id
  }
  lifecycle {
    prevent_destroy = true
  }
  depends_on = [google_kms_crypto_key_iam_member.house]
}

resource "google_project_iam_audit_config" "files" {
  project = var.project
  service = "storage.googleapis.com"
  audit_log_config {
    log_type = "DATA_READ"
  }
  audit_log_config {
    log_type = "DATA_WRITE"
  }
}

resource "google_storage_bucket_iam_member" "machine" {
  for_each = {
    files  = "roles/storage.objectUser"
    deploy = "roles/storage.objectViewer"
  }
  bucket = google_storage_bucket.house[each.key].name
  role   = each.value
  member = google_service_account.machine.member
}

resource "google_storage_bucket_object" "deployed" {
  for_each = local.deployed
  bucket   = google_storage_bucket.house["deploy"].name
  name     = each.value
  source   = "${local.deploy}/${each.value}"
}

resource "google_storage_bucket_object" "settings" {
  bucket  = google_storage_bucket.house["deploy"].name
  name    = "docker/lightbox.env"
  content = join("", [for key, value in local.settings : "${key}=${value}\n"])
}

resource "google_storage_bucket_object" "machine" {
  bucket  = google_storage_bucket.house["deploy"].name
  name    = "machine.env"
  content = join("", [for key, value in local.machine : "${key}='${value}'\n"])
}
