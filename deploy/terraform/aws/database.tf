# PostgreSQL 15: the image's pg_dump, which `app.py backup` uses, must not be older than the server.
resource "aws_db_subnet_group" "house" {
  name       = var.name
  subnet_ids = aws_subnet.private[*].id
}

resource "aws_db_parameter_group" "house" {
  name_prefix = "${var.name}-"
  family      = "postgres15"
  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }
  # Statements that change the schema alone: values of others, in which names stand, would be written with those that are slow.
  parameter {
    name  = "log_statement"
    value = "ddl"
  }
  parameter {
    name  = "log_min_duration_statement"
    value = "-1"
  }
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_db_instance" "house" {
  #checkov:skip=CKV_AWS_161:Lightbox signs in with a password that nobody sees; one of IAM's is good for fifteen minutes
  identifier                            = var.name
  engine                                = "postgres"
  engine_version                        = "15"
  auto_minor_version_upgrade            = true
  instance_class                        = var.database_size
  allocated_storage                     = 50
  max_allocated_storage                 = 500
  storage_type                          = "gp3"
  storage_encrypted                     = true
  kms_key_id                            = aws_kms_key.house.arn
  db_name                               = "lightbox"
  username                              = "lightbox"
  password_wo                           = ephemeral.aws_secretsmanager_secret_version.database_password.secret_string
  password_wo_version                   = local.made.database_password
  db_subnet_group_name                  = aws_db_subnet_group.house.name
  vpc_security_group_ids                = [aws_security_group.database.id]
  parameter_group_name                  = aws_db_parameter_group.house.name
  publicly_accessible                   = false
  multi_az                              = var.database_replica
  backup_retention_period               = var.backup_days
  backup_window                         = "00:30-01:30"
  maintenance_window                    = "sun:03:00-sun:04:00"
  copy_tags_to_snapshot                 = true
  deletion_protection                   = var.deletion_protection
  skip_final_snapshot                   = false
  final_snapshot_identifier             = "${var.name}-last"
  delete_automated_backups              = false
  enabled_cloudwatch_logs_exports       = ["postgresql", "upgrade"]
  performance_insights_enabled          = true
  performance_insights_kms_key_id       = aws_kms_key.house.arn
  performance_insights_retention_period = 7
  monitoring_interval                   = 60
  monitoring_role_arn                   = aws_iam_role.database_monitoring.arn
}

resource "aws_iam_role" "database_monitoring" {
  name               = "${var.name}-database-monitoring"
  assume_role_policy = data.aws_iam_policy_document.assumed_by["monitoring.rds.amazonaws.com"].json
}

resource "aws_iam_role_policy_attachment" "database_monitoring" {
  role       = aws_iam_role.database_monitoring.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
}
