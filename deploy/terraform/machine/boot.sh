#!/bin/sh
# At every boot, after the files of deploy/ were fetched: the disk of the house, and the units. Doing it twice does nothing twice.
# shellcheck source=deploy/terraform/machine/cloud.sh
. "$(dirname "$0")/cloud.sh"

# The disk is attached after the machine was made.
waited=0
until [ -b "$DISK" ]; do
  [ "$waited" -lt 600 ] || { echo "The disk of the house, $DISK, is not there." >&2; exit 1; }
  sleep 5
  waited=$((waited + 5))
done
# A disk that holds something is never formatted.
if [ -z "$(blkid -o value -s TYPE "$DISK" || true)" ]; then mkfs.ext4 -q -m 0 "$DISK"; fi

# All volumes of the containers lie on it, and Docker never begins without it.
volumes=/var/lib/docker/volumes
mkdir -p "$volumes" /etc/systemd/system/docker.service.d
printf '[Unit]\nRequiresMountsFor=%s\n' "$volumes" > /etc/systemd/system/docker.service.d/lightbox.conf
if ! mountpoint -q "$volumes"; then
  systemctl stop docker.socket docker
  grep -q "^$DISK " /etc/fstab || echo "$DISK $volumes ext4 defaults,nofail,x-systemd.device-timeout=600 0 2" >> /etc/fstab
  systemctl daemon-reload
  mount "$volumes"
  systemctl start docker
fi
resize2fs "$DISK" # grown by home_gib, or nothing to do

case "$CLOUD" in
  gcp) # Google's agent tells how full the disks are
    if ! systemctl is-enabled --quiet google-cloud-ops-agent 2>/dev/null; then
      curl -fsS https://dl.google.com/cloudagents/add-google-cloud-ops-agent-repo.sh | bash -s -- --also-install
    fi ;;
esac

cp "$here"/terraform/machine/*.service "$here"/terraform/machine/*.timer /etc/systemd/system/
systemctl daemon-reload
systemctl enable --now lightbox-backup.timer
if [ "$CLOUD" = aws ]; then systemctl enable --now lightbox-disk.timer; fi
if [ "$IDLE_STOP_MINUTES" -gt 0 ]; then
  systemctl enable --now lightbox-idle.timer
else
  systemctl disable --now lightbox-idle.timer
fi
# Not enabled: it is this script that starts it, once the files are there. Not waited for: it tries again until the secrets are there
# that people put in.
systemctl start --no-block lightbox
