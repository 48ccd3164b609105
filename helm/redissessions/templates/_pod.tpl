{{/* The common parts of the app's, Redis', the Sentinels' and the test's pods. */}}

{{/* Metadata of a pod that a controller makes. Takes root, component, labels and annotations. No version among the labels: a
     new chart alone must not restart Redis. */}}
{{- define "redissessions.pod.metadata" -}}
{{- $selector := include "redissessions.selectorLabels" (list .root .component) | fromYaml -}}
labels: {{- include "redissessions.merged" (list .root.Values.commonLabels .labels $selector) | nindent 2 }}
annotations: {{- include "redissessions.merged" (list .ours .root.Values.commonAnnotations .annotations) | nindent 2 }}
{{- end }}

{{/* Everything of a pod but its containers and volumes. Takes root, component, of (the values that are about these pods),
     serviceAccount, apart (whether the pods prefer different nodes) and spread (constraints; the user's for the same key win). */}}
{{- define "redissessions.pod" -}}
{{- $selector := include "redissessions.selectorLabels" (list .root .component) | fromYaml -}}
{{- with .serviceAccount -}}
serviceAccountName: {{ . | quote }}
{{ end -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with include "redissessions.pod.pullSecrets" .root | trim }}
imagePullSecrets: {{- . | nindent 2 }}
{{- end }}
{{- with .of.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with .of.runtimeClassName }}
runtimeClassName: {{ . | quote }}
{{- end }}
{{- with .of.hostAliases }}
hostAliases: {{- toYaml . | nindent 2 }}
{{- end }}
securityContext: {{- include "redissessions.pod.security" (list .root .of.podSecurityContext) | nindent 2 }}
{{- with .of.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .of.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- $affinity := deepCopy .of.affinity }}
{{- if and .apart (not (hasKey $affinity "podAntiAffinity")) }}
{{- $_ := set $affinity "podAntiAffinity" (include "redissessions.pod.apart" $selector | fromYaml) }}
{{- end }}
{{- with $affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- $spread := list }}{{ $keys := list }}
{{- range concat (.of.topologySpreadConstraints | default list) (.spread | default list) }}
{{- if not (has .topologyKey $keys) }}
{{- $spread = append $spread (hasKey . "labelSelector" | ternary . (set (deepCopy .) "labelSelector" (dict "matchLabels" $selector))) }}
{{- end }}
{{- $keys = append $keys .topologyKey }}
{{- end }}
{{- with $spread }}
topologySpreadConstraints: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Takes the pods' labels. */}}
{{- define "redissessions.pod.apart" -}}
preferredDuringSchedulingIgnoredDuringExecution:
  - weight: 100
    podAffinityTerm:
      topologyKey: kubernetes.io/hostname
      labelSelector:
        matchLabels: {{- toYaml . | nindent 10 }}
{{- end }}

{{- define "redissessions.pod.pullSecrets" -}}
{{- range concat .Values.image.pullSecrets .Values.global.imagePullSecrets | uniq }}
- name: {{ if kindIs "map" . }}{{ .name | quote }}{{ else }}{{ . | quote }}{{ end }}
{{- end }}
{{- end }}

{{/* OpenShift gives each namespace a range of ids, and refuses others. Takes (list $ context). */}}
{{- define "redissessions.pod.security" -}}
{{- $context := index . 1 }}
{{- if include "redissessions.openshift" (index . 0) }}{{ $context = omit $context "runAsUser" "runAsGroup" "fsGroup" }}{{ end }}
{{- toYaml $context }}
{{- end }}

{{/* A container's environment: a variable of the user's takes the place of ours. Takes (list ours theirs). */}}
{{- define "redissessions.environment" -}}
{{- $theirs := dict }}
{{- range index . 1 }}{{ $_ := set $theirs .name . }}{{ end }}
{{- $all := list }}
{{- range concat (index . 0) (index . 1) }}
{{- if hasKey $theirs .name }}
{{- with get $theirs .name }}{{ $all = append $all . }}{{ end }}
{{- $_ := set $theirs .name nil }}
{{- else }}{{ $all = append $all . }}
{{- end }}
{{- end }}
{{- toYaml $all }}
{{- end }}

{{- define "redissessions.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}{{ .Values.serviceAccount.name | default (include "redissessions.fullname" .) }}
{{- else }}{{ .Values.serviceAccount.name }}{{ end }}
{{- end }}

{{- define "redissessions.redis.serviceAccountName" -}}
{{- $account := .Values.redis.serviceAccount }}
{{- if $account.create }}{{ $account.name | default (include "redissessions.redis.fullname" .) }}
{{- else }}{{ $account.name }}{{ end }}
{{- end }}

{{/* The claim that each pod of a StatefulSet gets; its labels and annotations can't change later. Takes (list $ component size). */}}
{{- define "redissessions.volumeClaim" -}}
{{- $root := index . 0 }}
{{- with $root.Values.redis.persistence }}
- apiVersion: v1
  kind: PersistentVolumeClaim
  metadata:
    name: data
    labels: {{- include "redissessions.selectorLabels" $ | nindent 6 }}
    {{- with .annotations }}
    annotations: {{- include "redissessions.merged" (list .) | nindent 6 }}
    {{- end }}
  spec:
    accessModes: {{- toYaml .accessModes | nindent 6 }}
    {{- if eq .storageClass "-" }}
    storageClassName: ''
    {{- else if .storageClass }}
    storageClassName: {{ .storageClass | quote }}
    {{- end }}
    resources:
      requests:
        storage: {{ index $ 2 }}
{{- end }}
{{- end }}
