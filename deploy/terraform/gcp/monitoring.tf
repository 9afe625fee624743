# What the house cannot say itself when it is away. Readings, queues, drift and the rest: Prometheus beside it (deploy/monitoring).
resource "google_logging_project_bucket_config" "logs" {
  project        = var.project
  location       = "global"
  bucket_id      = "_Default"
  retention_days = 365
  depends_on     = [google_project_service.needed]
}

resource "google_monitoring_notification_channel" "mail" {
  for_each     = toset(var.mail_to)
  display_name = each.value
  type         = "email"
  labels       = { email_address = each.value }
  depends_on   = [google_project_service.needed]
}

locals {
  channels = [for channel in google_monitoring_notification_channel.mail : channel.id]
  database = "resource.type=\"cloudsql_database\" AND resource.labels.database_id=\"${var.project}:${google_sql_database_instance.house.name}\""
  instance = "resource.type=\"gce_instance\" AND resource.labels.instance_id=\"${google_compute_instance.house.instance_id}\""
  limits = {
    processor = {
      filter = "${local.instance} AND metric.type=\"compute.googleapis.com/instance/cpu/utilization\"", limit = 0.95
      what   = "The machine's processors are full"
    }
    disk = {
      filter = "${local.instance} AND metric.type=\"agent.googleapis.com/disk/percent_used\" AND metric.labels.state=\"used\"", limit = 85
      what   = "A disk of the machine is nearly full: raise home_gib"
    }
    database-processor = {
      filter = "${local.database} AND metric.type=\"cloudsql.googleapis.com/database/cpu/utilization\"", limit = 0.9
      what   = "The database's processors are full"
    }
    database-disk = {
      filter = "${local.database} AND metric.type=\"cloudsql.googleapis.com/database/disk/utilization\"", limit = 0.9
      what   = "The database's disk is nearly full"
    }
  }
}

resource "google_monitoring_alert_policy" "limits" {
  for_each              = local.limits
  display_name          = "${var.name}: ${each.key}"
  combiner              = "OR"
  notification_channels = local.channels
  conditions {
    display_name = each.value.what
    condition_threshold {
      filter          = each.value.filter
      comparison      = "COMPARISON_GT"
      threshold_value = each.value.limit
      duration        = "600s"
      aggregations {
        alignment_period   = "300s"
        per_series_aligner = "ALIGN_MEAN"
      }
    }
  }
}

resource "google_monitoring_alert_policy" "not_ready" {
  display_name          = "${var.name}: not ready"
  combiner              = "OR"
  notification_channels = local.channels
  conditions {
    display_name = "/readyz does not answer 200: docs/runbook.md, LightboxDown and LightboxNotReady"
    condition_matched_log {
      filter = "log_id(\"compute.googleapis.com/healthchecks\") AND jsonPayload.healthCheckProbeResult.healthState=\"UNHEALTHY\""
    }
  }
  alert_strategy {
    notification_rate_limit {
      period = "900s"
    }
  }
}

# A machine that may stop by itself is no fault while it says nothing.
resource "google_monitoring_alert_policy" "machine_away" {
  count                 = var.idle_stop_minutes > 0 ? 0 : 1
  display_name          = "${var.name}: machine away"
  combiner              = "OR"
  notification_channels = local.channels
  conditions {
    display_name = "The machine does not run"
    condition_absent {
      filter   = "${local.instance} AND metric.type=\"compute.googleapis.com/instance/uptime\""
      duration = "600s"
      aggregations {
        alignment_period   = "60s"
        per_series_aligner = "ALIGN_RATE"
      }
    }
  }
}
