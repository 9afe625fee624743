# Made here, once, as ephemeral values that go to the store of secrets and nowhere else: neither plan nor state holds them. One
# is made anew only where its version here is raised. NEVER raise that of identifier_key: the names of all patients are
# encrypted with it. Those of `given` are empty until you put a value in (docs/terraform.md).
locals {
  made  = { database_password = 1, secret_key = 1, identifier_key = 1, grafana_password = 1 }
  given = setunion(["tls_fullchain", "tls_privkey", "smtp_password"], var.given_secrets)
}

ephemeral "random_password" "made" {
  for_each = local.made
  length   = 48
  special  = false
}

resource "google_secret_manager_secret" "house" {
  for_each  = setunion(keys(local.made), local.given)
  secret_id = "${var.name}-${each.value}"
  # In this region alone, as all that belongs to the house.
  replication {
    user_managed {
      replicas {
        location = var.region
      }
    }
  }
  lifecycle {
    prevent_destroy = true
  }
  depends_on = [google_project_service.needed]
}

resource "google_secret_manager_secret_version" "made" {
  for_each               = local.made
  secret                 = google_secret_manager_secret.house[each.key].id
  secret_data_wo         = ephemeral.random_password.made[each.key].result
  secret_data_wo_version = each.value
}

resource "google_secret_manager_secret_iam_member" "machine" {
  for_each  = setunion(keys(local.made), local.given)
  secret_id = google_secret_manager_secret.house[each.value].id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.machine.member
}

# Read back, so that the database gets what the store holds even where an earlier run ended between the two.
ephemeral "google_secret_manager_secret_version" "database_password" {
  secret = google_secret_manager_secret_version.made["database_password"].secret
}
