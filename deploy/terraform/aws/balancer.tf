# Passes bytes on and opens none: TLS ends at nginx on the machine, with the hospital's certificate, and nginx sees who asks. What an
# application load balancer believes of `X-Forwarded-Host` would reach the house unchanged.
resource "aws_lb" "house" {
  #checkov:skip=CKV_AWS_91:A network load balancer logs TLS listeners alone; nginx says who asked
  name                             = var.name
  load_balancer_type               = "network"
  internal                         = !var.internet_facing
  subnets                          = var.internet_facing ? aws_subnet.public[*].id : aws_subnet.private[*].id
  security_groups                  = [aws_security_group.balancer.id]
  enable_cross_zone_load_balancing = true
  enable_deletion_protection       = var.deletion_protection
}

locals {
  listeners = merge({ https = 443 }, length(var.scanners) == 0 ? {} : { dicom = 11112 })
}

resource "aws_lb_target_group" "house" {
  for_each           = local.listeners
  name               = "${var.name}-${each.key}"
  vpc_id             = aws_vpc.house.id
  port               = each.value
  protocol           = "TCP"
  preserve_client_ip = "true"
  # Ready, not only alive: whether scans can be read. With one target nothing is kept from it; an alarm comes of it.
  health_check {
    protocol = each.key == "https" ? "HTTPS" : "TCP"
    port     = tostring(each.value)
    path     = each.key == "https" ? "/readyz" : null
    matcher  = each.key == "https" ? "200" : null
    interval = 30
  }
}

resource "aws_lb_target_group_attachment" "house" {
  for_each         = local.listeners
  target_group_arn = aws_lb_target_group.house[each.key].arn
  target_id        = aws_instance.house.id
}

resource "aws_lb_listener" "house" {
  for_each          = local.listeners
  load_balancer_arn = aws_lb.house.arn
  port              = each.value
  protocol          = "TCP"
  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.house[each.key].arn
  }
}
