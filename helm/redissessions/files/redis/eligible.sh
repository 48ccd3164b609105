# Lets the Sentinels promote this replica only once it has what its primary has: until then its data are from before it ended.
set -eu
. /etc/redis/sentinels.sh

# If there is no primary to copy from for this long, what it has is better than nothing.
PATIENCE_S=60

began=$(date +%s)
# A replica without its primary answers MASTERDOWN, one that loads data LOADING.
until [ "$(redis_as sentinel 127.0.0.1 ping)" = PONG ]; do
  [ $(($(date +%s) - began)) -lt "$PATIENCE_S" ] || break
  sleep 0.2
done
redis_as sentinel 127.0.0.1 config set replica-priority 100 >/dev/null
