# Needs Terraform (or OpenTofu) 1.11: passwords are made as ephemeral values and never stand in the state.
# State: put a backend block (S3, encrypted, with locking) into backend.tf of yours; it names your house, so none is here.
terraform {
  required_version = ">= 1.11"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.25" # the newest whose arguments the tests know
    }
    random = {
      source  = "hashicorp/random"
      version = "~> 3.7" # the first with passwords that are not kept
    }
  }
}

provider "aws" {
  region = var.region
  default_tags {
    tags = {
      Application = "lightbox"
      House       = var.name
    }
  }
}
