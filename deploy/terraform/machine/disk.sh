#!/bin/sh
# Tells CloudWatch how full the disk of the house is.
# shellcheck source=deploy/terraform/machine/cloud.sh
. "$(dirname "$0")/cloud.sh"
token="$(curl -fsS -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token)"
instance="$(curl -fsS -H "X-aws-ec2-metadata-token: $token" http://169.254.169.254/latest/meta-data/instance-id)"
used="$(df --output=pcent /var/lib/docker/volumes | tail -n 1 | tr -dc 0-9)"
aws cloudwatch put-metric-data --region "$REGION" --namespace Lightbox --metric-name DiskUsedPercent --unit Percent \
  --dimensions "InstanceId=$instance" --value "$used"
