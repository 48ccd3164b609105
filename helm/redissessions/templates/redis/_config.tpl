{{/* The ConfigMap of Redis: its configuration, and what its container runs. */}}
{{- define "redissessions.redis.config" -}}
{{- $replicated := include "redissessions.replicated" . | eq "true" -}}
redis.conf: |
  dir /data
  aclfile /run/redis/users.acl
  protected-mode no
  tcp-keepalive 60
  {{- if .Values.redis.tls.existingSecret }}
  port 0
  tls-port 6379
  tls-cert-file /run/secrets/redis-tls/tls.crt
  tls-key-file /run/secrets/redis-tls/tls.key
  tls-ca-cert-file /run/secrets/redis-tls/ca.crt
  tls-auth-clients no
  tls-replication yes
  {{- end }}
  # A full Redis refuses new sessions; it never drops one that somebody still uses.
  maxmemory {{ .Values.redis.maxmemory }}
  maxmemory-policy noeviction
  # The append-only file has every write; snapshots would add nothing.
  save ""
  appendonly {{ .Values.redis.persistence.enabled | ternary "yes" "no" }}
  appendfsync {{ eq (include "redissessions.durability" .) "disk" | ternary "always" "everysec" }}
  auto-aof-rewrite-min-size 16mb
  # A replica that joins gets its data at once.
  repl-diskless-sync-delay 0
  {{- if $replicated }}
  # A primary without a replica takes no visits: another may have been promoted.
  min-replicas-to-write 1
  min-replicas-max-lag 3
  # A replica that lost its primary answers no reads: a session in it may have ended.
  replica-serve-stale-data no
  repl-backlog-size 8mb
  # A connection to an address that no longer exists is given up.
  repl-ping-replica-period 2
  repl-timeout 5
  {{- end }}
start.sh: |
  set -eu
  umask 077
  . /etc/redis/passwords.sh
  {{- include "redissessions.redis.users" . | nindent 2 }}
  {{- if $replicated }}
  . /etc/redis/sentinels.sh
  primary=$(sh /etc/redis/role.sh)
  {
    cat /etc/redis/redis.conf
    echo "replica-announce-ip $HOSTNAME"
    echo 'masteruser replication'
    printf 'masterauth %s\n' "$(quoted "$(password replication-password)")"
    [ "$primary" = "$HOSTNAME" ] || printf '%s\n' "replicaof $primary 6379" 'replica-priority 0'
  } > /run/redis/redis.conf
  [ "$primary" = "$HOSTNAME" ] || sh /etc/redis/eligible.sh &
  # A file that Redis may rewrite, when a Sentinel gives it another role.
  exec redis-server /run/redis/redis.conf
  {{- else }}
  exec redis-server /etc/redis/redis.conf
  {{- end }}
{{- range $replicated | ternary (list "passwords.sh" "sentinels.sh" "role.sh" "eligible.sh" "hand-over.sh") (list "passwords.sh") }}
{{ . }}: |
  {{- $.Files.Get (printf "files/redis/%s" .) | nindent 2 }}
{{- end }}
{{- end }}

{{- define "redissessions.sentinel.config" -}}
{{- range list "passwords.sh" "sentinels.sh" "sentinel.sh" }}
{{ . }}: |
  {{- $.Files.Get (printf "files/redis/%s" .) | nindent 2 }}
{{- end }}
{{- end }}
