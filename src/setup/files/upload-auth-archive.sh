#!/bin/sh
# Takes an archive brought here from another machine (FILE, - for standard input, or what lies in ~ and /tmp), checks
# it and puts it where the restore takes it from. Without FILE, and where wakeep.toml names a remote, it offers to fetch
# the archive from there. Only a way to call wakeep.
case "${1-}" in
  "" | -* | /*) ;;
  *) [ -e "$PWD/$1" ] && { file=$PWD/$1; shift; set -- "$file" "$@"; } ;;
esac
cd "$(dirname "$0")" || exit 1
set -- --log-to /var/log/whatsapp-auth-restore.log receive "$@"
for wakeep in /usr/bin/wakeep /usr/local/bin/wakeep ./wakeep ./node_modules/.bin/wakeep "${HOME:-/root}/.cargo/bin/wakeep" \
  "$(command -v wakeep)"; do
  [ -x "$wakeep" ] && exec "$wakeep" "$@"
done
echo "wakeep was not found; install it: npm install wakeep, or sudo install -m755 wakeep /usr/local/bin/" >&2
exit 127
