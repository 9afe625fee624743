{{/* "true" where the house has several servers. */}}
{{- define "lightbox.several" -}}
{{- if or (gt (int .Values.replicas) 1) (and .Values.autoscaling.enabled (ne (int .Values.replicas) 0)) }}true{{ end }}
{{- end }}

{{/* Ends the rendering with what several servers need and lack; the server itself looks again (docs/several-servers.md). */}}
{{- define "lightbox.checked" -}}
{{- $files := .Values.settings.LIGHTBOX_FILES | default "" }}
{{- if and .Values.persistence.shared.enabled $files }}
{{- fail "persistence.shared and settings.LIGHTBOX_FILES both say where files are kept: leave one of them out." }}
{{- end }}
{{- if include "lightbox.several" . }}
{{- $missing := list }}
{{- if not (hasKey .Values.secret.files "REDIS_URL_FILE") }}
{{- $missing = append $missing "Redis (secret.files.REDIS_URL_FILE)" }}
{{- end }}
{{- if not (hasKey .Values.secret.files "DATABASE_URL_FILE") }}
{{- $missing = append $missing "a PostgreSQL or MariaDB that all share (secret.files.DATABASE_URL_FILE)" }}
{{- end }}
{{- if not (hasKey .Values.secret.files "LIGHTBOX_SECRET_KEY_FILE") }}
{{- $missing = append $missing "one secret key for all (secret.files.LIGHTBOX_SECRET_KEY_FILE)" }}
{{- end }}
{{- if not (or .Values.persistence.shared.enabled (regexMatch "^(s3|gs|az)://" $files)) }}
{{- $missing = append $missing "files that all reach (a bucket in settings.LIGHTBOX_FILES, or persistence.shared)" }}
{{- end }}
{{- if not (regexMatch "^https?://" (.Values.settings.MLFLOW_TRACKING_URI | default "")) }}
{{- $missing = append $missing "an MLflow server (settings.MLFLOW_TRACKING_URI)" }}
{{- end }}
{{- with $missing }}
{{- fail (printf "Several servers also need %s. Leave replicas at 1 and autoscaling off without them." (join "; " .)) }}
{{- end }}
{{- if and .Values.gpu.enabled (gt (int .Values.gpu.count) 1) }}
{{- fail "gpu.count: a server reads with one GPU; have more servers (replicas) instead." }}
{{- end }}
{{- $readers := sub (ternary (int .Values.autoscaling.min) (int .Values.replicas) .Values.autoscaling.enabled) 1 }}
{{- if ge (int .Values.rollingUpdate.maxUnavailable) (int $readers) }}
{{- fail "rollingUpdate.maxUnavailable: the first server is away while it is restarted, so one reader at least has to stay." }}
{{- end }}
{{- if eq 0 (add .Values.rollingUpdate.maxUnavailable .Values.rollingUpdate.maxSurge | int) }}
{{- fail "rollingUpdate: with both at 0 no reader could ever be restarted." }}
{{- end }}
{{- end }}
{{- if and .Values.autoscaling.enabled (gt (int .Values.replicas) 1) }}
{{- fail "replicas and autoscaling both say how many servers there are: leave replicas at 1." }}
{{- end }}
{{- if lt (int .Values.autoscaling.max) (int .Values.autoscaling.min) }}
{{- fail "autoscaling.max must not be less than autoscaling.min." }}
{{- end }}
{{- if ne (int .Values.replicas) 0 }}
{{- include "lightbox.runningChecked" . }}
{{- end }}
{{- end }}

{{/* The same of what runs in the cluster now. That is empty before the first install, and where no cluster is asked (helm template). */}}
{{- define "lightbox.runningChecked" -}}
{{- $several := include "lightbox.several" . }}
{{- $first := lookup "apps/v1" "Deployment" .Release.Namespace .Release.Name }}
{{- $readers := lookup "apps/v1" "Deployment" .Release.Namespace (printf "%s-readers" .Release.Name) }}
{{- $firsts := int (dig "status" "replicas" 0 $first) }}
{{- $others := int (dig "status" "replicas" 0 $readers) }}
{{- $version := dig "metadata" "labels" "app.kubernetes.io/version" "" $first }}
{{- if and (or (and $several $firsts) $others) (ne $version .Values.image.tag) }}
{{- fail (printf "Servers of two versions do not work together, and %s run: stop all with replicas=0 first." $version) }}
{{- end }}
{{- if or (and $several $firsts (not $readers)) (and (not $several) $others) }}
{{- fail "One server and several do not work beside each other: stop what runs with replicas=0 first." }}
{{- end }}
{{- end }}
