{{- define "lightbox.labels" -}}
app.kubernetes.io/name: lightbox
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Values.image.tag | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "lightbox.selector" -}}
app.kubernetes.io/name: lightbox
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: server
{{- end }}

{{- define "lightbox.readers" -}}
app.kubernetes.io/name: lightbox
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: reader
{{- end }}

{{/* The pods that answer pages: the first server and its readers, not the backup's. */}}
{{- define "lightbox.servers" -}}
app.kubernetes.io/name: lightbox
app.kubernetes.io/instance: {{ .Release.Name }}
lightbox/server: "true"
{{- end }}

{{- define "lightbox.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag }}{{ with .Values.image.digest }}@{{ . }}{{ end }}
{{- end }}

{{- define "lightbox.homeClaim" -}}
{{ .Values.persistence.home.existingClaim | default (printf "%s-home" .Release.Name) }}
{{- end }}

{{- define "lightbox.backupsClaim" -}}
{{ .Values.persistence.backups.existingClaim | default (printf "%s-backups" .Release.Name) }}
{{- end }}

{{- define "lightbox.sharedClaim" -}}
{{ .Values.persistence.shared.existingClaim | default (printf "%s-shared" .Release.Name) }}
{{- end }}

{{- define "lightbox.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
# A home folder of a million files is not walked through at each start.
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "lightbox.security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "lightbox.environment" -}}
envFrom:
  - configMapRef: {name: {{ .Release.Name }}-settings}
env:
  {{- range $setting, $key := .Values.secret.files }}
  - name: {{ $setting }}
    value: /run/secrets/lightbox/{{ $key }}
  {{- end }}
  {{- range $variable, $key := .Values.secret.environment }}
  - name: {{ $variable }}
    valueFrom:
      secretKeyRef: {name: {{ $.Values.secret.name }}, key: {{ $key }}}
  {{- end }}
{{- end }}

{{- define "lightbox.secretVolume" -}}
- name: secrets
  secret:
    secretName: {{ required "secret.name: a Secret with database-url and secret-key" .Values.secret.name }}
    defaultMode: 0440
    items:
      {{- range $setting, $key := .Values.secret.files }}
      - {key: {{ $key }}, path: {{ $key }}}
      {{- end }}
{{- end }}
