{{- define "redissessions.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 43 | trimSuffix "-" }}
{{- end }}

{{/* At most 43 characters, so that with "-sentinel" and the hash that a StatefulSet adds to a label it stays within 63.
     A longer name is cut and told apart by its hash. */}}
{{- define "redissessions.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- $full := .Values.fullnameOverride | default (contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name)) }}
{{- if gt (len $full) 43 }}
{{- $full = printf "%s-%s" ($full | trunc 34 | trimSuffix "-") (sha256sum $full | trunc 8) }}
{{- end }}
{{- $full }}
{{- end }}

{{- define "redissessions.redis.fullname" -}}
{{ include "redissessions.fullname" . }}-redis
{{- end }}

{{/* Takes (list $ component). */}}
{{- define "redissessions.selectorLabels" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ include "redissessions.name" $root }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* Takes (list $ component). */}}
{{- define "redissessions.labels" -}}
{{- $root := index . 0 -}}
{{ include "redissessions.selectorLabels" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Takes (list image default-tag). */}}
{{- define "redissessions.image" -}}
{{- $image := index . 0 -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ default (index . 1) $image.tag }}
{{- end }}
{{- end }}

{{- define "redissessions.pullSecrets" -}}
{{- with .Values.image.pullSecrets -}}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "redissessions.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{/* Takes the user's id. */}}
{{- define "redissessions.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{/* Whether the release has three Redis of its own, with Sentinels. */}}
{{- define "redissessions.replicated" -}}
{{- if and .Values.redis.enabled (eq .Values.redis.mode "sentinel") }}true{{ end }}
{{- end }}

{{- define "redissessions.session.secretName" -}}
{{ .Values.session.existingSecret | default (printf "%s-session" (include "redissessions.fullname" .)) }}
{{- end }}

{{- define "redissessions.redis.secretName" -}}
{{ .Values.redis.existingSecret | default (include "redissessions.redis.fullname" .) }}
{{- end }}

{{- define "redissessions.cloudFoundry.secretName" -}}
{{ .Values.cloudFoundry.existingSecret | default .Values.cloudFoundry.serviceName }}
{{- end }}

{{- define "redissessions.durability" -}}
{{ .Values.redis.durability | default (include "redissessions.replicated" . | eq "true" | ternary "replicas:1" "primary") }}
{{- end }}

{{- define "redissessions.replicas" -}}
{{- if .Values.autoscaling.enabled }}{{ .Values.autoscaling.minReplicas }}
{{- else if kindIs "invalid" .Values.replicaCount }}2
{{- else }}{{ .Values.replicaCount }}{{ end }}
{{- end }}

{{/* A generated secret: what the cluster has, else a new one, the same each time within one rendering.
     Takes (list $ secret-name key). */}}
{{- define "redissessions.generated" -}}
{{- $root := index . 0 }}{{ $name := index . 1 }}{{ $key := index . 2 }}
{{- $memo := printf "generated/%s/%s" $name $key }}
{{- if not (hasKey $root.Values $memo) }}
{{- $there := dig "data" $key "" (lookup "v1" "Secret" $root.Release.Namespace $name | default dict) | b64dec }}
{{- $_ := set $root.Values $memo ($there | default (randAlphaNum 48)) }}
{{- end }}
{{- get $root.Values $memo }}
{{- end }}

{{/* Of an existing Secret only the name is known: a change of its content rolls no pod. */}}
{{- define "redissessions.session.version" -}}
{{ .Values.session.existingSecret | default (include "redissessions.generated" (list . (include "redissessions.session.secretName" .) "secret")) }}
{{- end }}

{{- define "redissessions.redis.version" -}}
{{- if .Values.redis.enabled }}
{{- .Values.redis.existingSecret | default (include "redissessions.generated" (list . (include "redissessions.redis.secretName" .) "password")) }}
{{- end }}
{{- end }}

{{- define "redissessions.app.checksum" -}}
{{ printf "%s %s" (include "redissessions.session.version" .) (include "redissessions.redis.version" .) | sha256sum }}
{{- end }}

{{- define "redissessions.redis.checksum" -}}
{{ printf "%s %s" (include "redissessions.redis.config" .) (include "redissessions.redis.version" .) | sha256sum }}
{{- end }}

{{/* To any address: the cluster's DNS may answer from the node itself. */}}
{{- define "redissessions.dnsEgress" -}}
- ports: [{ port: 53, protocol: UDP }, { port: 53, protocol: TCP }]
{{- end }}
