"""Adds up the tests that ctest ran: python3 count_tests.py DIRECTORY

DIRECTORY holds the JUnit files of ctest (<preset>.xml) and an empty file <step>.failed for each step of the check that
could not be done. A doctest program counts as its test cases, unittest likewise, any other program as one test. A case
that prints "SKIPPED: <name>: <reason>" counts as skipped, not as passed. Failed and skipped tests are named on standard
output; its last line is "N passed, N failed, N skipped". Exit status 1 when anything failed or nothing ran.
"""

import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field

DOCTEST = re.compile(r"\[doctest\] test cases:\s+(\d+)\s+\|\s+(\d+) passed\s+\|\s+(\d+) failed(?:\s+\|\s+(\d+) skipped)?")
UNITTEST = re.compile(r"^Ran (\d+) tests? in ", re.MULTILINE)
UNITTEST_BAD = re.compile(r"^FAILED \((.*)\)$", re.MULTILINE)
SKIPPED = re.compile(r"^(?:.*: )?SKIPPED: (.+)$", re.MULTILINE)
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    notes: list = field(default_factory=list)

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.notes += other.notes


def cases_of(output):
    """(passed, failed, skipped) as the framework in `output` says, or None when there is none."""
    found = DOCTEST.findall(output)
    if found:
        return tuple(sum(int(row[i] or 0) for row in found) for i in (1, 2, 3))
    ran = UNITTEST.search(output)
    if not ran:
        return None
    bad = UNITTEST_BAD.search(output)
    failed = sum(int(n) for n in re.findall(r"(?:failures|errors)=(\d+)", bad.group(1))) if bad else 0
    return int(ran.group(1)) - failed, failed, 0


def count_program(name, ok, output):
    """Counts of one ctest entry. What ctest says wins: a program that failed has at least one failed test."""
    output = COLOUR.sub("", output)
    skips = sorted(set(SKIPPED.findall(output)))
    cases = cases_of(output)
    passed, failed, skipped = cases if cases else (1, 0, 0)
    if cases and passed + failed == 0:
        return Counts(failed=1, skipped=skipped, notes=[f"FAILED {name}: it ran no test case"])
    moved = min(len(skips), passed)
    passed, skipped = passed - moved, skipped + moved
    if not ok and failed == 0:
        failed, passed = 1, passed if cases else 0
    notes = [f"skipped {name}: {skip}" for skip in skips]
    if failed:
        notes += ["", f"FAILED {name}", *output.splitlines()[-60:], ""]
    return Counts(passed, failed, skipped, notes)


def count_file(path):
    total = Counts()
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        output = "".join(out.text or "" for out in case.iter("system-out"))
        name = f"{path.stem}/{case.get('name')}"
        status = case.get("status")
        if status in ("disabled", "notrun") and case.find("failure") is None:
            total.add(Counts(skipped=1, notes=[f"skipped {name}: ctest says {status}"]))
        else:
            total.add(count_program(name, status == "run" and case.find("failure") is None, output))
    return total


def count_directory(directory):
    total = Counts()
    for path in sorted(directory.glob("*.xml")):
        total.add(count_file(path))
    for path in sorted(directory.glob("*.failed")):
        total.add(Counts(failed=1, notes=[f"FAILED step {path.stem}: see {path.with_suffix('.log')}"]))
    if total.passed + total.failed + total.skipped == 0:
        total.add(Counts(failed=1, notes=["FAILED: no test ran"]))
    return total


def main():
    total = count_directory(pathlib.Path(sys.argv[1]))
    for note in total.notes:
        print(note)
    print(f"{total.passed} passed, {total.failed} failed, {total.skipped} skipped")
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
