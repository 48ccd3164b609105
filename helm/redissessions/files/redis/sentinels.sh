# Sourced by the scripts beside it. REDIS_HOSTS and SENTINEL_HOSTS are the names of all (a pod's Service has its name), MASTER what the Sentinels call the set.

say() { echo "$HOSTNAME: $*" >&2; }

password() { tr -d '\n' < "/run/secrets/redis/$1"; }

# Quoted for a configuration file.
quoted() { printf '"%s"' "$(printf %s "$1" | sed 's/["\\]/\\&/g')"; }

# Its password goes through the environment: arguments are for everybody to see.
redis_as() {
  user=$1 host=$2 && shift 2
  REDISCLI_AUTH=$(password "$user-password") timeout 2 redis-cli --no-auth-warning --user "$user" -h "$host" "$@" 2>/dev/null
}

# Anybody may ask a Sentinel who the primary is.
named_by() {
  timeout 1 redis-cli -h "$1" -p 26379 sentinel get-master-addr-by-name "$MASTER" 2>/dev/null | head -n 1
}

# Prints the host of the primary on which two Sentinels agree, or nothing.
agreed() {
  for sentinel in $SENTINEL_HOSTS; do named_by "$sentinel"; done | sort | uniq -c | while read -r votes host; do
    case " $REDIS_HOSTS " in *" $host "*) [ "$votes" -lt 2 ] || echo "$host" ;; esac
  done
}
