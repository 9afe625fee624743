output "settings" {
  description = "The settings that the house runs with; secrets are named by their files"
  value = merge(local.settings, {
    DATABASE_URL_FILE            = "/run/secrets/database_url"
    LIGHTBOX_SECRET_KEY_FILE     = "/run/secrets/secret_key"
    LIGHTBOX_IDENTIFIER_KEY_FILE = "/run/secrets/identifier_key"
  })
}

output "address" {
  description = "Where the DNS record of server_name points to, by A"
  value       = google_compute_address.house.address
}

output "secrets_to_put" {
  description = "Secrets without a value until you put one in; those of TLS are needed before anybody reaches the house"
  value       = [for name in local.given : google_secret_manager_secret.house[name].secret_id]
}

output "machine" {
  description = "The machine, for gcloud compute ssh and for starting it by hand"
  value       = google_compute_instance.house.name
}

output "database" {
  description = "The database's address, which the machine alone reaches"
  value       = google_sql_database_instance.house.private_ip_address
}

output "network" {
  description = "The network that a VPN or a line to the hospital is attached to"
  value       = { network = google_compute_network.house.id, subnetwork = google_compute_subnetwork.private.id }
}
