"""What the tidy checks look at: a tree of files, and C++ text without its comments and strings."""

import pathlib
import re
import subprocess
from dataclasses import dataclass
from functools import cached_property

TEXT = {".cpp", ".hpp", ".py", ".cmake", ".txt", ".json", ".md", ".pawl", ".csv", ".sh", ""}


@dataclass(frozen=True)
class Finding:
    path: str
    line: int
    check: str
    text: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.check}: {self.text}"


class File:
    """One file of the tree. `path` is relative to the root, with slashes."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.suffix = pathlib.PurePosixPath(path).suffix

    @property
    def is_cpp(self):
        return self.suffix in (".cpp", ".hpp")

    def within(self, *folders):
        return any(self.path.startswith(folder + "/") for folder in folders)

    @cached_property
    def lines(self):
        return self.text.splitlines()

    @cached_property
    def code(self):
        """The text with comments and the insides of literals blanked, line by line in the same places."""
        return blank(self.text)

    @cached_property
    def code_lines(self):
        return self.code.splitlines()

    @cached_property
    def includes(self):
        """[(line number, included name)]"""
        pattern = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')
        found = ((n, pattern.match(line)) for n, line in enumerate(self.lines, 1))
        return [(n, match.group(1)) for n, match in found if match]


class Tree:
    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.paths = tracked(self.root)

    @cached_property
    def files(self):
        texts = [p for p in self.paths if pathlib.PurePosixPath(p).suffix in TEXT]
        return [File(p, (self.root / p).read_text(encoding="utf-8", errors="replace")) for p in texts]

    @property
    def cpp(self):
        return [f for f in self.files if f.is_cpp]

    def file(self, path):
        return next((f for f in self.files if f.path == path), None)


def tracked(root):
    """Paths below root that are, or would be, committed: by git where root is its checkout, else all but build folders."""
    command = ["git", "-C", str(root), "-c", f"safe.directory={root}", "ls-files", "-co", "--exclude-standard", "-z"]
    if (root / ".git").exists():
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode == 0:
            names = done.stdout.decode().split("\0")
            return sorted({name for name in names if name and (root / name).is_file()})
    found = (p.relative_to(root) for p in root.rglob("*") if p.is_file())
    return sorted(p.as_posix() for p in found if p.parts[0] not in (".git", "build", ".cache"))


LITERAL = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
      | (?P<raw>R"(?P<tag>[^()\\\s]{0,16})\(.*?\)(?P=tag)")
      | (?P<number>(?<![\w.])\d[\w.]*(?:'[0-9A-Fa-f]+)+\w*)
      | (?P<string>"(?:\\.|[^"\\\n])*")
      | (?P<char>'(?:\\.|[^'\\\n])+')""",
    re.VERBOSE | re.DOTALL,
)


def blank(text):
    def replace(match):
        whole = match.group(0)
        if match.lastgroup == "number" or match.group("number"):
            return whole.replace("'", "_")
        spaces = re.sub(r"[^\n]", " ", whole)
        if match.group("comment"):
            return spaces
        return whole[0] + spaces[1:-1] + whole[-1] if "\n" not in whole else spaces
    kept = [(m.start(), m.group(0)) for m in re.finditer(r'^\s*#\s*include[^\n]*', text, re.MULTILINE)]
    out = LITERAL.sub(replace, text)
    for start, line in kept:  # the name in an #include is not a literal
        out = out[:start] + line + out[start + len(line):]
    return out


@dataclass(frozen=True)
class Function:
    name: str
    line: int
    lines: int


TYPE_HEAD = re.compile(r"\b(class|struct|union|enum)\b")
NAME = re.compile(r"([~\w:]+|operator[^\s(]*|operator\(\))\s*\((?!.*\boperator\b)", re.DOTALL)
INITIALISER = re.compile(r"\)\s*(?:noexcept\s*)?:(?!:)")


def kind_of(head, outer):
    """What the brace after `head` opens, inside a brace of kind `outer`."""
    if outer in ("function", "other"):
        return "other"
    if re.search(r"\bnamespace\b", head) or re.search(r'\bextern\s*"', head):
        return "scope"
    if "(" not in re.sub(r"\b(alignas|__attribute__|decltype|requires)\s*\(+[^()]*\)+", "", head):
        return "scope" if TYPE_HEAD.search(head) else "other"
    if INITIALISER.search(head) and re.search(r"[\w>]\s*$", head):
        return "initialiser"  # a member's braces in a constructor's list
    if re.search(r"=\s*(\w[\w:<>, ]*)?$", head):
        return "other"
    return "function"


def functions(code):
    """The functions of blanked C++ text, by brace matching: no parser, good enough to count lines."""
    found, stack, start = [], [], 0
    code = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: re.sub(r"[^\n]", " ", m.group(0)), code, flags=re.MULTILINE)
    for match in re.finditer(r"[{};]", code):
        at, char = match.start(), match.group(0)
        outer = stack[-1][0] if stack else "scope"
        if char == "{":
            kind = kind_of(code[start:at], outer)
            stack.append((kind, start))
            if kind != "initialiser":
                start = at + 1
        elif char == "}" and stack:
            kind, begin = stack.pop()
            if kind == "function":
                found.append(function_of(code, begin, at))
            if kind != "initialiser":
                start = at + 1
        elif char == ";" and outer != "initialiser":
            start = at + 1
    return found


def function_of(code, begin, end):
    head = code[begin:end]
    begin += len(head) - len(head.lstrip())
    label = re.match(r"(?:public|private|protected)\s*:\s*", code[begin:end])
    begin += label.end() if label else 0
    signature = code[begin:].split("{", 1)[0]
    name = re.search(r"(operator\s*\S+?|[~\w:]+)\s*\(", signature)
    first = code.count("\n", 0, begin) + 1
    return Function(name.group(1) if name else "?", first, code.count("\n", begin, end) + 1)
