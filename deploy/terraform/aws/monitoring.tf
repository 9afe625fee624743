# What the house cannot say itself when it is away. Readings, queues, drift and the rest: Prometheus beside it (deploy/monitoring).
resource "aws_cloudwatch_log_group" "house" {
  name              = "/${var.name}/house"
  retention_in_days = 365
  kms_key_id        = aws_kms_key.house.arn
}

resource "aws_cloudwatch_log_group" "flows" {
  name              = "/${var.name}/flows"
  retention_in_days = 365
  kms_key_id        = aws_kms_key.house.arn
}

resource "aws_sns_topic" "alarms" {
  name              = "${var.name}-alarms"
  kms_master_key_id = aws_kms_key.house.key_id
}

resource "aws_sns_topic_subscription" "mail" {
  for_each  = toset(var.mail_to)
  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = each.value
}

locals {
  # A machine that may stop by itself is no fault while it says nothing.
  silence = var.idle_stop_minutes > 0 ? "notBreaching" : "breaching"
  alarms = {
    not-ready = {
      namespace  = "AWS/NetworkELB", metric = "UnHealthyHostCount", above = true, limit = 0, silence = local.silence
      what       = "/readyz does not answer 200: docs/runbook.md, LightboxDown and LightboxNotReady"
      dimensions = { LoadBalancer = aws_lb.house.arn_suffix, TargetGroup = aws_lb_target_group.house["https"].arn_suffix }
    }
    machine-failed = {
      namespace  = "AWS/EC2", metric = "StatusCheckFailed", above = true, limit = 0, silence = local.silence
      what       = "The machine or what it stands on has failed"
      dimensions = { InstanceId = aws_instance.house.id }
    }
    processor = {
      namespace  = "AWS/EC2", metric = "CPUUtilization", above = true, limit = 95, silence = "notBreaching"
      what       = "The machine's processors are full"
      dimensions = { InstanceId = aws_instance.house.id }
    }
    disk = {
      namespace  = "Lightbox", metric = "DiskUsedPercent", above = true, limit = 85, silence = local.silence
      what       = "The disk of the house is nearly full: raise home_gib"
      dimensions = { InstanceId = aws_instance.house.id }
    }
    database-processor = {
      namespace  = "AWS/RDS", metric = "CPUUtilization", above = true, limit = 90, silence = "breaching"
      what       = "The database's processors are full"
      dimensions = { DBInstanceIdentifier = aws_db_instance.house.identifier }
    }
    database-disk = {
      namespace  = "AWS/RDS", metric = "FreeStorageSpace", above = false, limit = 5368709120, silence = "breaching"
      what       = "The database has less than 5 GiB left"
      dimensions = { DBInstanceIdentifier = aws_db_instance.house.identifier }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "house" {
  for_each            = local.alarms
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.what
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.above ? "Maximum" : "Minimum"
  comparison_operator = each.value.above ? "GreaterThanThreshold" : "LessThanThreshold"
  threshold           = each.value.limit
  period              = 300
  evaluation_periods  = 2
  treat_missing_data  = each.value.silence
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}
