#!/usr/bin/env python3
"""Opens a page of `pawl-bench report` in headless Chromium.

  tools/report_charts.py check PAGE         every chart drew its data, or exit status 1
  tools/report_charts.py pictures PAGE DIR  each chart as DIR/<name>.png
  tools/report_charts.py readme             README's pictures, of the newest result in bench/results (build/bin/pawl-bench makes the page)
"""

import base64
import html
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from results_table import newest_kept


ROOT = Path(__file__).resolve().parent.parent
# README's pictures: the file's name, how the chart's name begins.
README_PICTURES = (("latency", "pipeline open loop at"), ("time", "pipeline where the time goes"), ("ring", "ring ring, 1 to 1, one by one, 65536 slots"))


def dom(page, fragment=""):
    """The page as the browser has it after its scripts ran. Without a network: every address but files fails."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        return None
    with tempfile.TemporaryDirectory() as profile:
        command = [browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={profile}", "--window-size=1240,4000",
                   "--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=30000", "--dump-dom", Path(page).resolve().as_uri() + fragment]
        return subprocess.run(command, capture_output=True, text=True, timeout=180, check=True).stdout


def attributes(text, tag, names):
    """One dictionary per element `tag` that has all of the attributes."""
    for element in re.findall(rf"<{tag}\b[^>]*>", text):
        found = dict(re.findall(r'([\w-]+)="([^"]*)"', element))
        if all(name in found for name in names):
            yield {name: html.unescape(found[name]) for name in names}


def check(page):
    text = dom(page)
    if text is None:
        print("SKIPPED: report in a browser: no chromium")
        return 0
    charts = list(attributes(text, "canvas", ("data-name", "data-drawn")))
    empty = [chart["data-name"] for chart in charts if int(chart["data-drawn"]) < 20]
    body = next(attributes(text, "body", ("data-charts", "data-empty")), {"data-charts": "0"})
    for name in empty:
        print(f"report: the chart {name!r} drew nothing")
    print(f"report: {len(charts)} charts, {len(charts) - len(empty)} drew their data")
    return 0 if charts and not empty and int(body["data-charts"]) == len(charts) else 1


def drawn(page):
    """{name of the chart: PNG}, or None without a browser."""
    text = dom(page, "#pictures")
    if text is None:
        print("report: error: no chromium", file=sys.stderr)
        return None
    return {picture["data-name"]: base64.b64decode(picture["src"].split(",", 1)[1]) for picture in attributes(text, "img", ("src", "data-name"))}


def pictures(page, folder):
    charts = drawn(page)
    if charts is None:
        return 1
    Path(folder).mkdir(parents=True, exist_ok=True)
    for name, png in charts.items():
        path = Path(folder) / f"{re.sub(r'[^A-Za-z0-9]+', '-', name).strip('-')}.png"
        path.write_bytes(png)
        print(path)
    return 0


def readme():
    kept = newest_kept(ROOT, lambda result: result["command"] == "pipeline")
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        subprocess.run([ROOT / "build/bin/pawl-bench", "report", "--from", kept, "--output", page], check=True, stdout=subprocess.DEVNULL)
        charts = drawn(page)
    if charts is None:
        return 1
    target = kept.with_suffix("")
    target.mkdir(exist_ok=True)
    for name, start in README_PICTURES:
        found = [png for chart, png in charts.items() if chart.startswith(start)]
        if not found:
            print(f"report: error: {kept.name} has no chart that begins with {start!r}", file=sys.stderr)
            return 1
        (target / f"{name}.png").write_bytes(found[0])
        print(target / f"{name}.png")
    return 0


def main(arguments):
    if len(arguments) == 2 and arguments[0] == "check":
        return check(arguments[1])
    if len(arguments) == 3 and arguments[0] == "pictures":
        return pictures(arguments[1], arguments[2])
    if arguments == ["readme"]:
        return readme()
    print(__doc__.strip(), file=sys.stderr)
    return 64


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
