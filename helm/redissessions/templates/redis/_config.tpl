{{- define "redissessions.redis.config" -}}
redis.conf: |
  dir /data
  aclfile /run/redis/users.acl
  protected-mode no
  tcp-keepalive 60
  # A full Redis refuses new sessions; it never drops one that somebody still uses.
  maxmemory {{ .Values.redis.maxmemory }}
  maxmemory-policy noeviction
  # The append-only file has every write; snapshots would add nothing.
  save ""
  appendonly {{ .Values.redis.persistence.enabled | ternary "yes" "no" }}
  appendfsync {{ eq (include "redissessions.durability" .) "disk" | ternary "always" "everysec" }}
  auto-aof-rewrite-min-size 16mb
  # Whoever joins gets its data at once.
  repl-diskless-sync-delay 0
  {{- if eq .Values.redis.mode "sentinel" }}
  # A primary that nobody follows takes no visits: another may have taken its place.
  min-replicas-to-write 1
  min-replicas-max-lag 3
  # A replica that lost its primary answers no reads: a session in it may have ended.
  replica-serve-stale-data no
  repl-backlog-size 8mb
  # A connection to an address that vanished meanwhile is given up.
  repl-ping-replica-period 2
  repl-timeout 5
  {{- end }}
# The passwords come from files that only the pod knows, so the list of users is made when it starts.
# Nobody can be the default user, which is off; but Redis loads its append-only file as that user, and would leave out every
# transaction (all that a script wrote) that it may not do.
start.sh: |
  set -eu
  umask 077
  hash() { tr -d '\n' < "/run/secrets/redis/$1" | sha256sum | cut -d ' ' -f 1; }
  # While the password is replaced, the other one is accepted, too.
  other=''
  [ ! -f /run/secrets/redis/other-password ] || other="#$(hash other-password)"
  cat > /run/redis/users.acl <<END
  user default off ~* &* +@all
  user redissessions on #$(hash password) $other {{ include "redissessions.redis.acl" . | replace "\n" " " }}
  user probe on nopass -@all +ping
  {{- if .Values.redis.exporter.enabled }}
  user exporter on #$(hash password) -@all +ping +info +client|setname +client|setinfo
  {{- end }}
  END
  # One Redis has them too, so that two more can join it (redis.mode=sentinel).
  if [ -f /run/secrets/redis/replication-password ]; then
    cat >> /run/redis/users.acl <<END
  user replication on #$(hash replication-password) -@all +ping +info +psync +replconf
  user sentinel on #$(hash sentinel-password) resetchannels &__sentinel__:hello -@all +ping +info +role +publish +subscribe +slaveof +config|rewrite +config|set +multi +exec +client|setname +client|kill +client|pause +client|unpause +script|kill
  END
  fi
  {{- if eq .Values.redis.mode "sentinel" }}
  . /etc/redis/sentinels.sh
  primary=$(sh /etc/redis/role.sh)
  {
    cat /etc/redis/redis.conf
    echo "replica-announce-ip $HOSTNAME"
    echo 'masteruser replication'
    echo "masterauth $(quoted "$(password replication-password)")"
    [ "$primary" = "$HOSTNAME" ] || printf '%s\n' "replicaof $primary 6379" 'replica-priority 0'
  } > /run/redis/redis.conf
  [ "$primary" = "$HOSTNAME" ] || sh /etc/redis/eligible.sh &
  # A file that Redis may rewrite, when a Sentinel gives it another role.
  exec redis-server /run/redis/redis.conf
  {{- else }}
  exec redis-server /etc/redis/redis.conf
  {{- end }}
{{- if eq .Values.redis.mode "sentinel" }}
{{- range list "sentinels.sh" "role.sh" "eligible.sh" "hand-over.sh" }}
{{ . }}: |
  {{- $.Files.Get (printf "files/redis/%s" .) | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}

{{/* What the app does, and nothing else: commits and reads of sessions, its registry of instances, the client's own greetings. */}}
{{- define "redissessions.redis.acl" -}}
resetkeys ~sess:* ~{sess:* ~redissessions:*
resetchannels
-@all
+eval +evalsha
+get +set +del +exists +type +expire +pexpire +pttl +rename +scan
+hget +hset +hdel +hgetall +hkeys +hincrby
+zadd +zrem +zrange +zremrangebyscore
+time +ping +info +hello +client|setname +client|setinfo +client|id +quit
+wait +waitaof +role
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
metadata:
  name: {{ $name }}
  labels: {{- include "redissessions.labels" (list $root $component) | nindent 4 }}
spec:
  publishNotReadyAddresses: true
  selector:
    {{- include "redissessions.selectorLabels" (list $root $component) | nindent 4 }}
    statefulset.kubernetes.io/pod-name: {{ $name }}
  ports:
    - { name: {{ $component }}, port: {{ $port }}, targetPort: {{ $component }} }
{{- end }}
{{- end }}

{{- define "redissessions.redis.sentinelEnv" -}}
- { name: MASTER, value: redissessions }
- { name: REDIS_HOSTS, value: '{{ include "redissessions.redis.hosts" (list . "redis" " " "") }}' }
- { name: SENTINEL_HOSTS, value: '{{ include "redissessions.redis.hosts" (list . "sentinel" " " "") }}' }
{{- end }}

{{/* Apart where there are nodes enough. Takes (list $ component). */}}
{{- define "redissessions.redis.apart" -}}
podAntiAffinity:
  preferredDuringSchedulingIgnoredDuringExecution:
    - weight: 100
      podAffinityTerm:
        topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels: {{- include "redissessions.selectorLabels" . | nindent 12 }}
{{- end }}

{{- define "redissessions.redis.setEgress" -}}
{{- include "redissessions.dnsEgress" . }}
{{- range $component, $port := dict "redis" 6379 "sentinel" 26379 }}
- ports: [{ port: {{ $port }}, protocol: TCP }]
  to:
    - podSelector:
        matchLabels: {{- include "redissessions.selectorLabels" (list $ $component) | nindent 10 }}
{{- end }}
{{- end }}
