# One machine: Lightbox is one server on one database, a process a GPU. Administrators come by Identity-Aware Proxy.
resource "google_service_account" "machine" {
  account_id   = "${var.name}-machine"
  display_name = "The machine of ${var.name}"
  depends_on   = [google_project_service.needed]
}

resource "google_project_iam_member" "machine" {
  for_each = toset(["roles/artifactregistry.reader", "roles/logging.logWriter", "roles/monitoring.metricWriter"])
  project  = var.project
  role     = each.value
  member   = google_service_account.machine.member
}

resource "google_compute_instance" "house" {
  name                      = var.name
  machine_type              = var.gpu ? var.machine_types.gpu : var.machine_types.cpu
  zone                      = var.zone
  allow_stopping_for_update = true
  deletion_protection       = var.deletion_protection
  resource_policies         = var.start_time == "" ? [] : [google_compute_resource_policy.start[0].id]
  boot_disk {
    kms_key_self_link = google_kms_crypto_key.house.id
    initialize_params {
      image = var.machine_image
      size  = 150
      type  = "pd-balanced"
    }
  }
  attached_disk {
    source            = google_compute_disk.home.id
    device_name       = "home"
    kms_key_self_link = google_kms_crypto_key.house.id
  }
  network_interface {
    subnetwork = google_compute_subnetwork.private.id
  }
  service_account {
    email  = google_service_account.machine.email
    scopes = ["cloud-platform"] # what it may do is said by its roles
  }
  # Machines with a GPU cannot be moved while they run.
  scheduling {
    on_host_maintenance = var.gpu ? "TERMINATE" : "MIGRATE"
    automatic_restart   = true # after a fault; not after it powered itself off because nobody asked
  }
  shielded_instance_config {
    enable_secure_boot          = false # NVIDIA's driver of the image is not signed
    enable_vtpm                 = true
    enable_integrity_monitoring = true
  }
  metadata = {
    enable-oslogin         = "TRUE"
    block-project-ssh-keys = "TRUE"
    serial-port-enable     = "FALSE"
    startup-script         = <<-SCRIPT
      #!/bin/sh
      set -eu
      cat > /usr/local/sbin/lightbox-fetch <<'FETCH'
      #!/bin/sh
      exec gcloud storage rsync --recursive --delete-unmatched-destination-objects gs://${google_storage_bucket.house["deploy"].name} /opt/lightbox
      FETCH
      chmod 0755 /usr/local/sbin/lightbox-fetch
      mkdir -p /opt/lightbox
      lightbox-fetch
      exec sh /opt/lightbox/terraform/machine/boot.sh
    SCRIPT
  }
  # A newer image would replace the machine in the middle of a day: docs/terraform.md says how it is done by hand.
  lifecycle {
    ignore_changes = [boot_disk[0].initialize_params[0].image]
  }
  depends_on = [
    google_kms_crypto_key_iam_member.house, google_storage_bucket_iam_member.machine, google_secret_manager_secret_iam_member.machine,
    google_storage_bucket_object.deployed, google_storage_bucket_object.settings, google_storage_bucket_object.machine,
    google_sql_user.house, google_sql_database.house, google_compute_router_nat.out,
  ]
}

# Everything that is not in database or bucket: weights, uploads in progress, backups. It outlives the machine.
resource "google_compute_disk" "home" {
  name = "${var.name}-home"
  zone = var.zone
  type = "pd-ssd"
  size = var.home_gib
  disk_encryption_key {
    kms_key_self_link = google_kms_crypto_key.house.id
  }
  lifecycle {
    prevent_destroy = true
  }
  depends_on = [google_kms_crypto_key_iam_member.house]
}

# A snapshot of the house's disk each night, after its own backup.
resource "google_compute_resource_policy" "snapshots" {
  name = "${var.name}-snapshots"
  snapshot_schedule_policy {
    schedule {
      daily_schedule {
        days_in_cycle = 1
        start_time    = "03:00"
      }
    }
    retention_policy {
      max_retention_days    = var.backup_days
      on_source_disk_delete = "KEEP_AUTO_SNAPSHOTS"
    }
    snapshot_properties {
      storage_locations = [var.region]
    }
  }
  depends_on = [google_project_service.needed]
}

resource "google_compute_disk_resource_policy_attachment" "snapshots" {
  name = google_compute_resource_policy.snapshots.name
  disk = google_compute_disk.home.name
  zone = var.zone
}

# A machine that stopped because it was idle is started again every day.
resource "google_compute_resource_policy" "start" {
  count = var.start_time == "" ? 0 : 1
  name  = "${var.name}-start"
  instance_schedule_policy {
    time_zone = var.time_zone
    vm_start_schedule {
      schedule = "${tonumber(split(":", var.start_time)[1])} ${tonumber(split(":", var.start_time)[0])} * * *"
    }
  }
  depends_on = [google_project_iam_member.starter]
}

resource "google_project_iam_member" "starter" {
  count   = var.start_time == "" ? 0 : 1
  project = var.project
  role    = google_project_iam_custom_role.starter[0].id
  member  = local.compute_agent
}

resource "google_project_iam_custom_role" "starter" {
  count       = var.start_time == "" ? 0 : 1
  role_id     = "${replace(var.name, "-", "_")}_starter"
  title       = "Starts the machine of ${var.name}"
  permissions = ["compute.instances.start", "compute.instances.stop"]
}
