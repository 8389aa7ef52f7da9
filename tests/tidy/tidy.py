"""Tidy: the repository checks itself. python3 tidy.py SOURCE-DIRECTORY [compile_commands.json]

Prints every finding; exit status 1 when there is one. The checks are in checks.py, what is banned where in rules.py.
"""

import json
import pathlib
import sys

import checks
from source import Tree, functions


def compiled_files(path):
    entries = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    return {str((pathlib.Path(e["directory"]) / e["file"]).resolve()) for e in entries}


def main():
    tree = Tree(pathlib.Path(sys.argv[1]).resolve())
    findings = checks.run(tree, compiled_files(sys.argv[2]) if len(sys.argv) > 2 else None)
    for finding in findings:
        print(finding)
    lines = [f.lines for file in tree.cpp if file.within("core", "io", "journal") for f in functions(file.code)]
    short = sum(n <= checks.SHORT_LINES for n in lines)
    print(f"tidy: {len(tree.files)} files, {len(lines)} functions in core, io and journal, {short} of them short; {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
