"""Tidy: the repository checks itself. python3 tidy.py SOURCE-DIRECTORY [compile_commands.json]

Prints every finding; exit status 1 when there is one. The checks are in checks.py, what is banned where in rules.py.
"""

import json
import pathlib
import re
import sys

import checks
from source import Tree, functions


def compiled_files(path):
    """What the compiler is told to compile, and what CMake has it compile together (tools/cmake/unity.cmake)."""
    entries = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    files = {(pathlib.Path(e["directory"]) / e["file"]).resolve() for e in entries}
    together = [file for file in files if "unity" in file.parts and file.is_file()]
    named = {(file.parent / name).resolve() for file in together for name in re.findall(r'^#include "(.+)"$', file.read_text(encoding="utf-8"), re.MULTILINE)}
    return {str(file) for file in files | named}


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
