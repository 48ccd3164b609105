{{/* The environment that Cloud Foundry gives an instance. */}}
{{- define "redissessions.cloudFoundry.env" -}}
# A Deployment doesn't number its pods: they assign their own indexes, by a lease in Redis, within the version of the app.
- { name: CF_INSTANCE_INDEX, value: auto }
- name: POD_TEMPLATE_HASH
  valueFrom: { fieldRef: { fieldPath: "metadata.labels['pod-template-hash']" } }
- name: POD_NAME
  valueFrom: { fieldRef: { fieldPath: metadata.name } }
- name: VCAP_SERVICES
  valueFrom: { secretKeyRef: { name: {{ include "redissessions.cloudFoundry.secretName" . | quote }}, key: {{ include "redissessions.cloudFoundry.secretKey" . | quote }} } }
- name: VCAP_APPLICATION
  value: {{ include "redissessions.cloudFoundry.application" . | squote }}
{{- end }}

{{- define "redissessions.cloudFoundry.secretName" -}}
{{ .Values.cloudFoundry.existingSecret | default .Values.cloudFoundry.serviceName }}
{{- end }}

{{- define "redissessions.cloudFoundry.secretKey" -}}
{{ empty .Values.cloudFoundry.existingSecret | ternary "VCAP_SERVICES" .Values.cloudFoundry.existingSecretKey }}
{{- end }}

{{- define "redissessions.cloudFoundry.application" -}}
{{- $name := include "redissessions.fullname" . -}}
{{- $uris := list }}
{{- if .Values.ingress.enabled }}
{{- range prepend .Values.ingress.extraHosts .Values.ingress }}{{ with .host }}{{ $uris = append $uris . }}{{ end }}{{ end }}
{{- end }}
{{- if .Values.httpRoute.enabled }}{{ $uris = concat $uris .Values.httpRoute.hostnames }}{{ end }}
{{- dict
  "application_name" $name
  "application_uris" (uniq $uris)
  "application_version" "$(POD_TEMPLATE_HASH)"
  "instance_id" "$(POD_NAME)"
  "name" $name
  "space_name" .Release.Namespace
  "uris" (uniq $uris)
  "version" "$(POD_TEMPLATE_HASH)"
  | toJson }}
{{- end }}

{{/* Takes (list $ password). */}}
{{- define "redissessions.cloudFoundry.services" -}}
{{- $root := index . 0 }}{{ $password := index . 1 }}
{{- $scheme := empty $root.Values.redis.tls.existingSecret | ternary "redis" "rediss" }}
{{- $host := include "redissessions.redis.fullname" $root }}
{{- dict "redis" (list (dict
  "name" $root.Values.cloudFoundry.serviceName
  "label" "redis"
  "plan" "free"
  "tags" (list "redis" "key-value")
  "credentials" (dict
    "host" $host
    "port" 6379
    "username" "redissessions"
    "password" $password
    "uri" (printf "%s://redissessions:%s@%s:6379" $scheme (urlquery $password | replace "+" "%20") $host)
  )
)) | toJson }}
{{- end }}
