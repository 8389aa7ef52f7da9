"""Tests of the tidy checks: each is shown a planted violation, and a neighbour that it must leave alone."""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import checks
from source import Tree, blank, functions

HEADER = "#pragma once\n"


def findings(files, compiled=None):
    """Names of the checks that complain about a tree of {path: text}, with the paths."""
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            target = pathlib.Path(root, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        tree = Tree(pathlib.Path(root).resolve())
        inside = None if compiled is None else {str(tree.root / path) for path in compiled}
        return {(f.path, f.check) for f in checks.run(tree, inside)}


class Planted(unittest.TestCase):
    def caught(self, path, text, check):
        self.assertIn((path, check), findings({path: text}), f"{check} missed in {path}: {text!r}")

    def clean(self, path, text, check):
        self.assertNotIn(check, {found for _, found in findings({path: text})}, f"{check} wrongly found in {path}: {text!r}")

    def test_top_level(self):
        self.assertIn(("vendor", "top level"), findings({"vendor/x.txt": ""}))
        self.assertIn(("notes.md", "top level"), findings({"notes.md": ""}))
        self.assertEqual(set(), findings({"README.md": "", "core/base/a.cpp": "", "CMakeLists.txt": ""}))

    def test_layering(self):
        for path, name in (("core/ring/a.cpp", "pawl/io/disk.hpp"), ("core/ring/a.cpp", "pawl/journal/x.hpp"),
                           ("io/a.cpp", "pawl/core/ring/ring.hpp"), ("io/a.cpp", "pawl/journal/x.hpp"), ("io/a.cpp", "../core/x.hpp")):
            self.caught(path, f'#include "{name}"\n', "layering")
        self.clean("io/a.cpp", '#include "pawl/core/base/types.hpp"\n', "layering")
        self.clean("journal/a.cpp", '#include "pawl/core/ring/ring.hpp"\n// #include "pawl/apps/x.hpp"\n', "layering")
        self.clean("tests/ring/a.cpp", '#include "pawl/journal/x.hpp"\n', "layering")

    def test_own_header_first(self):
        header = {"core/base/a.hpp": HEADER + "#include <vector>\n"}
        late = '#include <vector>\n\n#include "pawl/core/base/a.hpp"\n'
        self.assertIn(("core/base/a.cpp", "own header"), findings({**header, "core/base/a.cpp": late}))
        self.assertIn(("core/base/a.cpp", "own header"), findings({**header, "core/base/a.cpp": ""}))
        self.assertEqual(set(), findings({**header, "core/base/a.cpp": '#include "pawl/core/base/a.hpp"\n\n#include <vector>\n'}))
        self.clean("core/base/b.cpp", "#include <vector>\n", "own header")

    def test_allocation(self):
        for call in ("malloc(8)", "std::free(p)", "new int(1)", "std::make_shared<int>()"):
            self.caught("core/window/a.cpp", f"auto f() {{ return {call}; }}\n", "allocation")
        self.clean("core/window/a.cpp", "#include <new>\n// new things\nvoid renew(); auto s = \"new\";\n", "allocation")
        self.clean("core/window/a.cpp", "auto p = new int[8];  // set-up: before the first event\n", "allocation")
        self.clean("core/window/a.cpp", "// set-up: before the first event\nauto p = new int[8];\n", "allocation")
        self.clean("core/language/a.cpp", "auto p = new int[8];\n", "allocation")

    def test_calls_that_core_may_not_make(self):
        for text, check in (
            ("auto t = std::chrono::steady_clock::now();", "clock"), ("auto e = std::getenv(\"A\");", "environment"),
            ("std::printf(\"x\");", "printing"), ("#include <iostream>", "printing"), ("std::thread t;", "threads"),
            ("#include <mutex>", "threads"), ("void f() { throw 1; }", "throw"), ("#include <unistd.h>", "system call"),
            ("#include <sys/mman.h>", "system call"), ("auto x = std::exp(1.0);", "libm"), ("auto x = log2f(y);", "libm"),
            ("auto r = rand();", "random"), ("void f() { exit(1); }", "process"),
        ):
            self.caught("core/state/a.cpp", text + "\n", check)
        self.clean("core/state/a.cpp", "auto x = journal.log(1); auto y = min_exp(2); // std::thread, printf(\n", "libm")
        self.clean("core/state/a.cpp", "std::snprintf(b, n, \"x\");\n", "printing")
        self.clean("io/a.cpp", "#include <unistd.h>\n", "system call")
        self.caught("apps/a.cpp", "void f() { fmt::print(stderr, \"x\"); }\n", "printing that throws")

    def test_atomics(self):
        self.caught("core/window/a.hpp", HEADER + "std::atomic<int> a;\n", "atomic")
        self.caught("journal/a.hpp", HEADER + "#include <atomic>\n", "atomic")
        self.clean("core/ring/a.hpp", HEADER + "std::atomic<int> a;\n", "atomic")

    def test_state_machine(self):
        self.caught("core/rules/a.hpp", HEADER + "struct A { virtual void f(); };\n", "virtual")
        self.caught("core/state/a.hpp", HEADER + "std::unordered_map<int, int> m;\n", "unordered")
        self.caught("core/ring/a.hpp", HEADER + "std::function<void()> f;\n", "type erasure")
        self.clean("core/language/a.hpp", HEADER + "struct A { virtual void f(); };\n", "virtual")

    def test_rename(self):
        self.caught("tools/pawl/a.cpp", "void f() { std::filesystem::rename(a, b); }\n", "rename")
        self.caught("journal/a.cpp", "int f() { return ::rename(a, b); }\n", "rename")
        self.clean("journal/a.cpp", "int f() { return disk.rename(a, b); }\n", "rename")
        self.clean("io/a.cpp", "int f() { return ::rename(a, b); }\n", "rename")

    def test_headers(self):
        self.caught("apps/a.hpp", HEADER + "using namespace std;\n", "using namespace")
        self.clean("apps/a.cpp", "using namespace std;\n", "using namespace")
        self.caught("apps/a.hpp", "int f();\n", "guard")

    def test_text(self):
        self.caught("apps/a.cpp", "// TO" "DO later\n", "note without owner")
        self.clean("apps/a.cpp", "// TO" "DO(#12) later\n", "note without owner")
        self.caught("apps/a.cpp", 'auto p = "/wo' 'rk/x";\n', "machine path")
        self.caught("README.md", "in /tmp/w" "t\n", "machine path")
        self.clean("apps/a.cpp", '#include "core/wo' 'rk/x.hpp"\n', "machine path")
        self.caught("apps/a.cpp", "int a; \n", "white space")
        self.caught("apps/a.cpp", "int a;", "white space")
        self.caught("README.md", "[gone](core/GONE.md)\n", "link")

    def test_dead_files(self):
        self.assertIn(("apps/a.cpp", "dead file"), findings({"apps/a.cpp": ""}, compiled=[]))
        self.assertNotIn(("apps/a.cpp", "dead file"), findings({"apps/a.cpp": ""}, compiled=["apps/a.cpp"]))
        self.assertNotIn(("apps/a.cpp", "dead file"), findings({"apps/a.cpp": "", "apps/CMakeLists.txt": "a.cpp\n"}, compiled=[]))
        self.caught("core/base/a.hpp", HEADER, "dead file")
        used = {"core/base/a.hpp": HEADER, "core/base/a.cpp": '#include "pawl/core/base/a.hpp"\n'}
        self.assertEqual(set(), findings(used))

    def test_packages(self):
        self.caught("apps/a.cpp", "#include <fmt/format.h>\n", "package")
        self.caught("apps/a.cpp", "#include <unknown/thing.hpp>\n", "package")
        self.clean("apps/a.cpp", "#include <sys/stat.h>\n#include <immintrin.h>\n#include <vector>\n", "package")
        listed = {"apps/a.cpp": "#include <fmt/format.h>\n", "tools/install-packages": "libfmt-dev\n"}
        self.assertEqual(set(), findings(listed))

    def test_readme_code(self):
        readme = "# x\n```cpp\nint a = 1;\n  int b = 2;\n```\n"
        self.assertIn(("README.md", "README code"), findings({"README.md": readme}))
        self.assertIn(("README.md", "README code"), findings({"README.md": readme, "apps/embed/main.cpp": "int a = 1;\n"}))
        self.assertEqual(set(), findings({"README.md": readme, "apps/embed/main.cpp": "  int a = 1;\n    int b = 2;\n"}))


    def test_promise(self):
        text = {"tests/tidy/promise.txt": "Acked means\non disk.\n"}
        self.assertEqual(set(), findings({"README.md": "# x\n> Acked means on\n> disk.\n", **text}))
        self.assertIn(("README.md", "promise"), findings({"README.md": "> Acked means mostly on disk.\n", **text}))


class Lengths(unittest.TestCase):
    LONG = "int f() {\n" + "  g();\n" * 80 + "}\n"

    def test_long_function_and_file(self):
        self.assertIn(("apps/a.cpp", "length"), findings({"apps/a.cpp": self.LONG}))
        self.assertIn(("apps/a.hpp", "length"), findings({"apps/a.hpp": HEADER + "int a;\n" * 400, "apps/b.cpp": '#include "a.hpp"\n'}))
        self.assertNotIn(("apps/a.cpp", "length"), findings({"apps/a.cpp": "int a;\n" * 600}))

    def test_ratchet_allows_and_only_falls(self):
        def with_ratchet(lines):
            return findings({"apps/a.cpp": self.LONG, checks.RATCHET: f'{{"apps/a.cpp f": {lines}}}\n'})
        self.assertEqual(set(), with_ratchet(82))
        self.assertIn(("apps/a.cpp", "length"), with_ratchet(81))
        self.assertIn((checks.RATCHET, "length"), with_ratchet(83))

    def test_mostly_short(self):
        medium = "".join(f"int f{i}() {{\n" + "  g();\n" * 25 + "}\n" for i in range(3))
        self.assertIn(("core", "length"), findings({"core/base/a.cpp": medium}))


class Parsing(unittest.TestCase):
    def test_blank_keeps_lines_and_code(self):
        text = 'a("//no"); // b\n/* c\n d */ e = 1\'000; \'"\'; f(R"(x\n"y)");\n'
        out = blank(text)
        self.assertEqual(text.count("\n"), out.count("\n"))
        for gone in ("no", "b", "c", "d", "x", "y"):
            self.assertNotIn(gone, out.replace("a(", "").replace("f(", ""))
        for kept in ("a(", "e = 1_000", "f("):
            self.assertIn(kept, out)

    def test_functions(self):
        text = """
namespace a {
struct alignas(64) S {
  S(int x) : x_{x}, y_(x) {
    g();
  }
  int get() const noexcept { return x_; }
  int table[2] = {1, 2};
};
template <class T>
auto f(T t) -> int {
  auto h = [&](int i) { return i; };
  for (;;) {
  }
}
S operator+(S a, S b) {
}
}  // namespace a
TEST_CASE("x") {
}
"""
        found = {f.name: f.lines for f in functions(blank(text))}
        self.assertEqual({"S": 3, "get": 1, "f": 6, "operator+": 2, "TEST_CASE": 2}, found)


if __name__ == "__main__":
    unittest.main()
