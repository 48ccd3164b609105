# Sourced by the scripts beside it: what Redis and the Sentinels know of one another. REDIS_HOSTS and SENTINEL_HOSTS are the names of
# all (a pod's Service has its name), MASTER is what the Sentinels call the set, TLS the options of redis-cli for it.
. /etc/redis/passwords.sh

say() { echo "$HOSTNAME: $*" >&2; }

# The password goes through the environment: everybody can see arguments.
redis_as() {
  user=$1 host=$2 && shift 2
  REDISCLI_AUTH=$(password "$user-password") timeout 2 redis-cli ${TLS-} --no-auth-warning --user "$user" -h "$host" "$@" 2>/dev/null
}

# Anybody may ask a Sentinel who the primary is.
named_by() {
  timeout 1 redis-cli ${TLS-} -h "$1" -p 26379 sentinel get-master-addr-by-name "$MASTER" 2>/dev/null | head -n 1
}

# Prints the host of the primary on which two Sentinels agree, or nothing.
agreed() {
  for sentinel in $SENTINEL_HOSTS; do named_by "$sentinel"; done | sort | uniq -c | while read -r votes host; do
    case " $REDIS_HOSTS " in *" $host "*) [ "$votes" -lt 2 ] || echo "$host" ;; esac
  done
}
