"""Draws docs/benchmarks.svg from the tables of docs/benchmarks.md, so that figure and figures can't differ: for every table
with ratios how many times as long as wakeep each program takes, and how many of its archives bring the login back."""

import re
from pathlib import Path

import matplotlib

matplotlib.use("svg")
# Text as text: small, and to be searched.
matplotlib.rcParams |= {"svg.fonttype": "none", "font.family": "sans-serif", "svg.hashsalt": "wakeep"}
import matplotlib.pyplot as plt  # noqa: E402  (the backend is chosen before)

DOCS = Path(__file__).parent.parent / "docs"
OURS, OTHERS, INK = "#128c7e", "#9aa5b1", "#24292f"
RATIO = re.compile(r"([0-9.]+) \(([0-9.]+)–([0-9.]+)\)")


def tables(text):
    """Each heading with the table under it: lists of cells, the header first."""
    for title, body in re.findall(r"^##+ ([^\n]+)\n(.*?)(?=^##|\Z)", text, re.M | re.S):
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in body.splitlines() if line.startswith("|")]
        if rows:
            yield title, [row for row in rows if not set("".join(row)) <= set("-:")]


def style(axes, title, names):
    axes.set_title(title, loc="left", fontsize=10, fontweight="bold", color=INK)
    axes.set_yticks(range(len(names)), names, fontsize=8, color=INK)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(length=0, labelsize=8, colors=INK)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def colours(names):
    return [OURS if name.startswith("wakeep") else OTHERS for name in names]


def draw_ratios(axes, title, rows):
    names = [row[0].replace("`", "") for row in rows]
    middle, least, most = zip(*(map(float, RATIO.match(row[2]).groups()) for row in rows))
    reach = [[m - low for m, low in zip(middle, least)], [high - m for m, high in zip(middle, most)]]
    # Points, not bars: a logarithmic axis has no zero for a bar to stand on.
    for at, colour in enumerate(colours(names)):
        axes.errorbar(middle[at], at, xerr=[[reach[0][at]], [reach[1][at]]], fmt="o", color=colour, ms=7, lw=2)
    axes.set_xscale("log")
    axes.set_xlim(min(least) / 1.3, max(*most, 2) * 1.3)
    axes.grid(axis="y", color="#e5e9ee", lw=0.8)
    axes.set_axisbelow(True)
    axes.axvline(1, color=OURS, lw=0.8, ls=":")
    ticks = [t for t in (0.1, 0.3, 1, 2, 3, 10, 30, 100) if min(least) / 1.3 <= t <= max(*most, 2) * 1.3]
    axes.set_xticks(ticks, [f"{t:g}×" for t in ticks])
    axes.minorticks_off()
    style(axes, title, [f"{name}  {row[1]}" for name, row in zip(names, rows)])


def draw_logins(axes, title, rows):
    names = [row[0] for row in rows]
    back = [int(row[4]) for row in rows]
    title = f"{title}, of {rows[0][1]}"
    axes.barh(names, back, color=colours(names), height=0.68)
    axes.set_xlim(0, int(rows[0][1]))
    style(axes, title, [f"{name}  {n}" for name, n in zip(names, back)])


def main():
    found = list(tables((DOCS / "benchmarks.md").read_text()))
    drawings = [
        (draw_logins if "login back" in rows[0] else draw_ratios, title, rows[1:])
        for title, rows in found
        if "login back" in rows[0] or ("ratio" in rows[0] and rows[1][0].startswith("wakeep"))
    ]
    heights = [len(rows) + 1.6 for _, _, rows in drawings]
    figure, all_axes = plt.subplots(len(drawings), 1, figsize=(8, 0.26 * sum(heights)), height_ratios=heights,
                                    layout="constrained", squeeze=False)
    for axes, (draw, title, rows) in zip(all_axes[:, 0], drawings):
        draw(axes, title, rows)
    figure.savefig(DOCS / "benchmarks.svg", metadata={"Date": None}, facecolor="white")


main()
