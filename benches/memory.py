"""The peak memory of every verb on big sessions of each kind, by GNU time. The aim is that it doesn't grow with them."""

import argparse
import os
import shutil
import sqlite3
import subprocess
import tempfile
from pathlib import Path

import scale

LATEST = "whatsapp_auth_latest.tar.gz"


def chromium(cache, home):
    """What a real Chromium wrote: tables and blobs."""
    return shutil.copytree(cache / "big", home / ".wwebjs_auth/session", ignore=shutil.ignore_patterns("Singleton*"))


def baileys(_cache, home, files=20_000, size=15_000):
    """Signal sessions of many contacts, each in a file of its own."""
    session = scale.baileys(home)
    for n in range(files):
        content = os.urandom(size // 2).hex()
        (session / f"session-{15_550_000_000 + n}.0.json").write_text(f'{{"type":"Buffer","data":"{content}"}}')
    return session


def whatsmeow(_cache, home, rows=40_000, size=10_000):
    """Signal sessions of many contacts, far longer than real ones."""
    session = scale.whatsmeow(home)
    store = sqlite3.connect(session)
    (us,) = store.execute("SELECT jid FROM whatsmeow_device").fetchone()
    insert = "INSERT INTO whatsmeow_sessions (our_jid, their_id, session) VALUES (?, ?, ?)"
    store.executemany(insert, ((us, f"{15_550_000_000 + n}:0", os.urandom(size)) for n in range(rows)))
    store.commit()
    store.close()
    return session


def peak(*command, cwd):
    with tempfile.NamedTemporaryFile("r") as out:
        subprocess.run(["/usr/bin/time", "-f", "%M", "-o", out.name, *command], cwd=cwd, check=True,
                       stdout=subprocess.DEVNULL)
        return int(out.read().split()[-1]) / 1024


def verbs(home, session):
    yield "archive", ["archive"]
    yield "archive --force", ["archive", "--force"]
    yield "check", ["check"]
    yield "check FILE", ["check", home / LATEST]
    yield "check --drill", ["check", "--drill"]
    yield "verify FILE", ["verify", home / LATEST]
    yield "push to a folder", ["push", home.parent / "elsewhere"]
    yield "push again", ["push", home.parent / "elsewhere"]
    yield "restore --force", ["restore", "--force"]
    for path in (session, *session.parent.glob(session.name + "-*")):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    yield "restore, the session lost", ["restore"]


def measure(wakeep, cache, make):
    place = cache / "memory"
    shutil.rmtree(place, ignore_errors=True)
    home = place / "bot"
    home.mkdir(parents=True)
    session = make(cache, home)
    files = [session] if session.is_file() else [path for path in session.rglob("*") if path.is_file()]
    megabytes = sum(path.stat().st_size for path in files) / 1e6
    print(f"\n**{make.__name__}**, {megabytes:.0f} MB in {len(files):,} files\n\n| verb | peak memory |\n|---|---:|", flush=True)
    for name, arguments in verbs(home, session):
        print(f"| {name} | {peak(wakeep, '--session', session, *arguments, cwd=home):.1f} MiB |", flush=True)
    shutil.rmtree(place)


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("cache", type=Path)
    args.add_argument("--only", default="")
    args.add_argument("--binary", type=Path, default=scale.ROOT / "target/release/wakeep")
    args = args.parse_args()
    for make in (chromium, baileys, whatsmeow):
        if args.only in make.__name__:
            measure(args.binary, args.cache, make)


if __name__ == "__main__":
    main()
