"""Tests of tools/count_tests.py: what tools/check prints is what ran."""

import pathlib
import sys
import tempfile
import unittest
from xml.sax.saxutils import escape

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import count_tests

DOCTEST = "[doctest] test cases:  7 |  {p} passed | {f} failed | {s} skipped\n[doctest] assertions: 30 | 30 passed | 0 failed |\n"


def junit(*entries):
    cases = "".join(
        f'<testcase name="{name}" status="{"run" if ok else "fail"}">{"" if ok else "<failure/>"}'
        f"<system-out>{escape(output)}</system-out></testcase>" for name, ok, output in entries)
    return f"<testsuite>{cases}</testsuite>"


def count(files):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            pathlib.Path(folder, name).write_text(text, encoding="utf-8")
        total = count_tests.count_directory(pathlib.Path(folder))
        return (total.passed, total.failed, total.skipped)


class CountTests(unittest.TestCase):
    def test_doctest_counts_its_cases(self):
        self.assertEqual((7, 0, 0), count({"a.xml": junit(("ring", True, DOCTEST.format(p=7, f=0, s=0)))}))
        self.assertEqual((5, 2, 1), count({"a.xml": junit(("ring", False, DOCTEST.format(p=5, f=2, s=1)))}))

    def test_other_programs_count_once(self):
        self.assertEqual((1, 1, 0), count({"a.xml": junit(("install", True, "fine"), ("tidy", False, "bad"))}))

    def test_unittest_counts_its_cases(self):
        self.assertEqual((4, 0, 0), count({"a.xml": junit(("t", True, "Ran 4 tests in 0.1s\n\nOK\n"))}))
        self.assertEqual((1, 3, 0), count({"a.xml": junit(("t", False, "Ran 4 tests in 0.1s\n\nFAILED (failures=1, errors=2)\n"))}))

    def test_a_skip_is_not_a_pass(self):
        text = "tests/a.cpp:3: MESSAGE: SKIPPED: handbook: no data\n" + DOCTEST.format(p=7, f=0, s=0)
        self.assertEqual((6, 0, 1), count({"a.xml": junit(("golden", True, text))}))
        self.assertEqual((0, 0, 1), count({"a.xml": junit(("script", True, "SKIPPED: script: no root\n"))}))

    def test_a_crash_after_green_cases_fails(self):
        self.assertEqual((7, 1, 0), count({"a.xml": junit(("ring", False, DOCTEST.format(p=7, f=0, s=0) + "leak"))}))

    def test_nothing_ran(self):
        empty = "[doctest] test cases: 0 | 0 passed | 0 failed | 9 skipped\n"
        self.assertEqual((0, 1, 9), count({"a.xml": junit(("ring", True, empty))}))
        self.assertEqual((0, 1, 0), count({"a.xml": junit()}))
        self.assertEqual((0, 1, 0), count({}))

    def test_a_failed_step_fails(self):
        good = junit(("ring", True, DOCTEST.format(p=7, f=0, s=0)))
        self.assertEqual((7, 1, 0), count({"release.xml": good, "clang-build.failed": ""}))


if __name__ == "__main__":
    unittest.main()
