# Prints the host of the primary that this Redis has to follow, or its own where it has to lead; waits until that is sure.
# A pod that comes back must not lead with less than others have: with an empty volume, or with what it had before a failover.
set -eu
. /etc/redis/sentinels.sh

# The set goes on with what this pod has, where the Sentinels could give the lead to nobody else for so long.
PATIENCE_S=60
# And where the others have said nothing for so long: they are away.
ANSWER_S=10

has_data() { ls /data/appendonlydir/* /data/dump.rdb 2>/dev/null | grep -q .; }

# Sets `ahead` to who has more than this pod may have, `leader` to who leads, and `silent` to who doesn't say.
look_around() {
  ahead='' leader='' silent=''
  for host in $REDIS_HOSTS; do
    [ "$host" != "$HOSTNAME" ] || continue
    info=$(redis_as replication "$host" info replication keyspace persistence | tr -d '\r') || info=''
    case $info in *loading:0*) ;; *) silent="$silent $host" && continue ;; esac
    case $info in *role:master*) leader=$host ;; esac
    # It leads, or it has followed somebody since it started: then it has all that was acknowledged.
    offset=$(echo "$info" | sed -n 's/^slave_repl_offset://p')
    if [ "${offset:-2}" -gt 1 ]; then ahead="$ahead $host"
    elif ! has_data; then case $info in *keys=*) ahead="$ahead $host" ;; esac
    fi
  done
}

may_lead() {
  look_around
  # Sentinels back from a time before it was the only Redis: they will find that it leads.
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
