# PostgreSQL 15: the image's pg_dump, which `app.py backup` uses, must not be older than the server.
resource "google_sql_database_instance" "house" {
  #checkov:skip=CKV_GCP_55:Errors of the server are logged from "error" on, as the next flags say
  #checkov:skip=CKV_GCP_6:Nothing but TLS is let in; the key of a client's certificate would stand in the state, the password does not
  #checkov:skip=CKV_GCP_79:15 on purpose, as above
  #checkov:skip=CKV2_GCP_13:How long each statement took fills the log; Prometheus knows how long requests take
  #checkov:skip=CKV_GCP_111:Statements hold names of patients; those that change the schema are logged
  name                = var.name
  database_version    = "POSTGRES_15"
  deletion_protection = var.deletion_protection
  settings {
    tier                        = var.database_size
    edition                     = "ENTERPRISE"
    availability_type           = var.database_replica ? "REGIONAL" : "ZONAL"
    disk_type                   = "PD_SSD"
    disk_autoresize             = true
    disk_autoresize_limit       = 500
    deletion_protection_enabled = var.deletion_protection
    ip_configuration {
      ipv4_enabled    = false
      private_network = google_compute_network.house.id
      ssl_mode        = "ENCRYPTED_ONLY"
    }
    backup_configuration {
      enabled                        = true
      start_time                     = "00:30"
      point_in_time_recovery_enabled = true
      transaction_log_retention_days = min(7, var.backup_days) # the most that this edition keeps
      backup_retention_settings {
        retained_backups = var.backup_days
      }
    }
    maintenance_window {
      day  = 7
      hour = 3
    }
    # Values of rows are not written: names stand in them.
    database_flags {
      name  = "cloudsql.enable_pgaudit"
      value = "on"
    }
    database_flags {
      name  = "log_checkpoints"
      value = "on"
    }
    database_flags {
      name  = "log_connections"
      value = "on"
    }
    database_flags {
      name  = "log_disconnections"
      value = "on"
    }
    database_flags {
      name  = "log_duration"
      value = "off"
    }
    database_flags {
      name  = "log_hostname"
      value = "on"
    }
    database_flags {
      name  = "log_lock_waits"
      value = "on"
    }
    database_flags {
      name  = "log_min_duration_statement"
      value = "-1"
    }
    database_flags {
      name  = "log_min_error_statement"
      value = "error"
    }
    database_flags {
      name  = "log_min_messages"
      value = "error"
    }
    database_flags {
      name  = "log_statement"
      value = "ddl"
    }
    database_flags {
      name  = "log_temp_files"
      value = "0"
    }
  }
  lifecycle {
    prevent_destroy = true
  }
  depends_on = [google_service_networking_connection.database]
}

resource "google_sql_database" "house" {
  name     = "lightbox"
  instance = google_sql_database_instance.house.name
}

resource "google_sql_user" "house" {
  name                = "lightbox"
  instance            = google_sql_database_instance.house.name
  password_wo         = ephemeral.google_secret_manager_secret_version.database_password.secret_data
  password_wo_version = local.made.database_password
}
