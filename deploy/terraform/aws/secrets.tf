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

resource "aws_secretsmanager_secret" "house" {
  #checkov:skip=CKV2_AWS_57:A key that signs the audit trail or encrypts names is not turned by a timer; docs/terraform.md says how each is changed
  for_each                = setunion(keys(local.made), local.given)
  name                    = "${var.name}/${each.value}"
  kms_key_id              = aws_kms_key.house.arn
  recovery_window_in_days = 30
  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_secretsmanager_secret_version" "made" {
  for_each                 = local.made
  secret_id                = aws_secretsmanager_secret.house[each.key].id
  secret_string_wo         = ephemeral.random_password.made[each.key].result
  secret_string_wo_version = each.value
}

# Read back, so that the database gets what the store holds even where an earlier run ended between the two.
ephemeral "aws_secretsmanager_secret_version" "database_password" {
  secret_id = aws_secretsmanager_secret_version.made["database_password"].secret_id
}
