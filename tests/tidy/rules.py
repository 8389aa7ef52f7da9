"""What may not be written where. A rule bans a pattern in the code (not in comments or strings) below some folders.

A line that has to break a rule says so with the rule's marker in a comment on it or on the line before,
for instance `// set-up: ...` for memory that is reserved before the first event.
"""

import re
from dataclasses import dataclass

HOT = ("core/ring", "core/window", "core/rules", "core/state", "core/event", "core/engine")
LIBRARY = ("core", "io", "journal")


@dataclass(frozen=True)
class Rule:
    name: str
    folders: tuple
    pattern: re.Pattern
    why: str
    exempt: tuple = ()    # paths, or folders ending in a slash
    marker: str = ""
    headers_only: bool = False


def rule(name, folders, pattern, why, **options):
    return Rule(name, folders, re.compile(pattern), why, **options)


CALL = r"(?<![\w.>:])(?:std::|::)?"  # a call of the library's function, not of a member of that name
SYSTEM = r"(?:unistd|fcntl|sched|poll|pthread|dlfcn|liburing|signal|sys/\w+|linux/\w+|net/\w+|netinet/\w+|arpa/\w+)\.h"

RULES = (
    rule("allocation", HOT, CALL + r"(?:malloc|calloc|realloc|free|aligned_alloc|posix_memalign)\s*\(|(?<!operator )\bnew\b(?!>)|\bmake_shared\b",
         "no allocation in the data path; memory reserved at start is marked // set-up", marker="set-up"),
    rule("type erasure", HOT, r"\bstd::(?:function|shared_ptr|any)\b", "no std::function or shared_ptr in the data path", marker="set-up"),
    rule("virtual", ("core/ring", "core/window", "core/rules", "core/state"), r"\bvirtual\b", "no virtual calls in the data path"),
    rule("unordered", ("core/window", "core/rules", "core/state", "core/engine"), r"\bstd::unordered_",
         "its order of iteration differs by machine", marker="look-up only"),
    rule("throw", ("core",), r"\bthrow\b|\bcatch\s*\(", "no exceptions in core: return a Result or a value"),
    rule("clock", ("core", "journal"), r"\bstd::chrono::\w*clock\b|\b(?:clock_gettime|gettimeofday|__rdtsc)\b|" + CALL + r"time\s*\(\s*(?:nullptr|0|NULL|&)",
         "time comes from the log or from io/clock.hpp"),
    rule("environment", LIBRARY, r"\bgetenv\b|\bsecure_getenv\b", "the library reads no environment variables"),
    rule("random", ("core", "journal"), r"\bstd::(?:random_device|mt19937)\b|" + CALL + r"s?rand(?:om)?\s*\(", "the state machine has no randomness"),
    rule("printing", LIBRARY, r"\bstd::(?:cout|cerr|clog|printf|fprintf|puts)\b|(?<![\w:.])(?:printf|fprintf|puts)\s*\(|\bfmt::print\b|#\s*include\s*<iostream>",
         "the library prints nothing", exempt=("core/base/assert.cpp",)),
    rule("printing that throws", ("apps", "tools"), r"\bfmt::print\b", "a full standard error must not end a program: tell() and warn() of tools/pawl/report.hpp"),
    rule("threads", ("core", "journal"), r"\bstd::(?:j?thread|mutex|condition_variable|async)\b|#\s*include\s*<(?:thread|mutex|condition_variable|future)>",
         "threads live in io"),
    rule("atomic", ("core", "journal"), r"\bstd::atomic|#\s*include\s*<atomic>",
         "raw atomics live in core/ring, whose names say the memory order", exempt=("core/ring/", "core/base/assert.cpp")),
    rule("system call", ("core", "journal"), r"#\s*include\s*<" + SYSTEM + ">", "every system call lives in io"),
    rule("libm", ("core",), CALL + r"(?:exp|exp2|expm1|log|log2|log10|log1p|pow|sin|cos|tan|asin|acos|atan|atan2|sinh|cosh|tanh|cbrt|hypot|erf|tgamma|lgamma)f?\s*\(",
         "libm's transcendental functions differ by processor: use an implementation of our own"),
    rule("rename", ("core", "journal", "apps", "tools"), CALL + r"(?:filesystem::|fs::)?rename(?:at2?)?\s*\(", "renaming files lives in io, which syncs the directory"),
    rule("process", LIBRARY, r"\b_?exit\s*\(|\bstd::(?:signal|raise)\b|\bsigaction\b", "the library never exits and installs no signal handlers"),
    rule("using namespace", ("core", "io", "journal", "apps", "tools", "bench", "tests"), r"\busing\s+namespace\b",
         "not in headers", headers_only=True),
    rule("fast-math", ("core", "io", "journal", "apps", "tools", "bench"), r"#\s*pragma\s+(?:GCC|clang)\s+(?:optimize|fp)|__attribute__\s*\(\(\s*optimize",
         "floating point must give the same bits everywhere"),
)


def excused(file, number, marker):
    """Whether line `number` or the one before has the marker in a comment."""
    near = file.lines[max(0, number - 2):number]
    return bool(marker) and any(re.search(rf"//.*\b{re.escape(marker)}\b", line) for line in near)


def applies(rule_, file):
    if not file.within(*rule_.folders) or (rule_.headers_only and file.suffix != ".hpp"):
        return False
    return not any(file.path == e or (e.endswith("/") and file.path.startswith(e)) for e in rule_.exempt)
