#!/usr/bin/env python3
"""Instructions of each small operation of the data path, counted by callgrind, against bench/micro/budgets.json.

  tools/instruction_budgets.py check PROGRAM    exit status 1 if one takes more than its budget and the tolerance
  tools/instruction_budgets.py update PROGRAM   writes what they take now as the budgets

PROGRAM is build/bin/instructions, of the release build with gcc. Counts do not depend on what else the machine does.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BUDGETS = Path(__file__).resolve().parent.parent / "bench/micro/budgets.json"
TOLERANCE_PERCENT = 5


def measure(program):
    """Of each operation: instructions per event, record or byte, less those of asking callgrind; and what it handles."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["valgrind", "--tool=callgrind", "--collect-atstart=no", f"--callgrind-out-file={folder}/counts", program]
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
        dumps = [path.read_text() for path in Path(folder).iterdir()]
    counts = {}
    for dump in dumps:
        name = re.search(r"^desc: Trigger: Client Request: (.*)$", dump, re.MULTILINE)
        if name:
            counts[name[1]] = int(re.search(r"^totals: (\d+)$", dump, re.MULTILINE)[1])
    operations = {}
    for line in lines:
        name, calls, items, item = line.split()
        per_call = counts[name] / int(calls)
        if name == "nothing":
            asking = per_call
        else:
            operations[name] = round((per_call - asking) / int(items), 3), item
    return operations


def check(program):
    if shutil.which("valgrind") is None:
        print("SKIPPED: instruction budgets: no valgrind")
        return 0
    budgets, failed = json.loads(BUDGETS.read_text()), 0
    for name, (instructions, item) in measure(program).items():
        budget = budgets.get(name)
        over = budget is None or instructions > budget * (1 + TOLERANCE_PERCENT / 100)
        under = not over and instructions < budget * (1 - TOLERANCE_PERCENT / 100)
        failed += over
        print(f"{name:<32} {instructions:>10} instructions per {item:<7} budget {budget}{'  TOO MANY' if over else '  lower the budget' if under else ''}")
    if failed:
        print(f"{failed} over budget by more than {TOLERANCE_PERCENT} %. If that is meant: tools/instruction_budgets.py update {program}, and say why in the commit.")
    return 1 if failed else 0


def update(program):
    BUDGETS.write_text(json.dumps({name: instructions for name, (instructions, _) in measure(program).items()}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    actions = {"check": check, "update": update}
    if len(sys.argv) != 3 or sys.argv[1] not in actions:
        print(__doc__.strip(), file=sys.stderr)
        sys.exit(64)
    sys.exit(actions[sys.argv[1]](sys.argv[2]))
