"""Many sessions under one keeper, for the table of docs/benchmarks.md: how long its rounds take, what they cost and what
it holds in memory; the program's own pages are in "resident", but not in "of it data". A round is seen from outside: the
keeper's threads use the processor, then rest for the interval. `find` walks the same folders in turn with the unchanged
rounds, as the least that a look at every file costs."""

import argparse
import contextlib
import os
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tarfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
FIXTURES = ROOT / "tests/fixtures"
INTERVAL = 15
DAILY_ROUNDS = 24 * 60 // 2


def chromium(home):
    with tarfile.open(FIXTURES / "chromium/paired.tar.gz") as profile:
        profile.extractall(home / ".wwebjs_auth/session")
    return home / ".wwebjs_auth/session"


def baileys(home):
    return shutil.copytree(FIXTURES / "baileys/paired", home / "auth_info")


def whatsmeow(home):
    with contextlib.closing(sqlite3.connect(home / "store.db")) as store:
        for script in ("schema.sql", "device-1.sql"):
            store.executescript((FIXTURES / "whatsmeow" / script).read_text())
    return home / "store.db"


KINDS = [chromium, baileys, whatsmeow]


def make(place, kinds, each):
    """Bots in folders of their own, and a configuration that names their sessions. What a fixture has is copied byte for
    byte: its times lie far enough back for a stamp to be believed."""
    shutil.rmtree(place, ignore_errors=True)
    sessions = []
    for kind in kinds:
        for n in range(each):
            home = place / "bots" / f"{kind.__name__}-{n:04}"
            home.mkdir(parents=True)
            sessions.append(kind(home))
    tables = "".join(f"[[sessions]]\npath = \"{session}\"\n\n" for session in sessions)
    (place / "wakeep.toml").write_text(f"log_file = false\n\n{tables}")
    subprocess.run(["sync", "-f", str(place)], check=True)


class Keeper:
    """A running `wakeep watch`."""

    def __init__(self, wakeep, place):
        self.log = open(place / "keeper.log", "w")
        # As the unit that `setup` writes has it.
        surroundings = dict(os.environ, MALLOC_ARENA_MAX="1")
        command = [wakeep, "watch", "--interval", f"{INTERVAL}s"]
        self.process = subprocess.Popen(command, cwd=place, stderr=self.log, env=surroundings)

    def used(self):
        """Nanoseconds on a processor, of all threads there are now and of those that ended (in whole ticks)."""
        pid = self.process.pid
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * (10**9 // os.sysconf("SC_CLK_TCK"))

    def round(self):
        """Waits for the next round to end. Returns its length and its processor time in seconds."""
        began, last, before = None, time.monotonic(), self.used()
        seen = before
        while began is None or time.monotonic() - last < INTERVAL * 2 / 3:
            time.sleep(0.005)
            if self.process.poll() is not None:
                sys.exit("the keeper ended; its log is in the scale folder")
            now = self.used()
            if now > seen:
                seen, last = now, time.monotonic()
                began = began or last
        return last - began, (seen - before) / 1e9

    def memory(self, what):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split(what + ":")[1].split()[0]) / 1024

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def walk(place):
    """Seconds that `find` takes for a look at every file of the sessions."""
    began = time.monotonic()
    looks = ["find", place / "bots", "-name", ".wakeep", "-prune", "-o", "-printf", "%i %s %T@ %p\n"]
    subprocess.run(looks, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


def measure(wakeep, place, kinds, each, rounds):
    make(place, kinds, each)
    walk(place)
    keeper = Keeper(wakeep, place)
    try:
        first, first_cpu = keeper.round()
        archives = sum(1 for _ in place.glob("bots/*/whatsapp_auth_latest.tar.gz"))
        if archives != len(kinds) * each:
            sys.exit(f"only {archives} archives after the first round")
        peak = keeper.memory("VmHWM")
        # The second round is no measure: it finds the archives of the first.
        keeper.round()
        looks = [(*keeper.round(), walk(place)) for _ in range(rounds)]
        resident, own, highest = (keeper.memory(what) for what in ("VmRSS", "RssAnon", "VmHWM"))
    finally:
        keeper.end()
    length, cpu, found = (statistics.median(look[i] for look in looks) for i in range(3))
    ratios = [look[0] / look[2] for look in looks]
    name = f"{each:,} × " + ("each kind" if len(kinds) == len(KINDS) else kinds[0].__name__)
    print(f"| {name} | {first:.1f} s | {length:.2f} s | {found:.2f} s | {statistics.median(ratios):.2f} "
          f"({min(ratios):.2f}–{max(ratios):.2f}) | {cpu * DAILY_ROUNDS / 60:.1f} min | {resident:.1f} MiB | {own:.1f} MiB | "
          f"{max(peak, highest):.1f} MiB |", flush=True)


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("cache", type=Path)
    args.add_argument("--each", type=int, default=1000)
    args.add_argument("--rounds", type=int, default=5)
    args.add_argument("--only", default="")
    args.add_argument("--binary", type=Path, default=ROOT / "target/release/wakeep")
    args = args.parse_args()
    print("| sessions | first round | unchanged round | `find` | ratio | processor a day | resident | of it data | peak |\n"
          "|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    place = args.cache / "scale"
    for kinds in [*([kind] for kind in KINDS), KINDS]:
        if args.only in ("each" if len(kinds) > 1 else kinds[0].__name__):
            measure(args.binary.resolve(), place, kinds, args.each, args.rounds)
    shutil.rmtree(place)


if __name__ == "__main__":
    main()
