#!/bin/sh
# Removes the whatsapp_auth_<time>.tar.gz that earlier scripts piled up here, where that is safe.
# Only a way to call wakeep: finds it without PATH, since cron has a short one.
cd "$(dirname "$0")" || exit 1
set -- cleanup "$@"
for wakeep in /usr/bin/wakeep /usr/local/bin/wakeep ./wakeep ./node_modules/.bin/wakeep "${HOME:-/root}/.cargo/bin/wakeep" \
  "$(command -v wakeep)"; do
  [ -x "$wakeep" ] && exec "$wakeep" "$@"
done
echo "wakeep was not found; install it: npm install wakeep, or sudo install -m755 wakeep /usr/local/bin/" >&2
exit 127
