variable "project" {
  type        = string
  description = "The Google Cloud project, which holds nothing else"
}

variable "region" {
  type        = string
  description = "The region of everything, europe-west3"
}

variable "zone" {
  type        = string
  description = "The machine's zone, one that has the GPU: europe-west3-b"
}

variable "name" {
  type        = string
  description = "The house's name, which everything that is made is called by"
  default     = "lightbox"
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "3 to 20 small letters, digits and hyphens, beginning with a letter."
  }
}

variable "server_name" {
  type        = string
  description = "The name under which people reach the house, without https://; its DNS record is yours to make"
  validation {
    condition     = can(regex("^[a-z0-9-]+(\\.[a-z0-9-]+)+$", var.server_name))
    error_message = "A full name, such as lightbox.hospital.example."
  }
}

variable "image" {
  type        = string
  description = "The container image that make image built, in a registry that the machine reaches, with its version"
  validation {
    condition     = can(regex("^[^:]+(:[0-9]+/[^:]+)?:[^:]+$", var.image)) && !endswith(var.image, ":latest")
    error_message = "REGISTRY/lightbox:VERSION, never :latest."
  }
}

variable "network_range" {
  type        = string
  description = "The private addresses of this network; must not overlap the hospital's"
  default     = "10.80.0.0/20"
  validation {
    condition     = can(cidrsubnet(var.network_range, 4, 15))
    error_message = "A network such as 10.80.0.0/20."
  }
}

variable "clients" {
  type        = list(string)
  description = "Networks from which people and programs reach the house by HTTPS"
  validation {
    condition     = length(var.clients) > 0 && alltrue([for range in var.clients : can(cidrnetmask(range)) && !endswith(range, "/0")])
    error_message = "One network or more, and never the whole internet."
  }
}

variable "scanners" {
  type        = list(string)
  description = "Networks from which scanners and PACS send to the DICOM node; empty: none does"
  default     = []
  validation {
    condition     = alltrue([for range in var.scanners : can(cidrnetmask(range)) && !endswith(range, "/0")])
    error_message = "Networks, and never the whole internet."
  }
}

variable "dicom_senders" {
  type        = string
  description = "LIGHTBOX_DICOM_SENDERS: AE_TITLE@ADDRESS, separated by commas; has to be said where there are scanners"
  default     = ""
  validation {
    condition     = length(var.scanners) == 0 || var.dicom_senders != ""
    error_message = "Name who may send: MR1@10.1.0.5."
  }
}

variable "internet_facing" {
  type        = bool
  description = "Whether the load balancer has a public address; false: it is reached through the hospital's VPN or line alone"
  default     = false
}

variable "gpu" {
  type        = bool
  description = "Whether the machine has a GPU; false takes the machine for processors"
  default     = true
}

variable "home_gib" {
  type        = number
  description = "The disk of the house in GiB: database of MLflow, weights, uploads in progress, nightly backups, metrics"
  default     = 200
  validation {
    condition     = var.home_gib >= 50
    error_message = "50 GiB or more."
  }
}

variable "database_size" {
  type        = string
  description = "The kind of the database's machine"
  default     = "db-custom-2-8192"
}

variable "database_replica" {
  type        = bool
  description = "Whether the database has a standby in another zone, which takes over by itself; doubles its price"
  default     = true
}

variable "backup_days" {
  type        = number
  description = "For so many days the database can be put back to any moment, and so many snapshots of the disk are kept"
  default     = 14
  validation {
    condition     = var.backup_days >= 1 && var.backup_days <= 35
    error_message = "1 to 35."
  }
}

variable "earlier_versions_days" {
  type        = number
  description = "What is deleted or overwritten in the bucket can be brought back for so many days; an erased patient is gone after them"
  default     = 30
}

variable "time_zone" {
  type        = string
  description = "TZ: the hospital's time zone"
  default     = "Europe/Berlin"
}

variable "settings" {
  type        = map(string)
  description = "Further settings of docs/settings.md by their names; secrets aside"
  default     = {}
  validation {
    condition     = alltrue([for key in keys(var.settings) : can(regex("^(LIGHTBOX_|MLFLOW_TRACKING_URI$)", key)) && !can(regex("SECRET|PASSWORD|_KEYS?$|_ALERTS|_MAIL|DATABASE", key))])
    error_message = "Settings by their names; secrets go into the store of secrets, not into the state."
  }
}

variable "given_secrets" {
  type        = set(string)
  description = "Which secrets you put in beside those that are made: alerts, mail, oidc_client_secret, ldap_bind_password, sign_password"
  default     = []
  validation {
    condition     = length(setsubtract(var.given_secrets, ["alerts", "mail", "oidc_client_secret", "ldap_bind_password", "sign_password"])) == 0
    error_message = "One of alerts, mail, oidc_client_secret, ldap_bind_password, sign_password."
  }
}

variable "idle_stop_minutes" {
  type        = number
  description = "The machine stops after so many minutes in which nobody asked, nothing waited and nothing was read; 0: never, which a house that scanners send to at night needs"
  default     = 0
  validation {
    condition     = var.idle_stop_minutes == 0 || (var.idle_stop_minutes >= 15 && length(var.scanners) == 0)
    error_message = "0, or 15 and more; 0 where scanners send, because a stopped machine takes nothing."
  }
}

variable "start_time" {
  type        = string
  description = "A stopped machine is started every day at HH:MM in time_zone; empty: by hand alone"
  default     = ""
  validation {
    condition     = can(regex("^(([01][0-9]|2[0-3]):[0-5][0-9])?$", var.start_time))
    error_message = "HH:MM, or empty."
  }
}

variable "mail_to" {
  type        = list(string)
  description = "Who is told by e-mail that the house does not answer, or that disk, processor or database run full"
  default     = []
}

variable "deletion_protection" {
  type        = bool
  description = "Whether database, load balancer and machine refuse to be deleted; set it to false before you destroy the house"
  default     = true
}

variable "machine_types" {
  type        = object({ gpu = string, cpu = string })
  description = "The machine with one GPU, and the one for processors"
  default     = { gpu = "g2-standard-8", cpu = "n2-standard-8" }
}

variable "machine_image" {
  type        = string
  description = "The machine's image: a Debian or Ubuntu with Docker, the gcloud CLI and, for a GPU, NVIDIA's driver and container toolkit"
  default     = "projects/deeplearning-platform-release/global/images/family/common-cu128-ubuntu-2204-nvidia-570" # pragma: allowlist secret
}
