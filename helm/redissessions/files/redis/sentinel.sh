# Starts a Sentinel. From its own file, which it rewrites, it keeps what it knows of the set: the primary, since when, and the others.
set -eu
umask 077
. /etc/redis/sentinels.sh

known=$(grep -E '^sentinel (current-epoch|monitor|config-epoch|leader-epoch|known-replica|known-sentinel) ' /data/sentinel.conf 2>/dev/null || true)
if [ -z "$known" ]; then
  # New, or its volume is: the others know. The very first primary is the first pod.
  primary=''
  for sentinel in $SENTINEL_HOSTS; do
    [ "$sentinel" = "$HOSTNAME" ] || primary=${primary:-$(named_by "$sentinel")}
  done
  case " $REDIS_HOSTS " in *" $primary "*) ;; *) primary='' ;; esac
  known="sentinel monitor $MASTER ${primary:-${REDIS_HOSTS%% *}} 6379 2"
fi
say "$(echo "$known" | grep ' monitor ')"

password_hash=$(hash sentinel-password)
cat > /run/redis/users.acl <<END
user default on nopass resetkeys &* -@all +ping +hello +info +client|setname +client|setinfo +subscribe +psubscribe +unsubscribe +sentinel|get-master-addr-by-name +sentinel|master +sentinel|masters +sentinel|sentinels +sentinel|replicas +sentinel|slaves
user sentinel on #$password_hash resetkeys &* -@all +auth +ping +hello +info +client|setname +publish +subscribe +sentinel|is-master-down-by-addr +sentinel|failover +sentinel|debug
END
# Not all at the same moment: if each votes for itself, nobody is elected, and seconds are lost.
down_after_ms=$((DOWN_AFTER_MS + 200 * ${HOSTNAME##*-}))

ports='port 26379'
[ -z "${TLS-}" ] || ports='port 0
tls-port 26379
tls-cert-file /run/secrets/redis-tls/tls.crt
tls-key-file /run/secrets/redis-tls/tls.key
tls-ca-cert-file /run/secrets/redis-tls/ca.crt
tls-auth-clients no
tls-replication yes'

cat > /data/sentinel.conf.new <<END
$ports
dir /data
aclfile /run/redis/users.acl
protected-mode no
sentinel resolve-hostnames yes
sentinel announce-hostnames yes
sentinel announce-ip $HOSTNAME
sentinel myid $(printf %s "$HOSTNAME" | sha1sum | cut -d ' ' -f 1)
$known
sentinel sentinel-user sentinel
sentinel sentinel-pass $(quoted "$(password sentinel-password)")
sentinel auth-user $MASTER sentinel
sentinel auth-pass $MASTER $(quoted "$(password sentinel-password)")
sentinel down-after-milliseconds $MASTER $down_after_ms
sentinel failover-timeout $MASTER 2000
sentinel parallel-syncs $MASTER 2
END
mv /data/sentinel.conf.new /data/sentinel.conf

# How often it asks and tells, in ms; no file can say that, so it is told once it runs (since Redis 7.0; older ones stay slow).
# info: by what the replicas have, one is chosen; asked each 10 s by default, the answers would be from before the death.
# ping: with down-after the time until a death is noticed. An INFO older than 5 of it chooses nobody, and after a death they come each second.
# ask: what the others think. publish: who leads; a role that doesn't fit is put right after 4 of it.
# min-link-reconnect: a connection begun while a pod came back can be lost; 15 s by default until another is made.
# tilt: after a stall of the machine it does nothing; 30 s by default.
quicken() {
  for _ in $(seq 100); do
    told=$(redis_as sentinel 127.0.0.1 -p 26379 sentinel debug \
      info-period 300 ping-period 300 ask-period 200 publish-period 500 \
      min-link-reconnect-period 1000 tilt-period 3000) || true
    case $told in OK) return ;; ERR*) break ;; esac
    sleep 0.1
  done
  say "asks as slowly as by default: ${told:-no answer}"
}
quicken &
exec redis-sentinel /data/sentinel.conf
