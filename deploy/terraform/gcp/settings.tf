# What the house is told. Secrets are files on the machine's memory disk, which terraform/machine/start.sh fills.
locals {
  own_settings = {
    LIGHTBOX_URL   = "https://${var.server_name}"
    LIGHTBOX_FILES = "gs://${google_storage_bucket.house["files"].name}"
    TZ             = var.time_zone
  }
  sender_settings = var.dicom_senders == "" ? {} : { LIGHTBOX_DICOM_SENDERS = var.dicom_senders }
  secret_settings = {
    alerts             = { LIGHTBOX_ALERTS_FILE = "/run/given/alerts" }
    mail               = { LIGHTBOX_MAIL_FILE = "/run/given/mail" }
    oidc_client_secret = { LIGHTBOX_OIDC_CLIENT_SECRET_FILE = "/run/given/oidc_client_secret" }
    ldap_bind_password = { LIGHTBOX_LDAP_BIND_PASSWORD_FILE = "/run/given/ldap_bind_password" }
    sign_password      = { LIGHTBOX_SIGN_PASSWORD_FILE = "/run/given/sign_password" }
  }
  settings = merge(var.settings, local.sender_settings, local.own_settings, [for name in var.given_secrets : local.secret_settings[name]]...)

  # What the machine's scripts are told.
  machine = {
    CLOUD             = "gcp"
    REGION            = var.region
    SECRETS           = "${var.name}-"
    GIVEN             = join(" ", var.given_secrets)
    DATABASE_HOST     = google_sql_database_instance.house.private_ip_address
    DISK              = "/dev/disk/by-id/google-home"
    GPU               = var.gpu ? "1" : ""
    SERVER_NAME       = var.server_name
    IMAGE             = var.image
    IDLE_STOP_MINUTES = tostring(var.idle_stop_minutes)
  }
}
