{{/* The app's environment, as a list in YAML: the user's extraEnv is merged into it by name. */}}
{{- define "redissessions.app.environment" -}}
- { name: PORT, value: '3000' }
- { name: METRICS_PORT, value: '9090' }
- { name: LOG_LEVEL, value: {{ .Values.logLevel | quote }} }
- { name: TRUST_PROXY, value: {{ .Values.trustProxy | toString | quote }} }
{{- with .Values.basePath }}
- { name: BASE_PATH, value: {{ . | quote }} }
{{- end }}
- { name: CONNECTION_MAX_REQUESTS, value: {{ .Values.connections.maxRequests | int | quote }} }
- { name: CONNECTION_MAX_AGE_SECONDS, value: {{ .Values.connections.maxAgeSeconds | int | quote }} }
# After the load balancers have noticed (preStop): clients that kept a connection are told to open another.
- { name: SHUTDOWN_DELAY_MS, value: '1000' }
{{- with .Values.tracing.otlpEndpoint }}
- { name: OTEL_EXPORTER_OTLP_ENDPOINT, value: {{ . | quote }} }
{{- end }}
- { name: CHAOS_ENABLED, value: {{ .Values.chaos.enabled | quote }} }
- { name: SESSION_STORE, value: {{ .Values.session.store }} }
- { name: SESSION_SECRET_FILE, value: /run/secrets/session/secret }
- { name: SESSION_TTL_SECONDS, value: {{ .Values.session.ttlSeconds | int | quote }} }
- { name: SESSION_DEADLINE_MS, value: {{ .Values.session.deadlineMs | int | quote }} }
{{- if .Values.cloudFoundry.enabled }}
{{- include "redissessions.cloudFoundry.env" . | nindent 0 }}
{{- else if .Values.redis.enabled }}
{{- if include "redissessions.replicated" . }}
- { name: REDIS_MODE, value: sentinel }
- { name: REDIS_NODES, value: '{{ include "redissessions.redis.hosts" (list . "sentinel" "," ":26379") }}' }
- { name: REDIS_SENTINEL_NAME, value: redissessions }
{{- else }}
- { name: REDIS_MODE, value: standalone }
- { name: REDIS_NODES, value: '{{ include "redissessions.redis.fullname" . }}:6379' }
{{- end }}
- { name: REDIS_USERNAME, value: redissessions }
{{- else }}
{{- with .Values.externalRedis }}
{{- if .nodes }}
- { name: REDIS_MODE, value: {{ .mode }} }
- { name: REDIS_NODES, value: {{ join "," .nodes | quote }} }
{{- with .sentinelName }}
- { name: REDIS_SENTINEL_NAME, value: {{ . | quote }} }
{{- end }}
{{- with .database }}
- { name: REDIS_DATABASE, value: {{ . | int | quote }} }
{{- end }}
{{- with .keyPrefix }}
- { name: REDIS_KEY_PREFIX, value: {{ . | quote }} }
{{- end }}
{{- with .tls.servername }}
- { name: REDIS_TLS_SERVERNAME, value: {{ . | quote }} }
{{- end }}
{{- with .username }}
- { name: REDIS_USERNAME, value: {{ . | quote }} }
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- $durability := include "redissessions.durability" . }}
{{- if and (ne .Values.session.store "memory") (ne $durability "primary") }}
- { name: REDIS_DURABILITY, value: '{{ $durability }}' }
{{- end }}
{{- range $file := include "redissessions.app.files" . | fromYamlArray }}
{{- range .env }}
- { name: {{ .name }}, value: {{ .value }} }
{{- end }}
{{- end }}
{{- end }}

{{/* Files of Secrets that the app reads: the volume, the Secret, its keys, and the variables that name the files. */}}
{{- define "redissessions.app.files" -}}
- name: session
  secret: {{ include "redissessions.session.secretName" . | quote }}
  items: [{ key: {{ include "redissessions.session.secretKey" . | quote }}, path: secret }]
{{- $external := and (not .Values.redis.enabled) .Values.externalRedis.nodes }}
{{- $password := .Values.redis.enabled | ternary (include "redissessions.redis.secretName" .) .Values.externalRedis.existingSecret }}
{{- if and $password (not .Values.cloudFoundry.enabled) (or .Values.redis.enabled $external) }}
- name: redis
  secret: {{ $password | quote }}
  items: [{ key: {{ .Values.redis.enabled | ternary (include "redissessions.redis.secretKey" .) .Values.externalRedis.existingSecretKey | quote }}, path: password }]
  env: [{ name: REDIS_PASSWORD_FILE, value: /run/secrets/redis/password }]
{{- end }}
{{- $tls := .Values.externalRedis.tls }}
{{- $ca := dict "secret" $tls.existingSecret "key" $tls.existingSecretKey }}
{{- if .Values.redis.enabled }}{{ $ca = dict "secret" .Values.redis.tls.existingSecret "key" "ca.crt" }}{{ end }}
{{- if and $ca.secret (or .Values.redis.enabled $external) }}
- name: redis-ca
  secret: {{ $ca.secret | quote }}
  items: [{ key: {{ $ca.key | quote }}, path: ca.crt }]
  env: [{ name: REDIS_TLS_CA_FILE, value: /run/secrets/redis-ca/ca.crt }]
{{- else if and $external (or $tls.enabled $tls.clientSecret) }}
# No authority of its own: those that the image trusts.
- env: [{ name: REDIS_TLS_CA_FILE, value: /etc/ssl/certs/ca-certificates.crt }]
{{- end }}
{{- if and $external $tls.clientSecret }}
- name: redis-client
  secret: {{ $tls.clientSecret | quote }}
  items: [{ key: tls.crt, path: tls.crt }, { key: tls.key, path: tls.key }]
  env:
    - { name: REDIS_TLS_CERT_FILE, value: /run/secrets/redis-client/tls.crt }
    - { name: REDIS_TLS_KEY_FILE, value: /run/secrets/redis-client/tls.key }
{{- end }}
{{- end }}
