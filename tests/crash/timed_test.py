"""kill -9 while deadlines of patterns fire, by events and by ticks: every timed output is given away exactly once.

Payments come through a pipe, in bursts with pauses, in which the engine writes ticks; at random moments it is killed and started again with the same
stream. Where ticks come depends on the machine, but they stand in the log: from what `pawl journal cat` prints of it, a few lines here compute which
deadline fires behind which input. The file of decisions must be exactly that, row by row, rows that stood at a kill stay, and a replay says the same.

Usage: timed_test.py PAWL [SEED]. PAWL_TEST_FACTOR multiplies the kills.
"""
import datetime
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

from accounting import HEADER, PATIENCE_S, Failure, call, digest_of, require, whole_rows

KILLS = 20 * int(os.environ.get("PAWL_TEST_FACTOR", "1"))
BURSTS, BURST_ROWS, PAUSE_S = 40, 1500, 0.02  # a burst is more than the command reads at once
LATEST_MS = 150
WITHIN_NS = 3_000_000
PIPELINE = """pipeline "timed" version 1
event Payment { id: int, at: time, customer: int, amount: money }
rule alone { pattern a: Payment(amount > 50.00) then no Payment(amount < 20.00) within 3ms per customer after match skip to next limit 64 then score 7 }
"""
LINE = re.compile(r"(\d+) (?:Payment\{id=(\d+), at=(\S+), customer=(\d+), amount=(\d+)\.00\}|tick at (\S+))")


def nanoseconds(text):
    day, _, fraction = text.rstrip("Z").partition(".")
    seconds = datetime.datetime.fromisoformat(day).replace(tzinfo=datetime.timezone.utc).timestamp()
    return int(seconds) * 10**9 + int(fraction.ljust(9, "0") or 0)


def text_of(time_ns):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time_ns // 10**9)) + f".{time_ns % 10**9:09d}Z"


def stream(rng):
    """Bursts of rows. Times of a burst lie within its deadlines; the next burst is later than these."""
    base, event, bursts = time.time_ns(), 0, []
    for burst in range(BURSTS):
        rows = []
        for row in range(BURST_ROWS):
            event += 1
            at = base + burst * int(PAUSE_S * 1e9) + row * 2000
            rows.append(f"{event},{text_of(at)},{rng.randint(1, 400)},{rng.randint(1, 99)}.00\n")
        bursts.append("".join(rows).encode())
    return bursts


def expected_rows(listed):
    """The file of decisions, from the inputs of the log, and how many of its rows a tick fired."""
    rows, open_runs, latest, by_ticks = [HEADER.decode()], [], None, 0
    for line in listed.splitlines():
        found = LINE.match(line)
        if not found:
            continue
        sequence, event, at, customer, amount, tick = found.groups()
        if event:
            latest = max(nanoseconds(at), latest or nanoseconds(at))
            rows.append(f"{sequence},{event},approve,0,\n")
            if int(amount) < 20:
                open_runs = [run for run in open_runs if run[2] != customer or run[0] < latest]
        now = max(nanoseconds(tick), latest) if tick else latest
        due = [run for run in open_runs if run[0] < now]
        open_runs = [run for run in open_runs if run[0] >= now]
        if event and int(amount) > 50:
            open_runs.append((latest + WITHIN_NS, event, customer))
        rows.extend(f"{sequence},{first},approve,7,alone\n" for _, first, _ in due)
        by_ticks += len(due) if tick else 0
    return "".join(rows).encode(), by_ticks


class Job:
    def __init__(self, pawl, directory, rng):
        self.pawl, self.bursts, self.fed = pawl, stream(rng), 0
        self.pipeline, self.journal, self.decisions = directory / "timed.pawl", directory / "journal", directory / "decisions.csv"
        self.pipeline.write_text(PIPELINE)

    def start(self):
        process = subprocess.Popen([str(self.pawl), "run", "--pipeline", self.pipeline, "--input", "-", "--append", "--journal", self.journal, "--decisions", self.decisions,
                                    "--tick-interval", "1ms", "--durability", "disk"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        threading.Thread(target=self.feed, args=(process,), daemon=True).start()
        return process

    def feed(self, process):
        """From the beginning, without pauses as far as an earlier process came."""
        try:
            process.stdin.write(b"id,at,customer,amount\n")
            for number, burst in enumerate(self.bursts):
                process.stdin.write(burst)
                process.stdin.flush()
                if number >= self.fed:
                    time.sleep(PAUSE_S)
                self.fed = max(self.fed, number)
            process.stdin.close()
        except (OSError, ValueError):
            pass

    def rows(self):
        return self.decisions.read_bytes() if self.decisions.exists() else b""

    def run_and_kill(self, after_s, once_it_writes):
        """True: the kill hit it; False: it had ended by itself."""
        before, process = len(self.rows()), self.start()
        while once_it_writes and len(self.rows()) <= max(before, len(HEADER)) and process.poll() is None:
            time.sleep(0.001)
        time.sleep(after_s)
        process.send_signal(signal.SIGKILL)
        errors = process.stderr.read()
        process.wait(timeout=PATIENCE_S)
        require(process.returncode in (0, -signal.SIGKILL), f"a restart ended with exit status {process.returncode}:\n{errors.decode()}")
        return process.returncode != 0

    def finish(self):
        process = self.start()
        output, errors = process.stdout.read(), process.stderr.read()
        process.wait(timeout=PATIENCE_S)
        require(process.returncode == 0, f"the last run ended with exit status {process.returncode}:\n{errors.decode()}")
        return output


def check_end(job, output):
    rows, (expected, by_ticks) = job.rows(), expected_rows(call(job.pawl, "journal", "cat", job.journal).stdout.decode())
    require(rows.count(b",approve,0,\n") == BURSTS * BURST_ROWS, "not every payment has its decision once")
    for got, wanted in zip(rows.splitlines(), expected.splitlines()):
        require(got == wanted, f"the log says {wanted.decode()}, the file of decisions {got.decode()}")
    require(len(rows) == len(expected), "the file of decisions has more or fewer rows than follow from the log")
    replayed = job.decisions.with_suffix(".replayed")
    again = call(job.pawl, "replay", "--journal", job.journal, "--decisions", replayed).stdout
    require(replayed.read_bytes() == rows, "replay gives other decisions than the run")
    require(digest_of(again) == digest_of(output), "replay has another digest than the run")
    return rows.count(b",alone\n"), by_ticks


def test(pawl, directory, rng):
    kills = timed = by_ticks = jobs = in_outputs = 0
    while kills < KILLS:
        jobs += 1
        own = directory / f"job{jobs}"
        own.mkdir()
        job, rows, killed = Job(pawl, own, rng), b"", True
        while killed and kills < KILLS:
            killed = job.run_and_kill(rng.randint(1, LATEST_MS) / 1000, once_it_writes=rng.random() < 0.7)
            before, rows = rows, whole_rows(job.rows())
            require(rows.startswith(before), f"rows that stood at kill {kills} are gone or changed")
            kills += killed
            in_outputs += killed and rows.endswith(b",alone\n")
        found = check_end(job, job.finish())
        timed, by_ticks = timed + found[0], by_ticks + found[1]
        shutil.rmtree(own)
    require(by_ticks > 0, "no tick fired a deadline: nothing was tried")
    return f"{kills} kills in {jobs} journals, {in_outputs} of them behind a timed row; {timed} timed outputs, {by_ticks} by ticks, each once"


def main():
    pawl = pathlib.Path(sys.argv[1]).resolve()
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(1 << 32)
    print(f"timed: seed {seed}, {BURSTS * BURST_ROWS} events, kills 1 to {LATEST_MS} ms after the start or the first row", flush=True)
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="pawl-crash-", dir=pawl.parent) as directory:
        try:
            told = test(pawl, pathlib.Path(directory), random.Random(seed))
        except Failure as failure:
            print(f"timed: FAILED with seed {seed}: {failure}")
            return 1
    print(f"timed: {told}; {time.monotonic() - start:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
