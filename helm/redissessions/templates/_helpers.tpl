{{/* Names, labels, metadata and images. */}}

{{- define "redissessions.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 43 | trimSuffix "-" }}
{{- end }}

{{/* At most 43 characters, so that with "-sentinel" and the hash that a StatefulSet adds to a label it stays within 63.
     A longer name is cut, and its hash makes it unique. A Service's name has to begin with a letter. */}}
{{- define "redissessions.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- $full := .Values.fullnameOverride }}
{{- if not $full }}
{{- $full = contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) }}
{{- if regexMatch "^[0-9]" $full }}{{ $full = printf "%s-%s" $name .Release.Name }}{{ end }}
{{- end }}
{{- if gt (len $full) 43 }}
{{- $full = printf "%s-%s" ($full | trunc 34 | trimSuffix "-") (sha256sum $full | trunc 8) }}
{{- end }}
{{- $full }}
{{- end }}

{{- define "redissessions.redis.fullname" -}}
{{ include "redissessions.fullname" . }}-redis
{{- end }}

{{- define "redissessions.sentinel.fullname" -}}
{{ include "redissessions.fullname" . }}-sentinel
{{- end }}

{{/* Whether the release has three Redis of its own, with Sentinels. */}}
{{- define "redissessions.replicated" -}}
{{- if and .Values.redis.enabled (eq .Values.redis.mode "sentinel") }}true{{ end }}
{{- end }}

{{- define "redissessions.openshift" -}}
{{- if kindIs "invalid" .Values.openshift.enabled }}
{{- if .Capabilities.APIVersions.Has "security.openshift.io/v1" }}true{{ end }}
{{- else if .Values.openshift.enabled }}true{{ end }}
{{- end }}

{{- define "redissessions.replicas" -}}
{{- if .Values.autoscaling.enabled }}{{ .Values.autoscaling.minReplicas }}
{{- else if kindIs "invalid" .Values.replicaCount }}2
{{- else }}{{ .Values.replicaCount }}{{ end }}
{{- end }}

{{/* toYaml quotes what would not be read as text: a release may be called "on" or "1e3". Takes (list $ component). */}}
{{- define "redissessions.selectorLabels" -}}
{{- $root := index . 0 -}}
{{- dict
  "app.kubernetes.io/name" (include "redissessions.name" $root)
  "app.kubernetes.io/instance" $root.Release.Name
  "app.kubernetes.io/component" (index . 1)
  | toYaml }}
{{- end }}

{{/* Several maps as one, as YAML: a later one wins, and numbers become text, as labels and annotations want them. Takes a list. */}}
{{- define "redissessions.merged" -}}
{{- $all := dict }}
{{- range . }}
{{- range $key, $value := . | default dict }}
{{- if and (kindIs "float64" $value) (eq $value (floor $value)) }}{{ $value = int64 $value }}{{ end }}
{{- $_ := set $all $key (toString $value) }}
{{- end }}
{{- end }}
{{- if $all }}{{ toYaml $all }}{{ end }}
{{- end }}

{{/* An object's metadata. Takes root, name and component; labels, annotations and namespace if it has its own. */}}
{{- define "redissessions.metadata" -}}
{{- $root := .root }}
{{- $ours := dict
  "app.kubernetes.io/version" $root.Chart.AppVersion
  "app.kubernetes.io/managed-by" $root.Release.Service
  "helm.sh/chart" (printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_") }}
{{- $selector := include "redissessions.selectorLabels" (list $root .component) | fromYaml -}}
name: {{ .name | toYaml }}
namespace: {{ .namespace | default $root.Release.Namespace | toYaml }}
labels: {{- include "redissessions.merged" (list $ours $root.Values.commonLabels .labels $selector) | nindent 2 }}
{{- with include "redissessions.merged" (list $root.Values.commonAnnotations .annotations) }}
annotations: {{- . | nindent 2 }}
{{- end }}
{{- end }}

{{/* A registry of an umbrella chart takes the place of the image's own. Takes (list $ image default-tag). */}}
{{- define "redissessions.image" -}}
{{- $root := index . 0 }}{{ $image := index . 1 }}
{{- $repository := $image.repository }}
{{- with $root.Values.global.imageRegistry }}
{{- $repository = printf "%s/%s" (trimSuffix "/" .) (regexReplaceAll "^([^/]+[.:][^/]*|localhost)/" $repository "") }}
{{- end }}
{{- if $image.digest }}{{ printf "%s@%s" $repository $image.digest | quote }}
{{- else }}{{ printf "%s:%v" $repository ($image.tag | default (index . 2)) | quote }}{{ end }}
{{- end }}

{{/* Bytes in a quantity of Kubernetes or of Redis (where mb is 1024 kb). */}}
{{- define "redissessions.bytes" -}}
{{- $text := toString . }}
{{- if kindIs "float64" . }}{{ $text = printf "%.0f" . }}{{ end }}
{{- $units := dict "" 1 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 "kb" 1024 "mb" 1048576 "gb" 1073741824 "m" 0.001 }}
{{- $number := regexFind "^[0-9.]+" $text }}
{{- mulf (float64 $number) (get $units (trimPrefix $number $text) | float64) | printf "%.0f" }}
{{- end }}

{{/* A PodDisruptionBudget. Takes root, name, component and budget. */}}
{{- define "redissessions.podDisruptionBudget" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {{- include "redissessions.metadata" . | nindent 2 }}
spec:
  {{- if kindIs "invalid" .budget.minAvailable }}
  maxUnavailable: {{ .budget.maxUnavailable }}
  {{- else }}
  minAvailable: {{ .budget.minAvailable }}
  {{- end }}
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels: {{- include "redissessions.selectorLabels" (list .root .component) | nindent 6 }}
{{- end }}

{{/* What every Service has of the address families. */}}
{{- define "redissessions.ipFamilies" -}}
{{- with .Values.service.ipFamilyPolicy }}
ipFamilyPolicy: {{ . }}
{{- end }}
{{- with .Values.service.ipFamilies }}
ipFamilies: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
