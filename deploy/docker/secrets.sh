#!/bin/sh
# Makes the secrets that compose.yaml names, each in a file of its own, where they are not there yet: secrets.sh [FOLDER]
# Keep them beside the backups, not in them: without secret_key a restored house cannot check its audit trail, without
# identifier_key it does not know the names of its patients, and does not start.
set -eu
folder="${1:-$(dirname "$0")/secrets}"
umask 077
mkdir -p "$folder"
put() { # NAME VALUE: a file that is there stays as it is
  if [ ! -s "$folder/$1" ]; then printf '%s' "$2" > "$folder/$1"; fi
}
random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
put database_password "$(random)"
put database_url "postgresql://lightbox:$(cat "$folder/database_password")@database/lightbox"
put secret_key "$(random)"
put identifier_key "$(random)"
put grafana_password "$(random)"
put smtp_password "change-me"
# Containers run as users of their own; the folder alone keeps others of this machine out.
chmod 0644 "$folder"/*
