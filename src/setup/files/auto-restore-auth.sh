#!/bin/sh
# Puts the WhatsApp login back where it is needed. Only a way to call wakeep: finds it without PATH, since cron has a
# short one.
#   ./auto-restore-auth.sh         restore, if that is needed
#   ./auto-restore-auth.sh check   tell the verdict; restore only what is broken or missing
#   ./auto-restore-auth.sh force   restore the latest archive, whatever the session is like; a backup first
cd "$(dirname "$0")" || exit 1
log=/var/log/whatsapp-auth-restore.log
case "${1-}" in
  check) shift; log=/var/log/whatsapp-auth-check.log; set -- restore --if-needed --tell "$@" ;;
  force) shift; set -- restore --force "$@" ;;
  "" | -*) set -- restore --if-needed "$@" ;;
  *) echo "usage: $0 [check | force]" >&2; exit 2 ;;
esac
set -- --log-to "$log" "$@"
for wakeep in /usr/bin/wakeep /usr/local/bin/wakeep ./wakeep ./node_modules/.bin/wakeep "${HOME:-/root}/.cargo/bin/wakeep" \
  "$(command -v wakeep)"; do
  [ -x "$wakeep" ] && exec "$wakeep" "$@"
done
echo "wakeep was not found; install it: npm install wakeep, or sudo install -m755 wakeep /usr/local/bin/" >&2
exit 127
