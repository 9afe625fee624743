# Passes packets on and opens none: TLS ends at nginx on the machine, with the hospital's certificate, and nginx sees who asks.
resource "google_compute_instance_group" "house" {
  name      = var.name
  zone      = var.zone
  instances = [google_compute_instance.house.id]
}

# Ready, not only alive: whether scans can be read. With one machine nothing is kept from it; an alert comes of the log.
resource "google_compute_region_health_check" "ready" {
  name               = "${var.name}-ready"
  region             = var.region
  check_interval_sec = 30
  timeout_sec        = 10
  https_health_check {
    port         = 443
    request_path = "/readyz"
  }
  log_config {
    enable = true
  }
  depends_on = [google_project_service.needed]
}

resource "google_compute_region_backend_service" "house" {
  name                  = var.name
  region                = var.region
  protocol              = "TCP"
  load_balancing_scheme = var.internet_facing ? "EXTERNAL" : "INTERNAL"
  health_checks         = [google_compute_region_health_check.ready.id]
  backend {
    group          = google_compute_instance_group.house.id
    balancing_mode = "CONNECTION"
  }
}

resource "google_compute_address" "house" {
  name         = var.name
  address_type = var.internet_facing ? "EXTERNAL" : "INTERNAL"
  subnetwork   = var.internet_facing ? null : google_compute_subnetwork.private.id
  depends_on   = [google_project_service.needed]
}

resource "google_compute_forwarding_rule" "house" {
  name                  = var.name
  region                = var.region
  load_balancing_scheme = var.internet_facing ? "EXTERNAL" : "INTERNAL"
  ip_protocol           = "TCP"
  ip_address            = google_compute_address.house.id
  ports                 = length(var.scanners) == 0 ? ["443"] : ["443", "11112"]
  backend_service       = google_compute_region_backend_service.house.id
  network               = var.internet_facing ? null : google_compute_network.house.id
  subnetwork            = var.internet_facing ? null : google_compute_subnetwork.private.id
}
