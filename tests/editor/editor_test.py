"""The grammar for editors: it colours every pipeline file of the repository to the last byte, and knows each word that the parser does."""

import json
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(sys.argv.pop())
GRAMMAR = json.loads((ROOT / "tools/editor/pawl.tmLanguage.json").read_text())


def flat(patterns):
    """Rules in the order in which an editor tries them."""
    for rule in patterns:
        if "include" in rule:
            included = GRAMMAR["repository"][rule["include"].removeprefix("#")]
            yield from flat(included["patterns"] if "begin" not in included and "patterns" in included else [included])
        else:
            yield rule


RULES = list(flat(GRAMMAR["patterns"]))


def first_match(line, at):
    """As an editor does it: the rule whose match begins first, the earlier rule of two."""
    found = [(match.start(), i, rule, match) for i, rule in enumerate(RULES) if (match := re.compile(rule.get("match") or rule["begin"]).search(line, at))]
    return min(found, key=lambda f: f[:2])[2:] if found else (None, None)


def scopes(text):
    """[(text, scope)] of one line, in order; what no rule takes has the scope None."""
    at, tokens = 0, []
    while at < len(text):
        rule, match = first_match(text, at)
        begin = match.start() if match else len(text)
        if text[at:begin].strip():
            tokens.append((text[at:begin].strip(), None))
        if not match:
            break
        at = match.end()
        if "begin" in rule:
            while not (end := re.compile(rule["end"]).match(text, at)):
                escape = re.compile(rule["patterns"][0]["match"]).match(text, at)
                at = escape.end() if escape else at + 1
            at = end.end()
            tokens.append((text[match.start():at], rule["name"]))
        elif "captures" in rule:
            tokens += [(match.group(int(n)), capture["name"]) for n, capture in rule["captures"].items() if match.group(int(n))]
        else:
            tokens.append((match.group(), rule["name"]))
    return tokens


def parser_words():
    """What the parser asks for by name."""
    sources = [(ROOT / "core/language" / name).read_text() for name in ("parser.cpp", "parse_rule.cpp", "parse_expression.cpp")]
    return {word for text in sources for word in re.findall(r'(?:take_word|at_word|expect_word)\("(\w+)"', text)}


class Editor(unittest.TestCase):
    def test_line(self):
        line = 'rule spike { on Payment when amount > 3 * prior avg(amount per customer, 30d) then score 600 reason S001 "at {amount}" }  # usual'
        found = dict(scopes(line))
        for text, scope in (("rule", "keyword.declaration"), ("spike", "entity.name"), ("Payment", "entity.name.type"), ("when", "keyword.other.clause"),
                            ("amount", "variable.other"), (">", "keyword.operator"), ("prior", "keyword.other.window"), ("avg", "support.function.aggregate"),
                            ("30d", "constant.numeric.duration"), ("score", "keyword.control.action"), ("S001", "constant.other.reason"),
                            ('"at {amount}"', "string.quoted.double"), ("# usual", "comment.line.number-sign")):
            self.assertEqual(scope + ".pawl", found.get(text), text)

    def test_fields_may_have_the_names_of_words(self):
        self.assertIn(("count", "variable.other.pawl"), scopes("let a = count + 1"))
        self.assertIn(("text", "variable.other.pawl"), scopes("let b = text = \"x\""))
        self.assertIn(("text", "storage.type.pawl"), scopes("event E { at: time, name: text(8) }"))

    def test_every_word_of_the_parser(self):
        words = parser_words()
        self.assertGreater(len(words), 60)
        unknown = sorted(w for w in words if all(scope == "variable.other.pawl" for _, scope in scopes(w)[:1]) and scopes(f"x: {w}")[-1][1] != "storage.type.pawl"
                         and scopes(w + "(")[0][1] == "variable.other.pawl")
        self.assertEqual([], unknown)

    def test_every_pipeline_file(self):
        files = [p for p in ROOT.rglob("*.pawl") if "build" not in p.relative_to(ROOT).parts]
        self.assertGreater(len(files), 6)
        for path in files:
            for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
                if path.name != "broken.pawl":
                    self.assertEqual([], [text for text, scope in scopes(line) if scope is None], f"{path}:{number}")


if __name__ == "__main__":
    unittest.main()
