#!/bin/sh
# Takes the server out of an official image, so that tests run it as a process of their own; checks that it is that version.
#   scripts/redis-from-image.sh redis:6.2|redis:8|valkey:7.2|… FOLDER
set -eu
name=${1%:*} version=${1#*:} folder=$2
case $name in
  redis) image=redis:$version ;;
  valkey) image=valkey/valkey:$version ;;
  *) echo "not a server that we test with: $1" >&2 && exit 1 ;;
esac
mkdir -p "$folder"
container=$(docker create "$image")
# -L: a link on one side may be a file on the other.
docker cp -L "$container:/usr/local/bin/$name-server" "$folder/redis-server"
docker rm "$container" > /dev/null
"$folder/redis-server" --version | tee /dev/stderr | grep -q "v=$version\."
