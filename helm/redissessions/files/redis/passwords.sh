# Sourced by the scripts beside it: passwords, which are files of the pod's Secret.

# White space around a password doesn't count, for the app neither; inside, everything does.
password() {
  LC_ALL=C sed -e ':all' -e '$!{N' -e 'b all' -e '}' -e 's/^[[:space:]]*//' -e 's/[[:space:]]*$//' "/run/secrets/redis/$1"
}

# For a list of users.
hash() {
  [ -n "$(password "$1")" ] || { echo "the key $1 of Redis' Secret is missing or empty" >&2; exit 1; }
  printf %s "$(password "$1")" | sha256sum | cut -d ' ' -f 1
}

# For a configuration file, which takes any text if each byte is written as its number.
quoted() { printf '"%s"' "$(printf %s "$1" | od -An -v -tx1 | tr -d '\n' | sed 's/ /\\x/g')"; }
