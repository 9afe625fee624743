{{/* What a server's pod has whichever it is: where it runs, as whom, and how long it may take to hand over. */}}
{{- define "lightbox.serverPod" -}}
automountServiceAccountToken: false
{{- with .Values.serviceAccountName }}
serviceAccountName: {{ . }}
{{- end }}
# Kubernetes would set LIGHTBOX_PORT to tcp://… for a Service called lightbox.
enableServiceLinks: false
# Requests are answered (20 seconds), work at hand is ended or handed on, and what is unfinished goes on elsewhere or later.
terminationGracePeriodSeconds: {{ ternary 90 60 (not (empty (include "lightbox.several" .))) }}
securityContext: {{- include "lightbox.podSecurity" . | nindent 2 }}
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- if and .Values.gpu.enabled .Values.gpu.runtimeClassName }}
runtimeClassName: {{ .Values.gpu.runtimeClassName }}
{{- end }}
{{- $selector := .Values.nodeSelector }}
{{- $tolerations := .Values.tolerations }}
{{- if .Values.gpu.enabled }}
{{- $selector = merge (deepCopy .Values.nodeSelector) .Values.gpu.nodeSelector }}
{{- $tolerations = concat .Values.tolerations .Values.gpu.tolerations }}
{{- end }}
{{- with $selector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- if include "lightbox.several" . }}
topologySpreadConstraints:
  {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: {{ $.Values.spread }}
    labelSelector:
      matchLabels: {{- include "lightbox.servers" $ | nindent 8 }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "lightbox.serverContainer" -}}
name: server
image: {{ include "lightbox.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{ include "lightbox.environment" . }}
ports:
  - {name: http, containerPort: 8050}
# A first start brings the database up to date and loads the networks; of several servers one starts at a time.
startupProbe:
  httpGet: {path: /healthz, port: http}
  periodSeconds: 5
  failureThreshold: {{ ternary 360 120 (not (empty (include "lightbox.several" .))) }}
livenessProbe:
  httpGet: {path: /healthz, port: http}
  periodSeconds: 30
  timeoutSeconds: 10
  failureThreshold: 4
readinessProbe:
  httpGet: {path: /readyz, port: http}
  periodSeconds: 10
  timeoutSeconds: 10
{{- if include "lightbox.several" . }}
# Until the ingress has taken this server off its list, it goes on answering.
lifecycle:
  preStop:
    exec: {command: [sleep, "10"]}
{{- end }}
resources:
  {{- $resources := deepCopy .Values.resources }}
  {{- if .Values.gpu.enabled }}
  {{- $gpu := dict "limits" (dict .Values.gpu.resource (toString .Values.gpu.count)) }}
  {{- $resources = merge $resources $gpu }}
  {{- end }}
  {{- toYaml $resources | nindent 2 }}
securityContext: {{- include "lightbox.security" . | nindent 2 }}
{{ include "lightbox.mounts" . }}
{{- end }}

{{- define "lightbox.mounts" -}}
volumeMounts:
  - {name: home, mountPath: /var/lib/lightbox}
  {{- if .Values.persistence.shared.enabled }}
  - {name: shared, mountPath: /var/lib/lightbox-shared}
  {{- end }}
  - {name: tmp, mountPath: /tmp}
  - {name: secrets, mountPath: /run/secrets/lightbox, readOnly: true}
{{- end }}

{{/* Every volume but the home folder, of which each has its own. */}}
{{- define "lightbox.volumes" -}}
- name: tmp
  emptyDir: {}
{{- if .Values.persistence.shared.enabled }}
- name: shared
  persistentVolumeClaim: {claimName: {{ include "lightbox.sharedClaim" . }}}
{{- end }}
{{ include "lightbox.secretVolume" . }}
{{- end }}
