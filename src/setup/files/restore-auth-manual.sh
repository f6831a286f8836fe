#!/bin/sh
# Shows the session and the archive side by side and asks whether to restore; --yes answers. Only a way to call wakeep.
cd "$(dirname "$0")" || exit 1
set -- --log-to /var/log/whatsapp-auth-restore.log restore --ask "$@"
for wakeep in /usr/bin/wakeep /usr/local/bin/wakeep ./wakeep ./node_modules/.bin/wakeep "${HOME:-/root}/.cargo/bin/wakeep" \
  "$(command -v wakeep)"; do
  [ -x "$wakeep" ] && exec "$wakeep" "$@"
done
echo "wakeep was not found; install it: npm install wakeep, or sudo install -m755 wakeep /usr/local/bin/" >&2
exit 127
