"""kill -9 during `pawl run --append`, at random moments, until enough kills have hit a live process.

Each time the run is started again on the same journal and the same decisions file. A kill changes nothing but when the rows come:
the final file must equal, byte for byte, that of a run that was never killed, and so must the digest and a replay of the journal.

Usage: crash_test.py PAWL [SEED]. PAWL_TEST_FACTOR multiplies the kills.
"""
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

KILLS = 50 * int(os.environ.get("PAWL_TEST_FACTOR", "1"))
EVENTS = 200_000
LATEST_MS = 300
PATIENCE_S = 300
HEADER = b"sequence,id,decision,score,rules\n"


class Failure(Exception):
    pass


def require(condition, text):
    if not condition:
        raise Failure(text)


def digest_of(output):
    lines = [line for line in output.splitlines() if line.startswith("digest ")]
    require(len(lines) == 1, f"no digest in the output:\n{output}")
    return lines[0]


def whole_rows(path):
    """The bytes of the file up to its last line feed: ids and rule names hold none."""
    data = path.read_bytes() if path.exists() else b""
    return data[:data.rfind(b"\n") + 1]


def check_rows(rows):
    """Sequences 1, 2, 3 ...: none doubled, none left out, no row torn."""
    require(rows.startswith(HEADER), "the decisions file has another header")
    for expected, row in enumerate(rows[len(HEADER):].splitlines(), start=1):
        values = row.split(b",")
        require(len(values) == 5 and values[0] == b"%d" % expected, f"row {expected} is {row!r}")


class Job:
    """One directory with a journal and a decisions file, run again until it ends by itself."""

    def __init__(self, pawl, directory):
        self.pawl = str(pawl)
        self.directory = directory
        self.journal, self.decisions = directory / "journal", directory / "decisions.csv"
        directory.mkdir()

    def command(self):
        return [self.pawl, "run", "--durability", "disk", "--events", str(EVENTS), "--append", "--journal", str(self.journal),
                "--decisions", str(self.decisions)]

    def call(self, *arguments):
        done = subprocess.run([self.pawl, *map(str, arguments)], capture_output=True, text=True, timeout=PATIENCE_S)
        require(done.returncode == 0, f"{' '.join(map(str, arguments))}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def finish(self):
        return digest_of(self.call(*self.command()[1:]))

    def size(self):
        return self.decisions.stat().st_size if self.decisions.exists() else 0

    def run_and_kill(self, after_s, once_it_writes):
        """Kills it so long after its start, or after the first row it writes. True: the kill hit it; False: it had ended by itself.
        An exit status but 0 is a failure."""
        before = max(self.size(), len(HEADER))
        process = subprocess.Popen(self.command(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        while once_it_writes and self.size() <= before and process.poll() is None:
            time.sleep(0.001)
        time.sleep(after_s)
        process.send_signal(signal.SIGKILL)
        output, _ = process.communicate(timeout=PATIENCE_S)
        if process.returncode == -signal.SIGKILL:
            return True
        require(process.returncode == 0, f"a restart ended with exit status {process.returncode}:\n{output}")
        return False

    def check_against(self, reference_rows, reference_digest, own_digest):
        require(own_digest == reference_digest, f"{own_digest}, without kills {reference_digest}")
        require(self.decisions.read_bytes() == reference_rows, "the decisions differ from those of a run without kills")
        replayed = self.directory / "replayed.csv"
        again = digest_of(self.call("replay", "--journal", self.journal, "--decisions", replayed))
        require(again == reference_digest, f"replay has {again}, the run {reference_digest}")
        require(replayed.read_bytes() == reference_rows, "replay gives other decisions than the run")
        self.call("journal", "verify", self.journal)


class Tally:
    def __init__(self):
        self.kills = self.before_rows = self.without_progress = self.ended_first = self.jobs = 0

    def note_kill(self, before, after):
        self.kills += 1
        self.before_rows += len(after) <= len(HEADER)
        self.without_progress += len(after) == len(before)

    def __str__(self):
        return (f"{self.kills} kills in {self.jobs} journals: {self.before_rows} before the first decision was written, "
                f"{self.without_progress} during start-up or recovery (no row added); {self.ended_first} runs ended before their kill")


def kill_one_job(job, rng, tally, reference_rows):
    """Until the job has ended by itself or there were enough kills. Rows that stood at a kill stand for ever."""
    rows = b""
    while tally.kills < KILLS:
        # Every second one waits until rows are written: on a slow machine start-up alone outlasts the other kills.
        killed = job.run_and_kill(rng.randint(1, LATEST_MS) / 1000, once_it_writes=rng.random() < 0.5)
        before, rows = rows, whole_rows(job.decisions)
        require(rows.startswith(before), f"rows that stood at kill {tally.kills} are gone or changed")
        require(reference_rows.startswith(rows), f"after kill {tally.kills} the file is no prefix of the run without kills")
        if not killed:
            tally.ended_first += 1
            return
        tally.note_kill(before, rows)


def test(pawl, directory, rng):
    reference = Job(pawl, directory / "reference")
    reference_digest = reference.finish()
    reference_rows = reference.decisions.read_bytes()
    check_rows(reference_rows)
    require(reference_rows.count(b"\n") == EVENTS + 1, "the run without kills has not one row per event")
    tally = Tally()
    while tally.kills < KILLS:
        tally.jobs += 1
        job = Job(pawl, directory / f"job{tally.jobs}")
        kill_one_job(job, rng, tally, reference_rows)
        job.check_against(reference_rows, reference_digest, job.finish())
        shutil.rmtree(job.directory)
    return tally


def main():
    pawl = pathlib.Path(sys.argv[1]).resolve()
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(1 << 32)
    print(f"crash: seed {seed}, {EVENTS} events, kills 1 to {LATEST_MS} ms after the start", flush=True)
    start = time.monotonic()
    # Beside the program, because /tmp can be memory.
    with tempfile.TemporaryDirectory(prefix="pawl-crash-", dir=pawl.parent) as directory:
        try:
            tally = test(pawl, pathlib.Path(directory), random.Random(seed))
        except Failure as failure:
            print(f"crash: FAILED with seed {seed}: {failure}")
            return 1
    print(f"crash: {tally}; every file, digest and replay equal; {time.monotonic() - start:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
