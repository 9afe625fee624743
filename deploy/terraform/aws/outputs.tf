output "settings" {
  description = "The settings that the house runs with; secrets are named by their files"
  value = merge(local.settings, {
    DATABASE_URL_FILE            = "/run/secrets/database_url"
    LIGHTBOX_SECRET_KEY_FILE     = "/run/secrets/secret_key"
    LIGHTBOX_IDENTIFIER_KEY_FILE = "/run/secrets/identifier_key"
  })
}

output "address" {
  description = "Where the DNS record of server_name points to, by CNAME"
  value       = aws_lb.house.dns_name
}

output "secrets_to_put" {
  description = "Secrets without a value until you put one in; those of TLS are needed before anybody reaches the house"
  value       = [for name in local.given : aws_secretsmanager_secret.house[name].name]
}

output "machine" {
  description = "The machine, for Session Manager and for starting it by hand"
  value       = aws_instance.house.id
}

output "database" {
  description = "The database's address, which the machine alone reaches"
  value       = aws_db_instance.house.address
}

output "network" {
  description = "The network and the route table that a VPN or a line to the hospital is attached to"
  value       = { vpc = aws_vpc.house.id, route_table = aws_route_table.private.id }
}
