#!/bin/sh
# Makes the house's own backup and verifies it, on the disk of the house, of which snapshots are taken. Files in the bucket are not in
# it (docs/backup.md): the bucket keeps earlier versions.
# shellcheck source=deploy/terraform/machine/cloud.sh
. "$(dirname "$0")/cloud.sh"
compose run --rm backup
compose run --rm backup backup /var/lib/lightbox-backups --verify
