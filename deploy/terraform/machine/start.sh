#!/bin/sh
# Fetches settings and secrets and starts the containers. Secrets come from the cloud's store to a disk in memory, never to another one.
lightbox-fetch
# shellcheck source=deploy/terraform/machine/cloud.sh
. "$(dirname "$0")/cloud.sh"

kept="${KEPT:-/run/lightbox}"
rm -rf "$kept.new"
(umask 077 && mkdir -p "$kept.new")
mkdir "$kept.new/secrets" "$kept.new/given" "$kept.new/tls"

read_secret() { # SECRET; one that is missing ends the start by its name
  value="$(secret "$1")" || { echo "The secret $SECRETS$1 has no value, or may not be read." >&2; exit 1; }
}
put() { # SECRET FILE
  read_secret "$1"
  printf '%s\n' "$value" > "$kept.new/$2"
}
for name in secret_key identifier_key grafana_password smtp_password; do put "$name" "secrets/$name"; done
# Over TLS; whose certificate it is, is not asked: the network between is the house's own.
read_secret database_password
printf 'postgresql://lightbox:%s@%s/lightbox?sslmode=require\n' "$value" "$DATABASE_HOST" > "$kept.new/secrets/database_url" # pragma: allowlist secret
for name in $GIVEN; do put "$name" "given/$name"; done
put tls_fullchain tls/fullchain.pem
put tls_privkey tls/privkey.pem
# Containers run as users of their own; the folder above keeps others of this machine out.
chmod -R a+rX "$kept.new"/*
# The folders of a start before this one may be mounted in containers, which are made anew below.
rm -rf "$kept"
mv "$kept.new" "$kept"

registry
compose pull --quiet
compose up --detach --remove-orphans --force-recreate
