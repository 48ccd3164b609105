{{/* The users of Redis, and what each may do. */}}

{{/* The part of start.sh that writes the list of users: only the pod knows the passwords. Nobody can log in as the default user, which
     is off; but Redis loads its append-only file as that user, and would leave out every transaction (all that a script wrote) that
     it may not do. */}}
{{- define "redissessions.redis.users" -}}
# While the password is replaced, the other one is accepted, too.
other=''
[ ! -f /run/secrets/redis/other-password ] || other="#$(hash other-password)"
password=$(hash password)
cat > /run/redis/users.acl <<END
user default off ~* &* +@all
user redissessions on #$password $other {{ include "redissessions.redis.acl" . | replace "\n" " " }}
user probe on nopass -@all +ping
{{- if .Values.redis.exporter.enabled }}
{{- /* The exporter sends all that the Secret holds, white space around the password included. */}}
user exporter on #$password #$(sha256sum < /run/secrets/redis/password | cut -d ' ' -f 1) -@all +ping +info +client|setname +client|setinfo
{{- end }}
END
# One Redis has these users too, so that two more can join it (redis.mode=sentinel).
if [ -f /run/secrets/redis/replication-password ]; then
  replication=$(hash replication-password) sentinel=$(hash sentinel-password)
  cat >> /run/redis/users.acl <<END
user replication on #$replication -@all +ping +info +psync +replconf
user sentinel on #$sentinel resetchannels &__sentinel__:hello -@all +ping +info +role +publish +subscribe +slaveof +config|rewrite +config|set +multi +exec +client|setname +client|kill +client|pause +client|unpause +script|kill
END
fi
{{- end }}

{{/* What the app does, and nothing else: commits and reads of sessions, its registry of instances, the client's own greetings. */}}
{{- define "redissessions.redis.acl" -}}
resetkeys ~sess:* ~{sess:* ~redissessions:*
resetchannels
-@all
+eval +evalsha
+get +set +del +exists +type +expire +pexpire +pttl +rename +scan
+hget +hmget +hset +hdel +hgetall +hkeys +hincrby
+zadd +zrem +zrange +zremrangebyscore
+time +ping +info +hello +client|setname +client|setinfo +client|id +quit
+wait +waitaof +role
{{- end }}
