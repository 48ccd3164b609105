{{/* What the objects of Redis and of the Sentinels share. */}}

{{- define "redissessions.durability" -}}
{{ .Values.redis.durability | default (include "redissessions.replicated" . | eq "true" | ternary "replicas:1" "primary") }}
{{- end }}

{{/* Names of the three Redis or Sentinels, as they know one another and the app knows them. Takes (list $ component separator port). */}}
{{- define "redissessions.redis.hosts" -}}
{{- $name := printf "%s-%s" (include "redissessions.fullname" (index . 0)) (index . 1) }}
{{- $port := index . 3 }}
{{- $hosts := list }}
{{- range $i := until 3 }}{{ $hosts = append $hosts (printf "%s-%d%s" $name $i $port) }}{{ end }}
{{- join (index . 2) $hosts }}
{{- end }}

{{/* A Service for each of three pods: name and address stay when the pod goes. A headless name would vanish, and DNS remembers
     that for up to half a minute. Takes (list $ component port). */}}
{{- define "redissessions.redis.serviceEach" -}}
{{- $root := index . 0 }}{{ $component := index . 1 }}{{ $port := index . 2 }}
{{- range $name := include "redissessions.redis.hosts" (list $root $component " " "") | splitList " " }}
---
apiVersion: v1
kind: Service
metadata: {{- include "redissessions.metadata" (dict "root" $root "name" $name "component" $component) | nindent 2 }}
spec:
  {{- with include "redissessions.ipFamilies" $root }}{{ . | nindent 2 }}{{ end }}
  publishNotReadyAddresses: true
  selector:
    {{- include "redissessions.selectorLabels" (list $root $component) | nindent 4 }}
    statefulset.kubernetes.io/pod-name: {{ $name }}
  ports:
    - { name: {{ $component }}, port: {{ $port }}, targetPort: {{ $component }} }
{{- end }}
{{- end }}

{{/* For the scripts: how redis-cli connects, and, with Sentinels, who there is. */}}
{{- define "redissessions.redis.env" -}}
{{- if .Values.redis.tls.existingSecret }}
- { name: TLS, value: --tls --cacert /run/secrets/redis-tls/ca.crt }
{{- end }}
{{- if include "redissessions.replicated" . }}
- { name: MASTER, value: redissessions }
- { name: REDIS_HOSTS, value: '{{ include "redissessions.redis.hosts" (list . "redis" " " "") }}' }
- { name: SENTINEL_HOSTS, value: '{{ include "redissessions.redis.hosts" (list . "sentinel" " " "") }}' }
{{- end }}
{{- end }}

{{/* Volumes that Redis and the Sentinels have; each container mounts them all. Takes (list $ config-map). */}}
{{- define "redissessions.redis.volumes" -}}
{{- $root := index . 0 -}}
- name: config
  configMap: { name: {{ index . 1 | quote }} }
- name: run
  emptyDir: { medium: Memory, sizeLimit: 1Mi }
{{- with $root.Values.redis.tls.existingSecret }}
- name: redis-tls
  secret: { secretName: {{ . | quote }} }
{{- end }}
{{- if not $root.Values.redis.persistence.enabled }}
- name: data
  emptyDir: {}
{{- end }}
{{- end }}

{{- define "redissessions.redis.volumeMounts" -}}
- { name: config, mountPath: /etc/redis, readOnly: true }
- { name: passwords, mountPath: /run/secrets/redis, readOnly: true }
- { name: run, mountPath: /run/redis }
- { name: data, mountPath: /data }
{{- if .Values.redis.tls.existingSecret }}
- { name: redis-tls, mountPath: /run/secrets/redis-tls, readOnly: true }
{{- end }}
{{- end }}
