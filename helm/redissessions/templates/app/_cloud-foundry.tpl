{{/* The environment that Cloud Foundry gives an instance. */}}
{{- define "redissessions.cloudFoundry.env" -}}
# A Deployment numbers no pods: they number themselves, by a lease in Redis, within the version of the app.
- { name: CF_INSTANCE_INDEX, value: auto }
- name: POD_TEMPLATE_HASH
  valueFrom: { fieldRef: { fieldPath: "metadata.labels['pod-template-hash']" } }
- name: POD_NAME
  valueFrom: { fieldRef: { fieldPath: metadata.name } }
- name: VCAP_SERVICES
  valueFrom: { secretKeyRef: { name: {{ include "redissessions.cloudFoundry.secretName" . }}, key: VCAP_SERVICES } }
- name: VCAP_APPLICATION
  value: {{ include "redissessions.cloudFoundry.application" . | squote }}
{{- end }}

{{- define "redissessions.cloudFoundry.application" -}}
{{- $name := include "redissessions.fullname" . -}}
{{- $uris := list }}
{{- if and .Values.ingress.enabled .Values.ingress.host }}{{ $uris = append $uris .Values.ingress.host }}{{ end }}
{{- if .Values.httpRoute.enabled }}{{ $uris = concat $uris .Values.httpRoute.hostnames }}{{ end }}
{{- dict
  "application_name" $name
  "application_uris" $uris
  "application_version" "$(POD_TEMPLATE_HASH)"
  "instance_id" "$(POD_NAME)"
  "name" $name
  "space_name" .Release.Namespace
  "uris" $uris
  "version" "$(POD_TEMPLATE_HASH)"
  | toJson }}
{{- end }}

{{/* Takes (list $ password). */}}
{{- define "redissessions.cloudFoundry.services" -}}
{{- $root := index . 0 }}{{ $password := index . 1 }}
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
    "uri" (printf "redis://redissessions:%s@%s:6379" $password $host)
  )
)) | toJson }}
{{- end }}
