#!/usr/bin/env python3
"""The tables in README.md with the links to their pictures, made of what bench/results keeps: of figures, from the newest summary of the whole engine, and of peers, from the
newest that was taken with all of them.

  tools/results_table.py           writes each between its marks
  tools/results_table.py --check   exit status 1 if README.md says something else
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
END = "<!-- end of results -->"
FIGURES, PEERS = "<!-- results: tools/results_table.py -->", "<!-- peers: tools/results_table.py -->"

# What is shown: subcommand, start of the group, start of the name, what README calls it, goal and floor of the design.
ROWS = (
    ("pipeline", "whole engine", "payments to decisions", "whole engine, payments generated in process to durable decisions", ">= 12, floor 5"),
    ("pipeline", "open loop", "decision, not waiting for the disk p50", "decision at {rate}, not waiting for the disk, p50", "<= 2 L + 0.25, floor 1"),
    ("pipeline", "open loop", "durable and emitted p50", "durable and emitted at {rate}, p50", "<= 1.1 D', floor 1.4"),
    ("pipeline", "open loop", "durable and emitted p99", "the same, p99", "<= 1.2 D', floor 2"),
    ("ring", "ring, 1 to 1, one by one, 65536", "pawl Ring, publish 1, poll gathered", "ring of 4 MiB, 64-byte events, one by one", ">= 200, floor 100 and 1.5x"),
    ("ring", "ring, 1 to 1, batches of 16, 65536", "pawl Ring, publish 16, poll gathered", "the same in batches of 16", ">= 200 and 3x, floor 100 and 1.5x"),
    ("ring", "one way, idle", "pawl Ring, watching the stamp", "ring, one way, idle", "<= 1.15 L"),
    ("journal", "journal, GB/s", "disk, written, segment prepared before", "journal, every block with data sync", ">= 0.95 B', floor 0.8"),
    ("journal", "journal, GB/s", "disk, written", "the same with the zeros of the next segment, which share the device", ""),
    ("journal", "open loop", "disk, written p50", "journal at {rate}, durable, p50", "<= 1.1 D', floor 1.4"),
    ("journal", "open loop", "disk, written p99", "the same, p99", "<= 1.2 D', floor 2"),
    ("replay", "replay", "decode, every CRC and hash", "replay, decode only, CRC on", ""),
    ("replay", "replay", "all stages again", "replay through all stages, built-in pipeline", ">= 40 of one window, floor 20"),
    ("windows", "windows, handbook", "all groups, batches of 256", "windows, 26 features of the handbook", ""),
    ("windows", "windows, ", "group per customer, batches of 256", "windows, one group of 4 spans, far memory", "<= 1.5 K, floor 2.5"),
    ("rules", "1000 rules", "batches of 64", "1,000 rules over 32 fields, in batches", "<= 80, floor 300"),
    ("rules", "1000 rules", "one by one", "the same, a single event", "<= 1000, floor 3000"),
)

# Beside peers: subcommand, group, the name of ours, what README calls it.
PEER_ROWS = (
    ("ring", "ring, 1 to 1, one by one, 65536 slots of 64 bytes", "pawl Ring, publish 1, poll gathered", "ring of 4 MiB, 64-byte events, one by one"),
    ("ring", "ring, 1 to 1, batches of 16, 65536 slots of 64 bytes", "pawl Ring, publish 16, poll gathered", "the same in batches of 16"),
    ("ring", "ring, diamond, 65536 slots of 64 bytes", "pawl Ring, publish 16, poll many", "diamond: two readers, then one"),
    ("ring", "ring, pipeline of 3, 65536 slots of 64 bytes", "pawl Ring, publish 16, poll many", "pipeline of three readers"),
    ("journal", "journal, events, disk", "disk, written", "journal, each group commit synced"),
    ("journal", "journal, events, os", "os, written", "journal, page cache"),
    ("journal", "journal, events read back", "disk, read back, every CRC and hash", "journal read back"),
    ("windows", "windows beside other engines: 15 features of 300000 payments", "pawl, one thread, batches of 256", "15 windows of the handbook, equal results"),
    ("rules", "rules beside other engines: 11 of the handbook over 300000 payments with features", "pawl, one thread, batches of 64", "11 rules of the handbook, equal alerts"),
)


def short(value):
    size = abs(value)
    return f"{value:.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}" if size >= 1 else f"{value:.3g}"


def find(results, command, group, name):
    """The series of that very name, or that starts so. Of several the last: a later group of the same kind is the harder case."""
    fits = [series for result in results if result["command"] == command for series in result["series"]
            if series["group"].startswith(group) and series["name"].startswith(name)]
    exact = [series for series in fits if series["name"] == name]
    return (exact or fits or [None])[-1]


def measured_at(results):
    """Of which commits and days the figures are."""
    commits = {}
    for result in results:
        commits.setdefault(result["facts"]["commit"], []).append(result["command"])
    days = sorted({result["facts"]["time"][:10] for result in results})
    if len(commits) == 1:
        return f"commit {next(iter(commits))}, {' to '.join(days)}"
    listed = ", ".join(f"{commit} ({' '.join(commands)})" for commit, commands in commits.items())
    return f"commits {listed}, {' to '.join(days)}"


def disturbance(results):
    """A line of its own, if other processes were at work."""
    busy = sorted(float(found) for result in results for found in re.findall(r"other processes used ([\d.]+) CPUs", result["facts"].get("disturbance", "")))
    return [f"**Not a quiet machine:** other processes used {busy[0]:.1f} to {busy[-1]:.1f} of its CPUs meanwhile."] if busy and busy[-1] >= 0.1 else []


def table(results, name):
    facts = results[0]["facts"]
    lines = [
        f"{facts['CPU']}, {facts['CPUs']} CPUs, {facts['compiler']}, {measured_at(results)}; medians, with the distance between the outermost runs.",
        f"All figures and commands: [bench/results/{name}](bench/results/{name}).",
        *disturbance(results), "",
        "| what | measured | spread | beside | goal |", "|---|---|---|---|---|",
    ]
    for command, group, start, text, goal in ROWS:
        series = find(results, command, group, start)
        if series is None:
            continue
        rate = series["group"].removeprefix("open loop at ").split(" ")[0]
        text = text.replace("{rate}", f"{int(rate):,} events/s" if rate.isdigit() else "")
        ratio = f"{short(series['ratio']['value'])} x {series['ratio']['label']}" if "ratio" in series else ""
        lines.append(f"| {text} | {short(series['median'])} {series['unit']} | {series['spread_percent']:.0f} % | {ratio} | {goal} |")
    return "\n".join(lines)


def rows_of(results, command, group):
    return [series for result in results if result["command"] == command for series in result["series"] if series["group"] == group]


def beside(series):
    """The best figure of each library among the peers, best first: its name and version stand before the first comma."""
    best = {}
    for one in (s for s in series if s.get("peer")):
        library = one["name"].split(",")[0]
        best[library] = max(best.get(library, 0), one["median"])
    return sorted(best.items(), key=lambda item: -item[1])


def peers_table(results, name):
    facts = results[0]["facts"]
    lines = [
        f"{facts['CPU']}, {facts['CPUs']} CPUs, {measured_at(results)}; medians of M events/s, the best variant of each: [bench/results/{name}](bench/results/{name}).",
        *disturbance(results), "", "| what | Pawl | x best peer | peers |", "|---|---|---|---|",
    ]
    for command, group, start, text in PEER_ROWS:
        series = rows_of(results, command, group)
        ours = next((one for one in series if one["name"] == start), None)
        others = beside(series)
        if ours and others:
            lines.append(f"| {text} | {short(ours['median'])} | {short(ours['median'] / others[0][1])} | {', '.join(f'{library} {short(value)}' for library, value in others)} |")
    return "\n".join(lines)


# tools/report_charts.py draws them from the same result.
PICTURES = (("latency", "Latency of the whole engine from each event's planned time, by percentile: the decision, the decision on the device, the bare disk, the machine's noise"),
            ("time", "Where the time of an event goes, around p50 and above p99.9"),
            ("ring", "64-byte events through a ring, one by one, beside other queues"))


def pictures(kept):
    """Links to the pictures that were drawn of this result."""
    folder = kept.with_suffix("")
    return ["", *(f"![{text}]({(folder / name).relative_to(ROOT)}.png)\n" for name, text in PICTURES if (folder / f"{name}.png").exists())]


def newest_kept(root, has):
    """The file of bench/results that was measured last, of those with a result that `has` wants; None if there is none."""
    kept = [(path, json.loads(path.read_text())) for path in (root / "bench/results").glob("*.json")]
    fits = [(results[0]["facts"]["time"], path) for path, results in kept if any(has(result) for result in results)]
    return max(fits, default=(None, None))[1]


def put(readme, mark, text):
    if mark not in readme or END not in readme.split(mark, 1)[1]:
        sys.exit(f"results_table: README.md has no {mark} with its end")
    before, rest = readme.split(mark, 1)
    return before + mark + "\n" + text + "\n" + END + rest.split(END, 1)[1]


def main(arguments):
    whole = newest_kept(ROOT, lambda result: result["command"] == "pipeline")
    with_peers = newest_kept(ROOT, lambda result: "--peers all" in result["arguments"])
    if whole is None:
        sys.exit("results_table: bench/results lacks a result of the whole engine")
    readme = (ROOT / "README.md").read_text()
    wanted = put(readme, FIGURES, "\n".join([table(json.loads(whole.read_text()), whole.name), *pictures(whole)]).rstrip())
    wanted = put(wanted, PEERS, peers_table(json.loads(with_peers.read_text()), with_peers.name) if with_peers else "No run with all peers is kept yet.")
    if arguments == ["--check"]:
        if wanted != readme:
            print("results_table: README.md says something else than bench/results; run tools/results_table.py")
        return 0 if wanted == readme else 1
    (ROOT / "README.md").write_text(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
