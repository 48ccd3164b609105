# Runs before this pod ends: if it is the primary, another is promoted first. Visitors wait for a moment.
set -eu
. /etc/redis/sentinels.sh

here() { redis_as sentinel 127.0.0.1 "$@" | tr -d '\r'; }
within() {
  end=$(($(date +%s) + $1)) && shift
  until "$@"; do [ "$(date +%s)" -lt "$end" ] || return 1; sleep 0.1; done
}

written() { here info replication | sed -n 's/^master_repl_offset://p'; }
# Whether all replicas have what had been written here by then; pings to them continue and count as written.
all_followed() {
  here info replication | awk -F: -v all="$1" '
    /^slave[0-9]+:/ { split($2, of, /offset=|,lag/); offsets[++n] = of[2] }
    END { for (i in offsets) if (offsets[i] < all) exit 1; exit n == 0 }'
}
# Sentinels that have just started know no replica to promote yet.
all_sentinels() { for sentinel in $SENTINEL_HOSTS; do [ "$(named_by "$sentinel")" = "$HOSTNAME" ] || return 1; done; }
handed_over() { primary=$(agreed) && [ -n "$primary" ] && [ "$primary" != "$HOSTNAME" ]; }
fail_over() {
  for sentinel in $SENTINEL_HOSTS; do
    case $(redis_as sentinel "$sentinel" -p 26379 sentinel failover "$MASTER") in OK | *INPROG*) return 0 ;; esac
  done
  return 1
}

[ "$(here role | head -n 1)" = master ] || exit 0
within 8 all_sentinels || say 'not all Sentinels are there'
# A write that no replica has would be lost. So writes wait until the replicas have caught up, and then one of them is promoted.
here client pause 12000 write >/dev/null
if within 3 all_followed "$(written)" && within 3 fail_over && within 6 handed_over; then say "handed over to $primary"
else
  say 'could not hand over'
  here client unpause >/dev/null
fi
