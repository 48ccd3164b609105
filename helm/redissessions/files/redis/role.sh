# Prints the host of the primary that this Redis has to follow, or its own if it is the primary; waits until that is certain.
# A pod that comes back must not be the primary with less than others have: with an empty volume, or with data from before a failover.
set -eu
. /etc/redis/sentinels.sh

# If the Sentinels could promote no other for this long, the set continues with what this pod has.
PATIENCE_S=60
# The others are considered away if they haven't answered for this long.
ANSWER_S=10

has_data() { ls /data/appendonlydir/* /data/dump.rdb 2>/dev/null | grep -q .; }

# Sets `ahead` to those that may have more than this pod, `leader` to the primary, and `silent` to those that don't answer.
look_around() {
  ahead='' leader='' silent=''
  for host in $REDIS_HOSTS; do
    [ "$host" != "$HOSTNAME" ] || continue
    info=$(redis_as replication "$host" info replication keyspace persistence | tr -d '\r') || info=''
    case $info in *loading:0*) ;; *) silent="$silent $host" && continue ;; esac
    case $info in *role:master*) leader=$host ;; esac
    # It is the primary, or has copied from one since it started: then it has all that was acknowledged.
    offset=$(echo "$info" | sed -n 's/^slave_repl_offset://p')
    if [ "${offset:-2}" -gt 1 ]; then ahead="$ahead $host"
    elif ! has_data; then case $info in *keys=*) ahead="$ahead $host" ;; esac
    fi
  done
}

may_lead() {
  look_around
  # Sentinels whose knowledge is older than a failover: they will find that this one is the primary.
  [ -z "$leader" ] || return 1
  if has_data; then
    waited=$(($(date +%s) - began))
    if [ -n "$ahead" ]; then [ "$waited" -gt "$PATIENCE_S" ]
    else [ -z "$silent" ] || [ "$waited" -gt "$ANSWER_S" ]
    fi
  else
    [ -z "$ahead$silent" ]
  fi
}

began=$(date +%s) said=''
while :; do
  primary=$(agreed)
  if [ -z "$primary" ]; then why='waits for two Sentinels that agree'
  elif [ "$primary" != "$HOSTNAME" ] || may_lead; then break
  else why="waits for a failover or for an answer: ahead:${ahead:- none}, silent:${silent:- none}"
  fi
  [ "$why" = "$said" ] || say "$why"
  said=$why
  sleep 0.2
done
say "the primary is $primary"
echo "$primary"
