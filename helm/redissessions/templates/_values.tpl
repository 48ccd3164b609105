{{/* Comes first in every template: a value that is null gets its default, and values that contradict each other are refused.
     Helm takes a null out of the values, and a template can't see the chart's values.yaml: files/defaults.yaml is a copy of it. */}}
{{- define "redissessions.values" -}}
{{- if not (hasKey .Values "checked") }}
{{- include "redissessions.fill" (list .Values (.Files.Get "files/defaults.yaml" | fromYaml)) }}
{{- $_ := set .Values "checked" true }}
{{- include "redissessions.guard" . }}
{{- end }}
{{- end }}

{{/* What is missing in a map gets its default. Not inside these, where a null takes an entry away. Takes (list map defaults). */}}
{{- define "redissessions.fill" -}}
{{- $map := index . 0 }}
{{- $whole := list "resources" "podSecurityContext" "containerSecurityContext" "labels" }}
{{- range $key, $default := index . 1 }}
{{- if not (hasKey $map $key) }}{{ $_ := set $map $key $default }}
{{- else if kindIs "invalid" (get $map $key) }}{{ $_ := set $map $key $default }}
{{- else if and (kindIs "map" $default) (not (has $key $whole)) }}{{ include "redissessions.fill" (list (get $map $key) $default) }}
{{- end }}
{{- end }}
{{- end }}
