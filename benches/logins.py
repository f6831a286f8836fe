"""How many archives of a live profile bring the login back: each program in turn archives the same Chromium's profile while
its page writes, every archive is unpacked elsewhere and read whole by a fresh Chromium, on the page that decides by the
profile's content as WhatsApp Web does. An archive is whole where it is linked and nothing that was there when it began is
missing or older. Of every other one whatsapp-web.js itself is asked, too: the login is back where it says `ready`. The control is
the quiet round at the start, in which whatsapp-web.js is asked of all: every program must pass it."""

import argparse
import json
import math
import os
import shutil
import subprocess
import time
from pathlib import Path

from cases import HERE, quoted

ROOT = HERE.parent
ACCOUNT = "4917011111111:3@c.us"
NAME = "RemoteAuth-bench"

LOADS = {
    # A history that is being synchronised: a compaction every second or two.
    "heavy": {"do": "write", "kb": 60, "ms": 20, "keep": 200},
    # A shop at its busiest: twenty messages a second, now and then a picture.
    "busy": {"do": "write", "kb": 4, "ms": 50, "keep": 2000},
}


class Driver:
    """tests/real/chromium.mjs: an order a line, an answer a line."""

    def __init__(self):
        self.process = subprocess.Popen(["node", ROOT / "tests/real/chromium.mjs"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def __call__(self, do, **how):
        self.process.stdin.write(json.dumps({"do": do, **how}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise RuntimeError(f"{do}: {answer['error']}")
        return answer["ok"]

    def end(self):
        self.process.stdin.close()
        self.process.wait()


class Program:
    """How a program archives the live session, and how it unpacks that into an empty folder, both as shell lines."""

    def __init__(self, name, archive, unpack, fine=(0,)):
        self.name, self.archive, self.unpack, self.fine = name, archive, unpack, fine
        self.refused = self.warned = self.back = self.whole = self.made = 0
        self.seconds, self.objections = [], {}

    def take(self):
        """Whether there is an archive now. tar and restic warn by an exit code and leave one all the same."""
        begun = time.monotonic()
        code = run(self.archive)
        self.seconds.append(time.monotonic() - begun)
        self.warned += code in self.fine and code != 0
        self.refused += code not in self.fine
        return code in self.fine

    def count(self, event, wrong):
        self.made += 1
        self.back += event == "ready"
        self.whole += event == "ready" and not wrong
        for objection in wrong:
            self.objections[objection] = self.objections.get(objection, 0) + 1


def run(script):
    return subprocess.run(script, shell=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode


def programs(wakeep, place):
    """All take the session's whole folder, as their users have them do, but RemoteAuth, which takes its `Default`."""
    bot, out, new, remote = (place / part for part in ("bot", "out", "new", "remote"))
    parent, session, there = bot / ".wwebjs_auth", bot / ".wwebjs_auth/session", new / ".wwebjs_auth"
    os.environ |= {
        "RESTIC_PASSWORD": "bench", "RESTIC_REPOSITORY": str(place / "restic"), "RESTIC_CACHE_DIR": str(place / "cache"),
        "BORG_REPO": str(place / "borg"), "BORG_BASE_DIR": str(place / "base"),
        "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes",
    }
    in_bot, in_new = f"cd {quoted(bot)} &&", f"cd {quoted(new)} &&"
    there_is = f"cd {quoted(new)} && mkdir -p .wwebjs_auth && mv"
    remote_auth = quoted("node", HERE / "remote_auth.mjs")
    return [
        Program("wakeep", f"{in_bot} {quoted(wakeep)} archive --force",
                f"{in_new} {quoted(wakeep)} restore --from {quoted(bot)}/whatsapp_auth_latest.tar.gz"),
        Program("tar czf", f"{in_bot} tar czf {out}/1.tar.gz .wwebjs_auth", f"{in_new} tar xzf {out}/1.tar.gz", (0, 1)),
        Program("tar, pigz", f"{in_bot} bash -o pipefail -c 'tar c .wwebjs_auth | pigz > {out}/2.tar.gz'",
                f"{in_new} tar xzf {out}/2.tar.gz", (0, 1)),
        Program("restic backup", f"{in_bot} restic backup -q .wwebjs_auth",
                f"restic restore -q latest --target {quoted(new)}", (0, 3)),
        Program("borg create", f"{in_bot} borg delete ::x; {in_bot} borg create ::x .wwebjs_auth",
                f"{in_new} borg extract ::x", (0, 1)),
        # Its class wants the session under a name of its own; a link gives it that, live as it is.
        Program("RemoteAuth", f"rm -rf {remote} && mkdir {remote} && ln -s {session} {remote}/{NAME} && "
                f"{remote_auth} compress {remote} {out}",
                f"rm -rf {remote} && mkdir {remote} && {remote_auth} extract {remote} {out} && {there_is} {remote}/{NAME} .wwebjs_auth/session"),
    ]


def ask_whatsapp_web_js(parent):
    """`ready`, `qr` or `failed`: what whatsapp-web.js says of the session there."""
    oracle = ["node", ROOT / "tests/real/oracle.mjs", parent, "--in-place"]
    said = subprocess.run(oracle, capture_output=True, text=True)
    return json.loads(said.stdout)["event"] if said.returncode == 0 else "failed"


def missing(read, steady, floor):
    """What was there when the archive began and isn't in it, as kinds of loss."""
    wrong = set()
    if any(read["steady"].get(name) != digest for name, digest in steady.items()):
        wrong.add("keys, history or settings are missing or other ones")
    if read["problems"]:
        wrong.add("a database can't be read, or holds other bytes")
    counters = read["counters"]
    if counters["model"] < floor or counters["signal"] < floor:
        wrong.add("messages or ratchets that were on disk are missing")
    elif counters["signal"] not in (counters["model"], counters["model"] + 1):
        wrong.add("transactions out of order")
    if read["linked"].get("account") != ACCOUNT:
        wrong.add("not linked")
    return wrong


class Bot:
    """The live Chromium, and what its page holds."""

    def __init__(self, profile, home):
        self.session = home / ".wwebjs_auth/session"
        shutil.copytree(profile, self.session, symlinks=True)
        self.drive = Driver()
        self.drive("launch", profile=str(self.session))
        self.steady = self.drive("everything")["steady"]
        self.step = 0

    def write(self, load):
        """Writes until told to stop; returns once it is well under way, with the step that lies on disk by then."""
        order = dict(LOADS[load])
        self.drive(order.pop("do"), **order)
        wanted = self.step + 10
        while self.step < wanted:
            time.sleep(0.05)
            self.step = max(self.step, self.drive("counter")["completed"])
        return self.step

    def rest(self):
        self.step = max(self.step, self.drive("stop")["completed"])


def judge(program, place, reader, steady, floor, ask_of_all=False):
    """Unpacks what the program made and asks about it. What can't be unpacked brings nothing back."""
    new = place / "new"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    session = new / ".wwebjs_auth/session"
    if run(program.unpack) not in (0, 1) or not session.is_dir():
        return program.count("failed", {"it can't be unpacked"})
    for lock in session.glob("Singleton*"):
        lock.unlink()
    try:
        wrong = missing(reader("read", profile=str(session)), steady, floor)
    except RuntimeError:
        wrong = {"Chromium doesn't open it"}
    program.count(ask_whatsapp_web_js(session.parent) if wrong or ask_of_all else "ready", wrong)


def report(all_programs):
    print("| program | archives | none made | a warning | login back | whole | one takes |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for p in all_programs:
        median = sorted(p.seconds)[len(p.seconds) // 2]
        print(f"| {p.name} | {len(p.seconds)} | {p.refused} | {p.warned} | {p.back} | {p.whole} | {median:.1f} s |")
    for p in all_programs:
        for objection, times in sorted(p.objections.items()):
            print(f"{p.name}: {objection}: {times}")
    print(flush=True)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("cache", type=Path)
    arguments.add_argument("--archives", type=int, default=100)
    arguments.add_argument("--load", choices=LOADS, default="heavy")
    arguments.add_argument("--only", default="", help="the programs with this in their name")
    given = arguments.parse_args()
    place = given.cache / "logins"
    shutil.rmtree(place, ignore_errors=True)
    for part in ("bot", "out", "new", "remote"):
        (place / part).mkdir(parents=True)
    all_programs = programs(os.environ.get("WAKEEP_BINARY", ROOT / "target/release/wakeep"), place)
    all_programs = [program for program in all_programs if given.only in program.name]
    run("restic init -q"), run("borg init -e none")
    bot, reader = Bot(given.cache / "logins-profile/before", place / "bot"), Driver()
    try:
        for program in all_programs:
            assert program.take(), f"{program.name} can't archive a quiet profile"
            judge(program, place, reader, bot.steady, 0, ask_of_all=True)
            assert program.whole == 1, f"{program.name} loses a quiet profile: {program.objections}"
            program.__init__(program.name, program.archive, program.unpack, program.fine)
        begun = time.monotonic()
        for nth in range(given.archives):
            # Each is first, second … equally often.
            turn = nth % len(all_programs)
            for program in all_programs[turn:] + all_programs[:turn]:
                floor = bot.write(given.load)
                made = program.take()
                bot.rest()
                if made:
                    judge(program, place, reader, bot.steady, floor)
            if math.log2(nth + 1).is_integer() or (nth + 1) % 10 == 0:
                print(f"after {nth + 1} each, {time.monotonic() - begun:.0f} s, load {os.getloadavg()[0]:.1f}:")
                report(all_programs)
    finally:
        bot.drive.end()
        reader.end()
        shutil.rmtree(place, ignore_errors=True)


main()
