"""Runs the cases of cases.py with hyperfine, in several passes so that all programs share what else the machine does, and
prints the tables of docs/benchmarks.md. Times are medians of all runs; a ratio is the median of the passes' ratios to
wakeep's first line, with the least and the greatest. Memory is the largest resident set of one process, by GNU time."""

import argparse
import json
import os
import re
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

from cases import Bench, shell

# What a preparation wrote must not be flushed at the expense of the first program that flushes anything.
SETTLE = f"sync -f {shlex.quote(__file__)}"

WAKEEP = Path(__file__).parent.parent / "target/release/wakeep"


def hyperfine(cases, runs):
    """The times of every run of every case, in seconds."""
    with tempfile.NamedTemporaryFile() as out:
        command = ["hyperfine", "-N", "--style", "none", "--warmup", "1", "--runs", str(runs), "--export-json", out.name]
        for case in cases:
            command += ["--prepare", shell(f"{case.prepare} && {SETTLE}"), case.command]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{done.stderr}\nhyperfine failed; run by hand what it names")
        return [result["times"] for result in json.load(out)["results"]]


def memory(case):
    """The peak resident set of the largest process, in MiB."""
    subprocess.run(case.prepare, shell=True, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with tempfile.NamedTemporaryFile("r") as out:
        command = f"/usr/bin/time -f %M -o {out.name} {case.command}"
        subprocess.run(command, shell=True, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return int(out.read().split()[-1]) / 1024


def weight(path):
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    return sum(p.stat().st_size for p in files) / 1e6


def measure(title, cases, passes, runs):
    times = [[] for _ in cases]
    for _ in range(passes):
        for all_passes, one in zip(times, hyperfine(cases, runs)):
            all_passes.append(one)
    lines = [f"**{title}**", ""]
    sizes = any(case.size for case in cases)
    lines += ["| program | time | ratio | peak memory |" + (" size |" if sizes else "")]
    lines += ["|---|---:|---:|---:|" + ("---:|" if sizes else "")]
    first = [statistics.median(one) for one in times[0]]
    for case, of_case in zip(cases, times):
        ratios = [statistics.median(one) / base for one, base in zip(of_case, first)]
        median = statistics.median(sum(of_case, []))
        ratio = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})"
        row = f"| {case.name} | {median * 1000:.4g} ms | {ratio} | {memory(case):.1f} MiB |"
        lines.append(row + (f" {weight(case.size):.1f} MB |" if case.size else " |" if sizes else ""))
    print("\n".join(lines) + "\n", flush=True)
    return {case.name: statistics.median(sum(of_case, [])) for case, of_case in zip(cases, times)}


def output(*command):
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


def version(command):
    said = output(*command.split()).splitlines() or [""]
    return re.search(r"[0-9]+\.[0-9.]*[0-9]", said[-1] if "chromium" in command else said[0]).group()


def machine():
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory_kb = int(re.search(r"MemTotal: +(\d+)", Path("/proc/meminfo").read_text()).group(1))
    commit = output("git", "-C", str(WAKEEP.parent), "describe", "--always", "--dirty")
    others = ["tar --version", "pigz --version", "zstd --version", "restic version", "borg --version", "node --version",
              "chromium --no-sandbox --version", "hyperfine --version"]
    versions = [f"{command.split()[0]} {version(command)}" for command in others]
    return (f"{date.today()}, {cpu.group(1) if cpu else os.uname().machine} × {os.cpu_count()}, {memory_kb / 2**20:.0f} GiB, "
            f"Linux {os.uname().release}, load {os.getloadavg()[0]:.1f} at the start. {output(str(WAKEEP), '--version')} "
            f"({commit}), {', '.join(versions)}.")


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("cache", type=Path)
    args.add_argument("--passes", type=int, default=4)
    args.add_argument("--runs", type=int, default=2)
    args.add_argument("--only", default="")
    args.add_argument("--binary", type=Path, default=WAKEEP)
    args = args.parse_args()
    print(machine() + "\n")
    for profile in ("noise", "prose"):
        bench = Bench(args.binary, args.cache / profile, args.cache / "run")
        groups = {
            "limits": bench.limits, "unchanged": bench.unchanged, "first": bench.first, "changed": bench.changed,
            "restore": bench.restore, "check": bench.check, "push": bench.push, "push of a change": bench.push_change,
        }
        # What doesn't depend on how far the content shrinks is measured once.
        told = groups if profile == "noise" else ("first", "changed", "restore")
        wanted = [name for name in told if args.only in f"{profile} {name}"]
        if wanted:
            bench.set_up()
        for name in wanted:
            if name.startswith("push") and not bench.sshd:
                bench.set_up_push()
            short = name in ("limits", "unchanged")
            measure(f"{profile}: {name}", groups[name](), args.passes, args.runs * (5 if short else 1))
        bench.end()
    shutil.rmtree(args.cache / "run", ignore_errors=True)


if __name__ == "__main__":
    main()
