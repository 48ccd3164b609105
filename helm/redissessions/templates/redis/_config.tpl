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
  appendfsync {{ eq .Values.redis.durability "disk" | ternary "always" "everysec" }}
  auto-aof-rewrite-min-size 16mb
# The password comes from a file that only the pod knows, so the list of users is made when it starts.
# Nobody can be the default user, which is off; but Redis loads its append-only file as that user, and would leave out every
# transaction (all that a script wrote) that it may not do.
start.sh: |
  set -eu
  hash=$(tr -d '\n' < /run/secrets/redis/password | sha256sum | cut -d ' ' -f 1)
  umask 077
  cat > /run/redis/users.acl <<END
  user default off ~* &* +@all
  user redissessions on #$hash {{ include "redissessions.redis.acl" . | replace "\n" " " }}
  user probe on nopass -@all +ping
  {{- if .Values.redis.exporter.enabled }}
  user exporter on #$hash -@all +ping +info +client|setname +client|setinfo
  {{- end }}
  END
  exec redis-server /etc/redis/redis.conf
{{- end }}

{{/* What the app does, and nothing else: commits and reads of sessions, its registry of instances, the client's own greetings. */}}
{{- define "redissessions.redis.acl" -}}
resetkeys ~sess:* ~{sess:* ~redissessions:*
resetchannels
-@all
+eval +evalsha +script|load
+get +set +mget +del +unlink +exists +type +expire +pexpire +ttl +pttl +rename +scan
+hget +hset +hdel +hgetall +hmget +hkeys +hexists +hincrby +hincrbyfloat +hlen
+zadd +zrem +zrange +zremrangebyscore
+time +ping +info +hello +client|setname +client|setinfo +client|id +quit
+wait +waitaof +role
{{- end }}
