#!/bin/sh
# shellcheck source=deploy/terraform/machine/cloud.sh
. "$(dirname "$0")/cloud.sh"
compose down
