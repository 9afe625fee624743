# Needs Terraform (or OpenTofu) 1.11: passwords are made as ephemeral values and never stand in the state.
# State: put a backend block (gcs) into backend.tf of yours; it names your house, so none is here.
terraform {
  required_version = ">= 1.11"
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.50" # the newest whose arguments the tests know
    }
    random = {
      source  = "hashicorp/random"
      version = "~> 3.7" # the first with passwords that are not kept
    }
  }
}

provider "google" {
  project = var.project
  region  = var.region
  zone    = var.zone
  default_labels = {
    application = "lightbox"
    house       = var.name
  }
}
