"""How many bytes a keeper writes beside a busy bot, by /proc/PID/io, and how old the newest archive gets that could be
restored. Both ways run side by side for the same time, each on its own copy of the profile `noise` with its own Chromium
that writes every few seconds. It begins when each has its first archive. The write budget is off: what is measured is what
it would have to hold back."""

import argparse
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent

# Four kilobytes into two databases and Local Storage every three seconds, and every thirtieth second 70 KB of media.
WRITES = {"do": "write", "kb": 4, "ms": 3000, "keep": 2000}

WAYS = {"a rewrite at every change": "0s", "differences, a rewrite every 30 min": "30m"}


class Bot:
    """A profile, the Chromium that lives in it, and the keeper beside it."""

    def __init__(self, wakeep, profile, home, latest_every):
        self.home = home
        session = home / ".wwebjs_auth/session"
        shutil.copytree(profile, session, symlinks=True)
        (home / "wakeep.toml").write_text(
            f'write_budget = "1000 GB"\nlatest_every = "{latest_every}"\nlog_format = "json"\n')
        self.driver = subprocess.Popen(["node", ROOT / "tests/real/chromium.mjs"], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, text=True)
        self.order({"do": "launch", "profile": str(session)})
        self.order(WRITES)
        self.keeper = subprocess.Popen([wakeep, "watch"], cwd=home, stderr=open(home / "keeper.log", "w"))

    def order(self, order):
        self.driver.stdin.write(json.dumps(order) + "\n")
        self.driver.stdin.flush()
        answer = json.loads(self.driver.stdout.readline())
        if "error" in answer:
            raise RuntimeError(answer["error"])

    def written(self):
        """Bytes that the keeper had the disk write so far: those of files that went again before that don't count."""
        io = dict(line.split(": ") for line in Path(f"/proc/{self.keeper.pid}/io").read_text().splitlines())
        return int(io["write_bytes"]) - int(io["cancelled_write_bytes"]), int(io["write_bytes"])

    def created(self):
        """What the journal says was written: time and bytes of each archive, and whether it is a difference."""
        lines = (self.home / ".wakeep/session/journal.jsonl").read_text().splitlines()
        made = (json.loads(line) for line in lines)
        return [(e["time"], e["bytes"], "base" in e) for e in made if e.get("event") == "created"]

    def end(self):
        self.keeper.send_signal(signal.SIGKILL)
        self.keeper.wait()
        self.driver.stdin.close()
        self.driver.wait()


def seconds(text):
    import datetime
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def report(name, samples, created):
    net, gross = (last - first for first, last in zip(samples[0], samples[-1]))
    # The first archive was written before the first sample.
    whole, parts = ([b for _, b, d in created[1:] if d == wanted] for wanted in (False, True))
    times = [seconds(t) for t, _, _ in created]
    oldest = max((b - a for a, b in zip(times, times[1:])), default=0)
    files = [seconds(t) for t, _, d in created if not d]
    latest = max((b - a for a, b in zip(files, files[1:] + [times[-1]])), default=0)
    mb = lambda n: f"{n / 1e6:.0f} MB"
    largest = mb(max(parts, default=0))
    print(f"| {name} | {mb(net)} | {mb(gross)} | {len(whole)}, {mb(sum(whole))} | {len(parts)}, {mb(sum(parts))} | "
          f"{largest} | {oldest:.0f} s | {latest / 60:.0f} min |", flush=True)
    return net


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("cache", type=Path)
    arguments.add_argument("--minutes", type=int, default=60)
    given = arguments.parse_args()
    wakeep = os.environ.get("WAKEEP_BINARY", str(ROOT / "target/release/wakeep"))
    place = given.cache / "written"
    shutil.rmtree(place, ignore_errors=True)
    bots = [Bot(wakeep, given.cache / "noise/before", place / str(n), every) for n, every in enumerate(WAYS.values())]
    samples = [[] for _ in bots]
    try:
        # What is counted begins when both have their first archive, which costs both the same.
        while not all((bot.home / "whatsapp_auth_latest.tar.gz").exists() for bot in bots):
            time.sleep(1)
        samples = [[bot.written()] for bot in bots]
        for minute in range(given.minutes):
            time.sleep(60)
            for bot, seen in zip(bots, samples):
                seen.append(bot.written())
            print(minute + 1, [[n // 10**6 for n in seen[-1]] for seen in samples], flush=True)
        print("| way | written | written and removed unwritten | whole archives | differences | largest | "
              "oldest newest state | oldest file at the path |")
        print("|---|---:|---:|---:|---:|---:|---:|---:|")
        figures = [report(name, seen, bot.created()) for name, seen, bot in zip(WAYS, samples, bots)]
        print(f"ratio {figures[0] / figures[1]:.1f}")
    finally:
        for bot in bots:
            bot.end()


main()
