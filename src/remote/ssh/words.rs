//! What is said to the shell on the other side: POSIX sh in one line each, names as arguments, never in the script.

/// Fewer bytes arrived than were announced.
pub(super) const CUT: i32 = 91;
/// They are other bytes.
pub(super) const GARBLED: i32 = 92;
/// The folder isn't there.
pub(super) const NO_FOLDER: i32 = 90;

/// GNU and busybox know `stat -c`, BSD and macOS `stat -f`. `st NAME…` says mode, inode, size, time, name.
const START: &str = r#"LC_ALL=C; export LC_ALL; umask 077; cd -- "$1" || exit 90; shift;
if stat -c %i . >/dev/null 2>&1; then st() { stat -L -c "%f %i %s %Y %n" -- "$@"; };
else st() { stat -L -f "%Xp %i %z %m %N" -- "$@"; }; fi;"#;

/// `LIST folder begin`
pub(super) const LIST: &str = r#"cd -- "$1" 2>/dev/null || exit 0;
for f in "$2"*; do [ -f "$f" ] && printf "wakeep-is " && st "$f"; done;
if [ -z "$2" ]; then for f in .[!.]*; do [ -f "$f" ] && printf "wakeep-is " && st "$f"; done; fi;
exit 0"#;

/// `HEAD name`
pub(super) const HEAD: &str = r#"[ -f "$1" ] || exit 0; printf "wakeep-is "; st "$1""#;

/// `GET name from`: the file is held open, so that a rename in the middle changes nothing.
pub(super) const GET: &str = r#"[ -f "$1" ] || { echo "wakeep-get absent"; exit 0; };
n=0; while :; do a=$(st "$1"); exec <"$1" || exit 1; [ "$a" = "$(st "$1")" ] && break;
n=$((n+1)); [ $n -lt 5 ] || exit 93; done;
echo "$a" | { read -r m i z t r; echo "wakeep-get $m $i $z $t"; };
exec tail -c +$(($2+1))"#;

/// `PUT name size digest condition tag`. What earlier contents of this name left unfinished is removed, and what doesn't
/// fit on the disk; no other program's files.
pub(super) const PUT: &str = r#"d=$(dirname -- "$1"); b=$(basename -- "$1"); mkdir -p -- "$d" || exit 1;
t="$d/.$b.$3.part";
for p in "$d/.$b."*.part; do r=${p#"$d/.$b."}; case ${r%.part} in *[!0-9a-f]*) continue; esac;
[ "$p" = "$t" ] || rm -f -- "$p"; done;
sum() { { sha256sum || shasum -a 256; } 2>/dev/null <"$t" | cut -c 1-64; };
n=0; if [ -f "$t" ]; then n=$(($(wc -c <"$t"))); fi;
if [ "$n" -gt "$2" ] || { [ "$n" -gt 0 ] && [ -z "$(sum)" ]; }; then rm -f -- "$t"; n=0; fi;
echo "wakeep-at $n"; cat >>"$t" || { rm -f -- "$t"; exit 1; };
[ "$(($(wc -c <"$t")))" = "$2" ] || exit 91;
s=$(sum); if [ -n "$s" ] && [ "$s" != "$3" ]; then rm -f -- "$t"; exit 92; fi;
chmod 600 "$t" || exit 1;
if [ "$(id -u)" = 0 ]; then chown "$(ls -ldn . | { read -r p l u g r; echo "$u:$g"; })" "$t" || exit 1; fi;
sync "$t" 2>/dev/null || sync;
no() { rm -f -- "$t"; echo "wakeep-put refused"; exit 0; };
tag() { st "$1" 2>/dev/null | { read -r m i z t r; printf "%x-%x-%x" "$i" "$z" "$t"; }; };
if [ "$4" = absent ]; then ln -- "$t" "$1" 2>/dev/null || no; rm -f -- "$t";
else if [ "$4" = unchanged ]; then [ -f "$1" ] && [ "$(tag "$1")" = "$5" ] || no; fi; mv -f -- "$t" "$1" || exit 1; fi;
sync "$d" 2>/dev/null || sync;
st "$1" | { read -r m i z t r; echo "wakeep-put $m $i $z $t"; }"#;

/// `DELETE name`
pub(super) const DELETE: &str = r#"rm -f -- "$1" || exit 1; sync "$(dirname -- "$1")" 2>/dev/null || sync"#;

/// A whole script in one line: a login shell that isn't a POSIX one takes no line breaks in quotes.
pub(super) fn script(body: &str) -> String {
    START.lines().chain(body.lines()).collect::<Vec<_>>().join(" ")
}

/// One word for any shell.
pub fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Words that follow the script.
pub(super) fn arguments(words: &[&str]) -> String {
    words.iter().map(|w| format!(" {}", quoted(w))).collect()
}
