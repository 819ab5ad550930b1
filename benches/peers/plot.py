#!/usr/bin/env python3
"""Draws what run.sh, net.sh and growth.sh measured, as SVG, with Python's own library alone.

    plot.py bars  MEASUREMENTS DIR    one file of horizontal bars for each group of scenarios.txt
    plot.py lines MEASUREMENTS DIR    one file of lines, both axes logarithmic, for each axis of growth.sh

A line of MEASUREMENTS is "round scenario workers peer key=value…" (or "… -", "… FAILED"); growth.sh has
the axis before the scenario ("goroutines:ring_1") and the size in place of the workers. What is drawn is
the median of the rounds. The colours can be read on white and on black.
"""

import math
import re
import sys
from collections import defaultdict
from html import escape
from pathlib import Path
from statistics import median

TEXT, FAINT, BAR, OWN = "#7f8a96", "#7f8a9644", "#8f9aa6", "#e8590c"
HUES = ["#3b82c4", "#2a9d78", "#a06cd5", "#c2528b", "#8a8d3a", "#5a8f9e", "#b5764a", "#6b7fd7", "#50a14f", "#9a6b8f"]

# What a figure is, and whether more of it is better.
KEYS = {
    "wall": ("ns an operation", False),
    "cpu": ("ns of CPU time an operation", False),
    "bytes": ("bytes each", False),
    "spawn": ("ns to spawn each", False),
    "release": ("ns to release and join each", False),
    "late_p99": ("µs late, 99th percentile", False),
    "requests": ("requests a second: more is better", True),
    "request_cpu": ("ns of the server's CPU time a request", False),
    "latency_p99": ("µs of latency, 99th percentile", False),
}
# What is drawn of a scenario, where it is not wall time alone.
DRAWN = {
    "parked": ["bytes", "spawn", "release"],
    "asleep": ["bytes"],
    "timers": ["wall", "cpu"],
    "idle": ["bytes"],
}
SERVERS = ["echo_64", "echo_1000", "echo_10000", "echo_16k", "http", "busy", "idle"]


def drawn(scenario):
    if scenario.startswith("ticker"):
        return ["late_p99"]
    if scenario in SERVERS or scenario.startswith("echo"):
        return DRAWN.get(scenario, ["requests", "request_cpu"])
    return DRAWN.get(scenario, ["wall"])


def read(path):
    """{(scenario, size): {peer: {key: median}}}; a peer that failed once has None."""
    rounds = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    failed = set()
    for line in Path(path).read_text().splitlines():
        _, scenario, size, peer, *figures = line.split()
        row = (scenario, int(size))
        if figures == ["FAILED"]:
            failed.add((row, peer))
            rounds[row][peer]["FAILED"].append(0)
        for figure in figures:
            key, equals, value = figure.partition("=")
            if equals:
                rounds[row][peer][key].append(float(value))
    return {
        row: {
            peer: None if (row, peer) in failed else {key: median(all) for key, all in keys.items()}
            for peer, keys in peers.items()
        }
        for row, peers in rounds.items()
    }


def groups():
    of = defaultdict(list)
    for line in Path(__file__).with_name("scenarios.txt").read_text().splitlines():
        name, _, scenarios = line.lstrip("+").partition(":")
        of[name] += scenarios.split()
    return of | {"servers": SERVERS}


def number(value):
    if value >= 1e6:
        return f"{value / 1e6:.3g}M"
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def text(x, y, what, size=11, anchor="start", fill=TEXT, bold=False):
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{fill}"{weight}>'
        f"{escape(str(what))}</text>"
    )


def save(path, width, height, title, parts):
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" font-family="system-ui, -apple-system, Segoe UI, sans-serif">'
        f"<title>{escape(title)}</title>"
    )
    path.write_text("\n".join([head, *parts, "</svg>"]) + "\n")
    print(path, file=sys.stderr)


PANEL, GAP, ROW = 430, 20, 16


def bar_panel(x, y, title, peers, key):
    """The bars of one figure, the best first; returns what was drawn and its height."""
    label, more = KEYS.get(key, (key, False))
    standing = {peer: figures[key] for peer, figures in peers.items() if figures and key in figures}
    order = sorted(standing, key=lambda peer: -standing[peer] if more else standing[peer])
    order += [peer for peer, figures in peers.items() if figures is None]
    parts = [text(x, y + 12, title, 13, bold=True), text(x + PANEL, y + 12, label, 11, "end")]
    left, room = x + 140, PANEL - 140 - 62
    # One that takes ten times as long must not make all others look alike.
    longest = max(standing.values(), default=1)
    if not more and standing.get("chango"):
        longest = min(longest, 6 * standing["chango"])
    for row, peer in enumerate(order):
        top = y + 20 + row * ROW
        own = peer == "chango"
        colour = OWN if own else TEXT
        parts.append(text(left - 6, top + 11, peer, 11, "end", colour, own))
        if peer not in standing:
            parts.append(text(left, top + 11, "FAILED"))
            continue
        value = standing[peer]
        length = max(room * min(value / longest, 1), 1)
        shade = "" if own else ' opacity="0.6"'
        # A bar that is cut off has a gap before its end.
        pieces = [(0, length)] if value <= longest else [(0, length - 14), (length - 10, 10)]
        for start, long in pieces:
            parts.append(
                f'<rect x="{left + start:.1f}" y="{top + 1}" width="{long:.1f}" height="{ROW - 4}" rx="2" '
                f'fill="{OWN if own else BAR}"/>'
            )
        parts.append(text(left + length + 5, top + 11, number(value), 11, fill=colour, bold=own))
    return parts, 20 + len(order) * ROW + 14


def bars(results, folder):
    for group, scenarios in groups().items():
        panels = []
        for scenario in scenarios:
            # Of several numbers of workers the greatest is drawn.
            sizes = [size for name, size in results if name == scenario]
            if not sizes:
                continue
            peers = results[scenario, max(sizes)]
            for key in drawn(scenario):
                if any(figures and key in figures for figures in peers.values()):
                    panels.append((f"{scenario}, {max(sizes)} workers", peers, key))
        if not panels:
            continue
        parts, heights = [], [8, 8]
        for title, peers, key in panels:
            column = heights.index(min(heights))
            more, height = bar_panel(8 + column * (PANEL + GAP), heights[column], title, peers, key)
            parts += more
            heights[column] += height
        width = 2 * PANEL + GAP + 16 if heights[1] > 8 else PANEL + 16
        save(folder / f"{group}.svg", width, max(heights), f"{group}: chango and its peers", parts)


def ticks(low, high):
    """Powers of ten between them, or also their doubles and fives where there are less than three."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ([1], [1, 2, 5]):
        found = [step * 10**power for power in powers for step in steps if low <= step * 10**power <= high]
        if len(found) >= 3:
            break
    return found or [low, high]


def apart(places, least):
    """Moves labels down until none covers another."""
    moved, last = {}, -math.inf
    for name in sorted(places, key=places.get):
        last = moved[name] = max(places[name], last + least)
    return moved


def line_panel(x, y, title, label, lines, colours):
    """The lines of one scenario: {peer: [(size, value)]}."""
    height, left, right = 230, x + 48, x + PANEL - 112
    top, bottom = y + 24, y + 24 + height
    sizes = [size for points in lines.values() for size, _ in points]
    values = [value for points in lines.values() for _, value in points]
    low_x, high_x = min(sizes), max(max(sizes), min(sizes) * 1.01)
    low_y, high_y = min(values) / 1.15, max(values) * 1.15

    def across(size):
        return left + (right - left) * math.log(size / low_x) / math.log(high_x / low_x)

    def up(value):
        return bottom - height * math.log(value / low_y) / math.log(high_y / low_y)

    parts = [text(x, y + 12, title, 13, bold=True), text(x + PANEL, y + 12, label, 11, "end")]
    for value in ticks(low_y, high_y):
        parts.append(f'<path d="M{left} {up(value):.1f} H{right}" stroke="{FAINT}"/>')
        parts.append(text(left - 5, up(value) + 4, number(value), 10, "end"))
    for size in ticks(low_x, high_x):
        parts.append(f'<path d="M{across(size):.1f} {top} V{bottom}" stroke="{FAINT}"/>')
        parts.append(text(across(size), bottom + 14, number(size), 10, "middle"))
    names = apart({peer: up(points[-1][1]) for peer, points in lines.items()}, 12)
    for peer in sorted(lines, key=lambda peer: peer == "chango"):
        own, colour, points = peer == "chango", colours[peer], lines[peer]
        path = " L".join(f"{across(size):.1f} {up(value):.1f}" for size, value in points)
        parts.append(
            f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="{3 if own else 1.5}" '
            f'stroke-linejoin="round"/>'
        )
        # What ends early is told where it ends, too.
        end_x, end_y = across(points[-1][0]), up(points[-1][1])
        parts.append(f'<circle cx="{end_x:.1f}" cy="{end_y:.1f}" r="{3 if own else 2}" fill="{colour}"/>')
        parts.append(text(right + 6, names[peer] + 4, peer, 10, fill=colour, bold=own))
    return parts, height + 58


def lines(results, folder):
    every = sorted({peer for peers in results.values() for peer in peers if peer != "chango"})
    colours = {peer: HUES[at % len(HUES)] for at, peer in enumerate(every)} | {"chango": OWN}
    axes = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for (name, size), peers in sorted(results.items()):
        axis, _, scenario = name.partition(":")
        for peer, figures in peers.items():
            for key in drawn(scenario) if figures else []:
                if figures.get(key, 0) > 0:
                    axes[axis][scenario, key][peer].append((size, figures[key]))
    for axis, scenarios in axes.items():
        parts, heights = [], [8, 8]
        for (scenario, key), peers in scenarios.items():
            column = heights.index(min(heights))
            title, label = f"{scenario} by {axis}", KEYS.get(key, (key,))[0]
            x = 8 + column * (PANEL + GAP)
            more, height = line_panel(x, heights[column], title, label, peers, colours)
            parts += more
            heights[column] += height
        width = 2 * PANEL + GAP + 16 if heights[1] > 8 else PANEL + 16
        name = "growth-" + re.sub(r"\W", "-", axis)
        save(folder / f"{name}.svg", width, max(heights), f"How cost grows with {axis}", parts)


def main():
    if len(sys.argv) != 4 or sys.argv[1] not in ("bars", "lines"):
        sys.exit(__doc__)
    folder = Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    (bars if sys.argv[1] == "bars" else lines)(read(sys.argv[2]), folder)


if __name__ == "__main__":
    main()
