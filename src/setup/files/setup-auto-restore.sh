#!/bin/sh
# Sets the whole server up: sudo ./setup-auto-restore.sh [--app-dir DIR] [--bot-unit UNIT] [--dry-run | --undo].
# Only a way to call wakeep setup; the one that was unpacked with this script comes first.
cd "$(dirname "$0")" || exit 1
set -- setup --server "$@"
for wakeep in ./wakeep /usr/bin/wakeep /usr/local/bin/wakeep ./node_modules/.bin/wakeep "${HOME:-/root}/.cargo/bin/wakeep" \
  "$(command -v wakeep)"; do
  [ -x "$wakeep" ] && exec "$wakeep" "$@"
done
echo "wakeep was not found; install it: npm install wakeep, or sudo install -m755 wakeep /usr/local/bin/" >&2
exit 127
