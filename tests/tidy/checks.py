"""The tidy checks: each takes the tree and yields findings."""

import json
import re
from collections import defaultdict
from pathlib import PurePosixPath

import rules
from source import Finding, functions

TOP_FOLDERS = {".ci", "apps", "bench", "core", "io", "journal", "tests", "tools"}
TOP_FILES = {
    ".clang-format", ".gitignore", "CMakeLists.txt", "CMakePresets.json", "LICENSE",
    "ARCHITECTURE.md", "CHANGELOG.md", "DECISIONS.md", "DEVELOPERS.md", "README.md",
}
# What each layer may include, as prefixes of the name in the #include.
LAYERS = {
    "core": ("pawl/core/",),
    "io": ("pawl/core/base/", "pawl/io/"),
    "journal": ("pawl/core/", "pawl/io/", "pawl/journal/"),
}
HEADER_LINES, SOURCE_LINES, FUNCTION_LINES, SHORT_LINES, SHORT_SHARE = 400, 600, 70, 20, 0.9
RATCHET = "tests/tidy/ratchet.json"


def top_level(tree):
    for name in sorted({path.split("/")[0] for path in tree.paths if "/" in path} - TOP_FOLDERS):
        yield Finding(name, 1, "top level", "folders are " + " ".join(sorted(TOP_FOLDERS)))
    for name in sorted({path for path in tree.paths if "/" not in path} - TOP_FILES):
        yield Finding(name, 1, "top level", "root files are the build's and the root documents")


def layering(tree):
    for file in tree.cpp:
        layer = file.path.split("/")[0]
        if layer not in LAYERS:
            continue
        for line, name in file.includes:
            if name.startswith("pawl/") and not name.startswith(LAYERS[layer]):
                yield Finding(file.path, line, "layering", f"{layer} may include {' '.join(LAYERS[layer])}, not {name}")
            elif name.startswith(".."):
                yield Finding(file.path, line, "layering", f'write "pawl/..." instead of {name}')


def own_header_first(tree):
    """A source of a library includes the header of its name before anything else, so that its compilation shows that the header stands alone."""
    paths = {file.path for file in tree.cpp}
    for file in tree.cpp:
        own = file.path.removesuffix(".cpp") + ".hpp"
        if file.within(*LAYERS) and file.suffix == ".cpp" and own in paths and [name for _, name in file.includes][:1] != [f"pawl/{own}"]:
            yield Finding(file.path, 1, "own header", f'includes "pawl/{own}" first')


def banned(tree):
    for file in tree.cpp:
        for rule in (r for r in rules.RULES if rules.applies(r, file)):
            for number, line in enumerate(file.code_lines, 1):
                if rule.pattern.search(line) and not rules.excused(file, number, rule.marker):
                    yield Finding(file.path, number, rule.name, rule.why)


def unowned_notes(tree):
    pattern = re.compile(r"\b(TO" r"DO|FIX" r"ME)\b(?!\([\w#.-]+\))")
    for file in tree.files:
        for number, line in enumerate(file.lines, 1):
            if pattern.search(line):
                yield Finding(file.path, number, "note without owner", "say whose it is, or which issue's, in parentheses")


def machine_paths(tree):
    pattern = re.compile(r"(?<![\w.}])/(?:wo" r"rk|far" r"m|home|root)/|/tmp/w" r"t\b|\bfar" r"m-\w")
    for file in tree.files:
        for number, line in enumerate(file.lines, 1):
            if pattern.search(line):
                yield Finding(file.path, number, "machine path", "paths and tools of one machine have no place here")


def white_space(tree):
    for file in tree.files:
        if file.path.startswith("tests/fuzz/corpus/"):
            continue  # bytes, not text
        for number, line in enumerate(file.lines, 1):
            if line != line.rstrip() or (file.is_cpp and "\t" in line):
                yield Finding(file.path, number, "white space", "trailing space, or a tab in C++")
        if file.text and not file.text.endswith("\n"):
            yield Finding(file.path, len(file.lines), "white space", "no newline at the end")


def guards(tree):
    for file in tree.cpp:
        if file.suffix == ".hpp" and "#pragma once" not in file.code:
            yield Finding(file.path, 1, "guard", "a header begins with #pragma once")


def lengths(tree):
    """{name: lines} of every file and function that is longer than the style allows."""
    found = {}
    for file in tree.cpp:
        limit = HEADER_LINES if file.suffix == ".hpp" else SOURCE_LINES
        if len(file.lines) > limit:
            found[file.path] = (len(file.lines), 1, limit)
        for function in functions(file.code):
            if function.lines > FUNCTION_LINES:
                found[f"{file.path} {function.name}"] = (function.lines, function.line, FUNCTION_LINES)
    return found


def ratchet(tree):
    """Longer than the style allows is allowed only as far as the ratchet file says, and its figures only fall."""
    file = tree.file(RATCHET)
    allowed = json.loads(file.text) if file else {}
    found = lengths(tree)
    for name, (lines, at, limit) in found.items():
        if lines > allowed.get(name, limit):
            yield Finding(name.split(" ")[0], at, "length", f"{name}: {lines} lines, at most {allowed.get(name, limit)}")
    for name, lines in allowed.items():
        if name not in found or found[name][0] < lines:
            now = found[name][0] if name in found else "within the limit"
            yield Finding(RATCHET, 1, "length", f"{name} is {now} now: lower or remove its entry")


def short_functions(tree):
    lines = [f.lines for file in tree.cpp if file.within("core", "io", "journal") for f in functions(file.code)]
    short = sum(n <= SHORT_LINES for n in lines)
    if lines and short < SHORT_SHARE * len(lines):
        yield Finding("core", 1, "length", f"{short} of {len(lines)} functions have at most {SHORT_LINES} lines; nine in ten should")


def dead_sources(tree, compiled=None):
    """A source belongs to a target: it is compiled (`compiled`: absolute paths, or None if unknown) or named by a CMake file."""
    if compiled is None:
        return
    scripts = "\n".join(f.text for f in tree.files if f.path.endswith(("CMakeLists.txt", ".cmake")))
    for file in tree.cpp:
        known = str((tree.root / file.path).resolve()) in compiled or PurePosixPath(file.path).name in scripts
        if file.suffix == ".cpp" and not known:
            yield Finding(file.path, 1, "dead file", "no target compiles it")


def dead_headers(tree):
    included = {name for file in tree.cpp for _, name in file.includes}
    scripts = "\n".join(f.text for f in tree.files if f.path.endswith("CMakeLists.txt"))
    for file in tree.cpp:
        path = PurePosixPath(file.path)
        names = {f"pawl/{path}", path.name} | {"/".join(path.parts[i:]) for i in range(len(path.parts))}
        if file.suffix == ".hpp" and not names & included and path.name not in scripts:
            yield Finding(file.path, 1, "dead file", "nothing includes it")


def readme_code(tree):
    """Each ```cpp block of README.md and OPERATORS.md stands, line for line, in a compiled file of its program."""
    for name, folder in (("README.md", "apps/embed"), ("core/operator/OPERATORS.md", "apps/markov")):
        page = tree.file(name)
        sources = [[line.strip() for line in f.lines] for f in tree.cpp if f.within(folder)]
        for match in re.finditer(r"^```cpp\n(.*?)^```", page.text if page else "", re.DOTALL | re.MULTILINE):
            block = [line.strip() for line in match.group(1).splitlines()]
            if not any(contains(source, block) for source in sources):
                yield Finding(name, page.text.count("\n", 0, match.start()) + 1, "README code", f"not in a file of {folder}")


def promise(tree):
    """README.md gives the promise of durability word for word, as tests/tidy/promise.txt has it."""
    readme, text = tree.file("README.md"), tree.file("tests/tidy/promise.txt")
    said = " ".join(re.sub(r"^> ?", "", readme.text, flags=re.MULTILINE).split()) if readme else ""
    if readme and text and " ".join(text.text.split()) not in said:
        yield Finding("README.md", 1, "promise", "its words are not those of tests/tidy/promise.txt")


def contains(lines, block):
    return any(lines[i:i + len(block)] == block for i in range(len(lines) - len(block) + 1))


# Which package brings a header that is neither ours nor the compiler's, libc's or the kernel's.
PACKAGES = {
    "CLI/": "libcli11-dev", "concurrentqueue/": "libconcurrentqueue-dev", "nlohmann/": "nlohmann-json3-dev", "oneapi/": "libtbb-dev",
    "readerwriterqueue/": "libreaderwriterqueue-dev", "benchmark/": "libbenchmark-dev", "boost/": "libboost-dev", "doctest/": "doctest-dev",
    "fast_float/": "libfast-float-dev", "fmt/": "libfmt-dev", "liburing.h": "liburing-dev", "mimalloc": "libmimalloc-dev",
    "fuse.h": "libfuse3-dev", "openssl/": "libssl-dev", "rapidcheck": "librapidcheck-dev", "relacy/": "relacy-dev", "rocksdb/": "librocksdb-dev",
    "sqlite3.h": "libsqlite3-dev", "valgrind/": "valgrind", "xgboost/": "libxgboost-dev", "xxhash.h": "libxxhash-dev", "xxh_x86dispatch.h": "libxxhash-dev", "zstd.h": "libzstd-dev",
}
SYSTEM = re.compile(r"(?:sys|linux|net|netinet|arpa|bits|asm)/|(?:unistd|stdlib|fcntl|sched|poll|pthread|dirent|signal|\w*intrin|dlfcn|termios|time|errno|malloc)\.h$")


def packages(tree):
    """Every foreign header comes from a package that tools/install-packages lists, so that a bare machine builds."""
    script = tree.file("tools/install-packages")
    for file in tree.cpp:
        for line, name in file.includes:
            foreign = f"<{name}>" in file.lines[line - 1] and ("/" in name or "." in name) and not SYSTEM.match(name)
            package = next((p for prefix, p in PACKAGES.items() if name.startswith(prefix)), None)
            if foreign and not name.startswith("pawl/") and (package is None or not script or package not in script.text):
                yield Finding(file.path, line, "package", f"{name} comes from {package or 'no known package'}, which tools/install-packages lacks")


def links(tree):
    """Relative links of the documents lead to files that exist."""
    for file in (f for f in tree.files if f.suffix == ".md"):
        folder = PurePosixPath(file.path).parent
        for number, line in enumerate(file.lines, 1):
            for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", line):
                if not (tree.root / folder / target).exists():
                    yield Finding(file.path, number, "link", f"{target} does not exist")


def duplicate_names(tree):
    """Two files of a layer with the same path but case, which some file systems cannot hold."""
    seen = defaultdict(list)
    for path in tree.paths:
        seen[path.lower()].append(path)
    for paths in (p for p in seen.values() if len(p) > 1):
        yield Finding(paths[1], 1, "name", f"differs from {paths[0]} by case alone")


CHECKS = (
    top_level, layering, own_header_first, banned, unowned_notes, machine_paths, white_space, guards, ratchet, short_functions,
    dead_headers, readme_code, promise, packages, links, duplicate_names,
)


def run(tree, compiled=None):
    findings = [finding for check in CHECKS for finding in check(tree)]
    return findings + list(dead_sources(tree, compiled))
