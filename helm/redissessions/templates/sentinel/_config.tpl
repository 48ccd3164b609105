{{- define "redissessions.sentinel.fullname" -}}
{{ include "redissessions.fullname" . }}-sentinel
{{- end }}

{{- define "redissessions.sentinel.config" -}}
{{- range list "sentinels.sh" "sentinel.sh" }}
{{ . }}: |
  {{- $.Files.Get (printf "files/redis/%s" .) | nindent 2 }}
{{- end }}
{{- end }}
