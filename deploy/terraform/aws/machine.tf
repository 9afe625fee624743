# One machine: Lightbox is one server on one database, a process a GPU. It has no SSH; administrators come by Session Manager.
data "aws_ssm_parameter" "image" {
  name = var.machine_image
}

resource "aws_instance" "house" {
  ami                                  = data.aws_ssm_parameter.image.insecure_value
  instance_type                        = var.gpu ? var.machine_types.gpu : var.machine_types.cpu
  subnet_id                            = aws_subnet.private[0].id
  vpc_security_group_ids               = [aws_security_group.machine.id]
  iam_instance_profile                 = aws_iam_instance_profile.machine.name
  associate_public_ip_address          = false
  ebs_optimized                        = true
  monitoring                           = true
  disable_api_termination              = var.deletion_protection
  instance_initiated_shutdown_behavior = "stop" # an idle machine powers itself off, and is started again
  user_data                            = <<-SCRIPT
    #!/bin/sh
    set -eu
    cat > /usr/local/sbin/lightbox-fetch <<'FETCH'
    #!/bin/sh
    exec aws s3 sync --delete --only-show-errors --region ${var.region} s3://${aws_s3_bucket.house["deploy"].bucket}/ /opt/lightbox/
    FETCH
    # Amazon runs this at the first boot alone; what lies here, at each.
    cat > /var/lib/cloud/scripts/per-boot/lightbox <<'BOOT'
    #!/bin/sh
    set -eu
    lightbox-fetch
    exec sh /opt/lightbox/terraform/machine/boot.sh
    BOOT
    chmod 0755 /usr/local/sbin/lightbox-fetch /var/lib/cloud/scripts/per-boot/lightbox
    exec /var/lib/cloud/scripts/per-boot/lightbox
  SCRIPT
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 2 # containers ask, too: the house opens the bucket by the machine's role
  }
  root_block_device {
    volume_size = 150
    volume_type = "gp3"
    encrypted   = true
    kms_key_id  = aws_kms_key.house.arn
  }
  tags = { Name = var.name }
  # A newer image would replace the machine in the middle of a day: docs/terraform.md says how it is done by hand.
  lifecycle {
    ignore_changes = [ami, user_data]
  }
  depends_on = [
    aws_s3_object.deployed, aws_s3_object.settings, aws_s3_object.machine, aws_secretsmanager_secret_version.made,
    aws_iam_role_policy.machine, aws_iam_role_policy_attachment.machine, aws_route.private_out,
  ]
}

# Everything that is not in database or bucket: weights, uploads in progress, backups. It outlives the machine.
resource "aws_ebs_volume" "home" {
  availability_zone = aws_subnet.private[0].availability_zone
  size              = var.home_gib
  type              = "gp3"
  encrypted         = true
  kms_key_id        = aws_kms_key.house.arn
  tags              = { Name = "${var.name}-home", Snapshots = var.name }
  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_volume_attachment" "home" {
  device_name                    = "/dev/sdf"
  volume_id                      = aws_ebs_volume.home.id
  instance_id                    = aws_instance.house.id
  stop_instance_before_detaching = true
}

resource "aws_iam_instance_profile" "machine" {
  name = "${var.name}-machine"
  role = aws_iam_role.machine.name
}

resource "aws_iam_role" "machine" {
  name               = "${var.name}-machine"
  assume_role_policy = data.aws_iam_policy_document.assumed_by["ec2.amazonaws.com"].json
}

resource "aws_iam_role_policy_attachment" "machine" {
  for_each   = toset(["AmazonSSMManagedInstanceCore", "AmazonEC2ContainerRegistryReadOnly"])
  role       = aws_iam_role.machine.name
  policy_arn = "arn:aws:iam::aws:policy/${each.value}"
}

resource "aws_iam_role_policy" "machine" {
  role   = aws_iam_role.machine.id
  policy = data.aws_iam_policy_document.machine.json
}

data "aws_iam_policy_document" "machine" {
  #checkov:skip=CKV_AWS_111:cloudwatch:PutMetricData knows no resources; the condition names the namespace
  #checkov:skip=CKV_AWS_356:As above
  statement {
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
    resources = ["${aws_s3_bucket.house["files"].arn}/*"]
  }
  statement {
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.house["deploy"].arn}/*"]
  }
  statement {
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.house["files"].arn, aws_s3_bucket.house["deploy"].arn]
  }
  statement {
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [for secret in aws_secretsmanager_secret.house : secret.arn]
  }
  statement {
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [aws_kms_key.house.arn]
  }
  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.house.arn}:*"]
  }
  statement {
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]
    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = ["Lightbox"]
    }
  }
}

# A machine that stopped because it was idle is started again every day.
resource "aws_scheduler_schedule" "start" {
  count                        = var.start_time == "" ? 0 : 1
  name                         = "${var.name}-start"
  kms_key_arn                  = aws_kms_key.house.arn
  schedule_expression          = "cron(${tonumber(split(":", var.start_time)[1])} ${tonumber(split(":", var.start_time)[0])} * * ? *)"
  schedule_expression_timezone = var.time_zone
  flexible_time_window {
    mode = "OFF"
  }
  target {
    arn      = "arn:aws:scheduler:::aws-sdk:ec2:startInstances"
    role_arn = aws_iam_role.start.arn
    input    = jsonencode({ InstanceIds = [aws_instance.house.id] })
  }
}

resource "aws_iam_role" "start" {
  name               = "${var.name}-start"
  assume_role_policy = data.aws_iam_policy_document.assumed_by["scheduler.amazonaws.com"].json
}

resource "aws_iam_role_policy" "start" {
  role   = aws_iam_role.start.id
  policy = data.aws_iam_policy_document.start.json
}

data "aws_iam_policy_document" "start" {
  statement {
    actions   = ["ec2:StartInstances"]
    resources = [aws_instance.house.arn]
  }
  # Its disks are encrypted: whoever starts it lends them the key.
  statement {
    actions   = ["kms:CreateGrant", "kms:Decrypt"]
    resources = [aws_kms_key.house.arn]
  }
}

# A snapshot of the house's disk each night, after its own backup.
resource "aws_dlm_lifecycle_policy" "home" {
  #checkov:skip=CKV_AWS_253:Copies in another region are the hospital's decision; those here are encrypted as the disk is
  description        = "Snapshots of ${var.name}"
  execution_role_arn = aws_iam_role.snapshots.arn
  policy_details {
    resource_types = ["VOLUME"]
    target_tags    = { Snapshots = var.name }
    schedule {
      name      = "Every night"
      copy_tags = true
      create_rule {
        interval      = 24
        interval_unit = "HOURS"
        times         = ["03:30"]
      }
      retain_rule {
        count = var.backup_days
      }
    }
  }
}

resource "aws_iam_role" "snapshots" {
  name               = "${var.name}-snapshots"
  assume_role_policy = data.aws_iam_policy_document.assumed_by["dlm.amazonaws.com"].json
}

resource "aws_iam_role_policy_attachment" "snapshots" {
  role       = aws_iam_role.snapshots.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSDataLifecycleManagerServiceRole"
}
