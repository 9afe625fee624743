# Machine and database stand in private subnets and have no public address. What they ask for outside (images, PACS, mail,
# sign-in) goes through one NAT gateway; the hospital's VPN or line is attached by its network's people to the route tables
# that the outputs name.
resource "aws_vpc" "house" {
  cidr_block           = var.network_range
  enable_dns_hostnames = true
  tags                 = { Name = var.name }
}

# Nobody uses the group that comes with a network; without rules it opens nothing.
resource "aws_default_security_group" "unused" {
  vpc_id = aws_vpc.house.id
}

resource "aws_subnet" "private" {
  count             = 2
  vpc_id            = aws_vpc.house.id
  cidr_block        = cidrsubnet(var.network_range, 2, count.index)
  availability_zone = var.zones[count.index]
  tags              = { Name = "${var.name}-private-${count.index}" }
}

resource "aws_subnet" "public" {
  count             = 2
  vpc_id            = aws_vpc.house.id
  cidr_block        = cidrsubnet(var.network_range, 4, 12 + count.index)
  availability_zone = var.zones[count.index]
  tags              = { Name = "${var.name}-public-${count.index}" }
}

resource "aws_internet_gateway" "out" {
  vpc_id = aws_vpc.house.id
}

resource "aws_eip" "nat" {
  #checkov:skip=CKV2_AWS_19:It is the NAT gateway's, which checkov does not count as a use
  domain = "vpc"
}

resource "aws_nat_gateway" "out" {
  allocation_id = aws_eip.nat.id
  subnet_id     = aws_subnet.public[0].id
  depends_on    = [aws_internet_gateway.out]
}

resource "aws_route_table" "private" {
  vpc_id = aws_vpc.house.id
}

resource "aws_route" "private_out" {
  route_table_id         = aws_route_table.private.id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.out.id
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.house.id
}

resource "aws_route" "public_out" {
  route_table_id         = aws_route_table.public.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.out.id
}

resource "aws_route_table_association" "private" {
  count          = length(aws_subnet.private)
  subnet_id      = aws_subnet.private[count.index].id
  route_table_id = aws_route_table.private.id
}

resource "aws_route_table_association" "public" {
  count          = length(aws_subnet.public)
  subnet_id      = aws_subnet.public[count.index].id
  route_table_id = aws_route_table.public.id
}

# Pictures go to the bucket inside Amazon's network, and not through the NAT gateway, which is paid by the gigabyte.
resource "aws_vpc_endpoint" "files" {
  vpc_id          = aws_vpc.house.id
  service_name    = "com.amazonaws.${var.region}.s3"
  route_table_ids = [aws_route_table.private.id]
}

resource "aws_security_group" "balancer" {
  name        = "${var.name}-balancer"
  description = "Who reaches the load balancer"
  vpc_id      = aws_vpc.house.id
}

resource "aws_vpc_security_group_ingress_rule" "clients" {
  for_each          = toset(var.clients)
  security_group_id = aws_security_group.balancer.id
  description       = "People and programs"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_ingress_rule" "scanners" {
  for_each          = toset(var.scanners)
  security_group_id = aws_security_group.balancer.id
  description       = "Scanners and PACS"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 11112
  to_port           = 11112
}

resource "aws_vpc_security_group_egress_rule" "balancer_to_machine" {
  for_each                     = toset(["443", "11112"])
  security_group_id            = aws_security_group.balancer.id
  description                  = "To the machine alone"
  referenced_security_group_id = aws_security_group.machine.id
  ip_protocol                  = "tcp"
  from_port                    = tonumber(each.value)
  to_port                      = tonumber(each.value)
}

resource "aws_security_group" "machine" {
  name        = "${var.name}-machine"
  description = "Who reaches the machine"
  vpc_id      = aws_vpc.house.id
}

resource "aws_vpc_security_group_ingress_rule" "machine_from_balancer" {
  for_each                     = toset(["443", "11112"])
  security_group_id            = aws_security_group.machine.id
  description                  = "The load balancer alone"
  referenced_security_group_id = aws_security_group.balancer.id
  ip_protocol                  = "tcp"
  from_port                    = tonumber(each.value)
  to_port                      = tonumber(each.value)
}

resource "aws_vpc_security_group_egress_rule" "machine_out" {
  #checkov:skip=CKV_AWS_382:PACS, mail, sign-in and registries have ports of their own; the hospital's firewall on the line decides which
  security_group_id = aws_security_group.machine.id
  description       = "Database, bucket, secrets, registries, PACS, mail, sign-in"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
}

resource "aws_security_group" "database" {
  name        = "${var.name}-database"
  description = "Who reaches the database"
  vpc_id      = aws_vpc.house.id
}

resource "aws_vpc_security_group_ingress_rule" "database_from_machine" {
  security_group_id            = aws_security_group.database.id
  description                  = "The machine alone"
  referenced_security_group_id = aws_security_group.machine.id
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

resource "aws_flow_log" "house" {
  vpc_id          = aws_vpc.house.id
  traffic_type    = "REJECT"
  log_destination = aws_cloudwatch_log_group.flows.arn
  iam_role_arn    = aws_iam_role.flows.arn
}

resource "aws_iam_role" "flows" {
  name               = "${var.name}-flows"
  assume_role_policy = data.aws_iam_policy_document.assumed_by["vpc-flow-logs.amazonaws.com"].json
}

resource "aws_iam_role_policy" "flows" {
  role   = aws_iam_role.flows.id
  policy = data.aws_iam_policy_document.flows.json
}

data "aws_iam_policy_document" "flows" {
  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
    resources = ["${aws_cloudwatch_log_group.flows.arn}:*"]
  }
}

# Which service of Amazon's a role is for.
data "aws_iam_policy_document" "assumed_by" {
  for_each = toset(["vpc-flow-logs.amazonaws.com", "ec2.amazonaws.com", "dlm.amazonaws.com", "scheduler.amazonaws.com", "monitoring.rds.amazonaws.com"])
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = [each.value]
    }
  }
}
