#!/bin/sh
# Powers the machine off where nobody has used the house for IDLE_STOP_MINUTES. A stopped machine costs its disks alone.
# shellcheck source=deploy/terraform/machine/cloud.sh
. "$(dirname "$0")/cloud.sh"
case "$(systemctl is-active lightbox-backup || true)" in active | activating) exit 0 ;; esac
ask='import urllib.request as u; print(u.urlopen("http://127.0.0.1:8050/metrics", timeout=20).read().decode())'
if compose exec -T lightbox python -c "$ask" | python3 "$(dirname "$0")/idle.py" "$IDLE_STOP_MINUTES" /run/lightbox-idle.json; then
  echo "Nobody has used Lightbox for $IDLE_STOP_MINUTES minutes: the machine stops."
  systemctl poweroff
fi
