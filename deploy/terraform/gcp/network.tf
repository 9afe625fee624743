# Machine and database have no public address. What the machine asks for outside (images, PACS, mail, sign-in) goes through Cloud
# NAT; the hospital's VPN or line is attached by its network's people to the network that the outputs name.
data "google_project" "house" {}

resource "google_project_service" "needed" {
  for_each           = toset(["cloudkms", "compute", "iam", "logging", "monitoring", "secretmanager", "servicenetworking", "sqladmin", "storage"])
  service            = "${each.value}.googleapis.com"
  disable_on_destroy = false
}

resource "google_compute_network" "house" {
  name                    = var.name
  auto_create_subnetworks = false
  depends_on              = [google_project_service.needed]
}

resource "google_compute_subnetwork" "private" {
  name                       = "${var.name}-private"
  network                    = google_compute_network.house.id
  ip_cidr_range              = cidrsubnet(var.network_range, 2, 0)
  private_ip_google_access   = true
  private_ipv6_google_access = "DISABLE_GOOGLE_ACCESS"
  log_config {
    aggregation_interval = "INTERVAL_5_SEC"
    flow_sampling        = 0.5
    metadata             = "INCLUDE_ALL_METADATA"
  }
}

resource "google_compute_router" "out" {
  name    = "${var.name}-out"
  network = google_compute_network.house.id
}

resource "google_compute_router_nat" "out" {
  name                               = "${var.name}-out"
  router                             = google_compute_router.out.name
  nat_ip_allocate_option             = "AUTO_ONLY"
  source_subnetwork_ip_ranges_to_nat = "ALL_SUBNETWORKS_ALL_IP_RANGES"
  log_config {
    enable = true
    filter = "ERRORS_ONLY"
  }
}

# Where Google puts the database: addresses of this network that are lent to Google's.
resource "google_compute_global_address" "database" {
  name          = "${var.name}-database"
  purpose       = "VPC_PEERING"
  address_type  = "INTERNAL"
  address       = cidrhost(cidrsubnet(var.network_range, 1, 1), 0)
  prefix_length = tonumber(split("/", var.network_range)[1]) + 1
  network       = google_compute_network.house.id
}

resource "google_service_networking_connection" "database" {
  network                 = google_compute_network.house.id
  service                 = "servicenetworking.googleapis.com"
  reserved_peering_ranges = [google_compute_global_address.database.name]
}

locals {
  # The load balancer passes packets on as they come, so that these see who asks. Google's own probes come from the last three.
  entrances = merge(
    { clients = { ports = ["443"], from = var.clients } },
    length(var.scanners) == 0 ? {} : { scanners = { ports = ["11112"], from = var.scanners } },
    { probes = { ports = ["443"], from = ["35.191.0.0/16", "130.211.0.0/22", "209.85.152.0/22", "209.85.204.0/22"] } },
    { administrators = { ports = ["22"], from = ["35.235.240.0/20"] } }, # through Identity-Aware Proxy, with OS Login
  )
}

resource "google_compute_firewall" "in" {
  for_each                = local.entrances
  name                    = "${var.name}-${each.key}"
  network                 = google_compute_network.house.id
  direction               = "INGRESS"
  source_ranges           = each.value.from
  target_service_accounts = [google_service_account.machine.email]
  allow {
    protocol = "tcp"
    ports    = each.value.ports
  }
  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}
