# One key for disks and buckets. Database, secrets and logs are encrypted by keys of Google's.
resource "google_kms_key_ring" "house" {
  name       = var.name
  location   = var.region
  depends_on = [google_project_service.needed]
}

resource "google_kms_crypto_key" "house" {
  name            = var.name
  key_ring        = google_kms_key_ring.house.id
  rotation_period = "7776000s"
  lifecycle {
    prevent_destroy = true
  }
}

data "google_storage_project_service_account" "storage" {}

locals {
  compute_agent = "serviceAccount:service-${data.google_project.house.number}@compute-system.iam.gserviceaccount.com"
}

resource "google_kms_crypto_key_iam_member" "house" {
  for_each = {
    compute = local.compute_agent
    storage = "serviceAccount:${data.google_storage_project_service_account.storage.email_address}"
  }
  crypto_key_id = google_kms_crypto_key.house.id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = each.value
}
