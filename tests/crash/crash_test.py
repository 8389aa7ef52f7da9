"""kill -9 during `pawl run --append`, at random moments, until enough kills have hit a live process; every event accounted for.

Each time the run is started again on the same journal and the same decisions file. A kill changes nothing but when the rows come:
the final file must equal, byte for byte, that of a run that was never killed, and so must the digest and a replay of the journal.

Usage: crash_test.py PAWL [SEED]. PAWL_TEST_FACTOR multiplies the kills.
"""
import os
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import time

from accounting import HEADER, PATIENCE_S, Failure, Job, Reference, require, whole_rows

KILLS = 50 * int(os.environ.get("PAWL_TEST_FACTOR", "1"))
EVENTS = 200_000
LATEST_MS = 80


def run_and_kill(job, after_s, once_it_writes):
    """Kills it so long after its start, or after the first row it writes. True: the kill hit it; False: it had ended by itself.
    An exit status but 0 is a failure."""
    before = max(job.size(), len(HEADER))
    process = job.start()
    while once_it_writes and job.size() <= before and process.poll() is None:
        time.sleep(0.001)
    time.sleep(after_s)
    process.send_signal(signal.SIGKILL)
    _, errors = process.communicate(timeout=PATIENCE_S)
    if process.returncode == -signal.SIGKILL:
        return True
    require(process.returncode == 0, f"a restart ended with exit status {process.returncode}:\n{errors.decode()}")
    return False


class Tally:
    def __init__(self):
        self.kills = self.before_rows = self.without_progress = self.torn = self.unacked = self.ended_first = self.jobs = 0

    def note_kill(self, job, before, after):
        self.kills += 1
        self.before_rows += len(after) <= len(HEADER)
        self.without_progress += len(after) == len(before)
        journaled = job.journaled()
        self.torn += journaled is None
        self.unacked += (journaled or job.acked) - job.acked

    def __str__(self):
        return (f"{self.kills} kills in {self.jobs} journals: {self.before_rows} before the first decision was written, "
                f"{self.without_progress} during start-up or recovery (no row added), {self.torn} in the middle of a block; "
                f"{self.unacked} events journaled behind the last row, none missing before it; {self.ended_first} runs ended before their kill")


def kill_one_job(job, rng, tally):
    """Until the job has ended by itself or there were enough kills. Rows that stood at a kill stand for ever."""
    rows = b""
    while tally.kills < KILLS:
        # Every second one waits until rows are written: on a slow machine start-up alone outlasts the other kills.
        killed = run_and_kill(job, rng.randint(1, LATEST_MS) / 1000, once_it_writes=rng.random() < 0.5)
        before, rows = rows, whole_rows(job.rows())
        require(rows.startswith(before), f"rows that stood at kill {tally.kills} are gone or changed")
        job.note_acked(rows)
        if not killed:
            tally.ended_first += 1
            return
        tally.note_kill(job, before, rows)


def test(pawl, directory, rng):
    reference = Reference(pawl, directory, EVENTS)
    tally = Tally()
    while tally.kills < KILLS:
        tally.jobs += 1
        own = directory / f"job{tally.jobs}"
        own.mkdir()
        job = Job(reference, own / "journal", own / "decisions.csv")
        kill_one_job(job, rng, tally)
        job.finish()
        shutil.rmtree(own)
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
