{{/* Secrets: their names, what the chart generates, and the checksums by which pods notice a change. */}}

{{- define "redissessions.session.secretName" -}}
{{ .Values.session.existingSecret | default (printf "%s-session" (include "redissessions.fullname" .)) }}
{{- end }}

{{- define "redissessions.session.secretKey" -}}
{{ empty .Values.session.existingSecret | ternary "secret" .Values.session.existingSecretKey }}
{{- end }}

{{- define "redissessions.redis.secretName" -}}
{{ .Values.redis.existingSecret | default (include "redissessions.redis.fullname" .) }}
{{- end }}

{{- define "redissessions.redis.secretKey" -}}
{{ empty .Values.redis.existingSecret | ternary "password" .Values.redis.existingSecretKey }}
{{- end }}

{{/* A generated secret: what the cluster has, else a new one, the same each time within one rendering.
     Takes (list $ secret-name key). */}}
{{- define "redissessions.generated" -}}
{{- $root := index . 0 }}{{ $name := index . 1 }}{{ $key := index . 2 }}
{{- $memo := printf "generated/%s/%s" $name $key }}
{{- if not (hasKey $root.Values $memo) }}
{{- $found := dig "data" $key "" (lookup "v1" "Secret" $root.Release.Namespace $name | default dict) | b64dec }}
{{- $_ := set $root.Values $memo ($found | default (randAlphaNum 48)) }}
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
