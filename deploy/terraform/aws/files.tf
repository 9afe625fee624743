# `files` holds scans, masks and reports (LIGHTBOX_FILES); `deploy` what the machine runs: the files of deploy/docker, nginx and
# monitoring as they are here, and the settings. `logs` holds who asked for what in `files`.
locals {
  buckets = toset(["files", "deploy", "logs"])
  deploy  = "${path.module}/../.."
  deployed = toset(flatten([
    for pattern in ["docker/compose*.yaml", "nginx/*.template", "monitoring/**/*.yaml", "monitoring/**/*.json", "terraform/machine/*"] : tolist(fileset(local.deploy, pattern))
  ]))
}

resource "aws_s3_bucket" "house" {
  #checkov:skip=CKV_AWS_144:A second region is another hospital's decision about where patients' data may lie; docs/terraform.md says how
  #checkov:skip=CKV2_AWS_62:Nothing is told by the bucket; Lightbox writes each file itself
  #checkov:skip=CKV_AWS_145:Logs of accesses are delivered to no bucket whose default is a key of KMS; the other two have it
  #checkov:skip=CKV_AWS_18:The logs of files and deploy go to logs, which has none of its own
  for_each      = local.buckets
  bucket_prefix = "${var.name}-${each.value}-"
  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_public_access_block" "house" {
  for_each                = local.buckets
  bucket                  = aws_s3_bucket.house[each.value].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "house" {
  for_each = local.buckets
  bucket   = aws_s3_bucket.house[each.value].id
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "house" {
  for_each = local.buckets
  bucket   = aws_s3_bucket.house[each.value].id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "house" {
  for_each = local.buckets
  bucket   = aws_s3_bucket.house[each.value].id
  rule {
    bucket_key_enabled = true
    apply_server_side_encryption_by_default {
      sse_algorithm     = each.value == "logs" ? "AES256" : "aws:kms" # access logs are written with no other
      kms_master_key_id = each.value == "logs" ? null : aws_kms_key.house.arn
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "house" {
  for_each = local.buckets
  bucket   = aws_s3_bucket.house[each.value].id
  rule {
    id     = "earlier-versions"
    status = "Enabled"
    filter {}
    noncurrent_version_expiration {
      noncurrent_days = var.earlier_versions_days
    }
    expiration {
      expired_object_delete_marker = true
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
  dynamic "rule" {
    for_each = each.value == "logs" ? ["logs"] : []
    content {
      id     = "a-year-of-logs"
      status = "Enabled"
      filter {}
      expiration {
        days = 365
      }
      abort_incomplete_multipart_upload {
        days_after_initiation = 7
      }
    }
  }
}

resource "aws_s3_bucket_logging" "house" {
  for_each      = toset(["files", "deploy"])
  bucket        = aws_s3_bucket.house[each.value].id
  target_bucket = aws_s3_bucket.house["logs"].id
  target_prefix = "${each.value}/"
}

resource "aws_s3_bucket_policy" "house" {
  for_each = local.buckets
  bucket   = aws_s3_bucket.house[each.value].id
  policy   = data.aws_iam_policy_document.bucket[each.value].json
}

data "aws_iam_policy_document" "bucket" {
  for_each = local.buckets
  statement {
    sid       = "OverTlsAlone"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.house[each.value].arn, "${aws_s3_bucket.house[each.value].arn}/*"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
  dynamic "statement" {
    for_each = each.value == "logs" ? ["logs"] : []
    content {
      sid       = "AccessLogs"
      actions   = ["s3:PutObject"]
      resources = ["${aws_s3_bucket.house["logs"].arn}/*"]
      principals {
        type        = "Service"
        identifiers = ["logging.s3.amazonaws.com"]
      }
      condition {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [data.aws_caller_identity.me.account_id]
      }
    }
  }
}

resource "aws_s3_object" "deployed" {
  for_each    = local.deployed
  bucket      = aws_s3_bucket.house["deploy"].id
  key         = each.value
  source      = "${local.deploy}/${each.value}"
  source_hash = filemd5("${local.deploy}/${each.value}")
  kms_key_id  = aws_kms_key.house.arn
}

resource "aws_s3_object" "settings" {
  bucket     = aws_s3_bucket.house["deploy"].id
  key        = "docker/lightbox.env"
  content    = join("", [for key, value in local.settings : "${key}=${value}\n"])
  kms_key_id = aws_kms_key.house.arn
}

resource "aws_s3_object" "machine" {
  bucket     = aws_s3_bucket.house["deploy"].id
  key        = "machine.env"
  content    = join("", [for key, value in local.machine : "${key}='${value}'\n"])
  kms_key_id = aws_kms_key.house.arn
}
