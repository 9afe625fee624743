# shellcheck shell=sh
# What every script of the machine begins with: what Terraform says, and what differs between the clouds.
set -eu
here="$(cd "$(dirname "$0")/../.." && pwd)" # /opt/lightbox
# Written anew by Terraform: CLOUD, REGION, SECRETS, GIVEN, DATABASE_HOST, DISK, GPU, SERVER_NAME, IMAGE, LOG_GROUP, IDLE_STOP_MINUTES.
# shellcheck disable=SC1091
. "$here/machine.env"

secret() { # NAME: its value; fails where there is none, or it may not be read
  case "$CLOUD" in
    aws) aws secretsmanager get-secret-value --region "$REGION" --secret-id "$SECRETS$1" --query SecretString --output text ;;
    gcp) gcloud secrets versions access latest --secret="$SECRETS$1" ;;
  esac
}

registry() { # signs Docker in where the image lies in the cloud's own registry
  host="${IMAGE%%/*}"
  case "$host" in
    *.dkr.ecr.*) aws ecr get-login-password --region "$(echo "$host" | cut -d. -f4)" | docker login --username AWS --password-stdin "$host" ;;
    *.pkg.dev) gcloud auth configure-docker --quiet "$host" ;;
  esac
}

compose() { # docker compose with the files of this machine
  export LIGHTBOX_IMAGE="$IMAGE" LIGHTBOX_SERVER_NAME="$SERVER_NAME" REGION="${REGION:-}" LOG_GROUP="${LOG_GROUP:-}"
  set -- --file "$here/terraform/machine/compose.$CLOUD.yaml" "$@"
  if [ -n "$GPU" ]; then set -- --file "$here/docker/compose.gpu.yaml" "$@"; fi
  docker compose --project-directory "$here/docker" --file "$here/docker/compose.yaml" --file "$here/terraform/machine/compose.cloud.yaml" "$@"
}
