"""`pawl run` on a file system whose power is cut under load, at random moments, and which drops what was not synced.

Jobs take turns, each one journal that is started again after every cut until its stream has ended: one has its decisions file on the same
file system, the next one elsewhere. Every event is accounted for, see tests/crash/accounting.py.

Usage: power_cut_test.py PAWL POWER_CUT_FS [SEED]. PAWL_TEST_FACTOR multiplies the cuts.
"""
import os
import pathlib
import random
import signal
import sys
import tempfile
import time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent.parent / "crash")]
from accounting import HEADER, PATIENCE_S, Failure, Job, Reference, require, whole_rows  # noqa: E402
from power_cut_mount import PowerCutMount, Unavailable, in_own_mounts  # noqa: E402

CUTS = 30 * int(os.environ.get("PAWL_TEST_FACTOR", "1"))
EVENTS = 200_000
LATEST_MS = 120


class Tally:
    cuts = before_acks = torn = jobs = 0


def run_and_cut(job, mount, rng, tally):
    """One run, cut at a random moment. True: it had ended before."""
    before = job.size()
    process = job.start()
    # Half of them once rows come: start and recovery would take most of the others.
    if rng.random() < 0.5:
        while process.poll() is None and job.size() <= max(before, len(HEADER)):
            time.sleep(0.0005)
    time.sleep(rng.randint(0, LATEST_MS if rng.random() < 0.5 else 30) / 1000)
    rows = job.rows()
    ended = process.poll() is not None
    if not ended:
        mount.cut(rng.randrange(1 << 32))
        process.send_signal(signal.SIGKILL)
    output, errors = process.communicate(timeout=PATIENCE_S)
    require(not ended or process.returncode == 0, f"a start after a cut ended with {process.returncode}: {errors.decode()}")
    job.note_acked(rows)
    if ended:
        job.check_end(output)
        return True
    mount.power_on()
    tally.cuts += 1
    tally.before_acks += job.acked <= 0
    tally.torn += job.journaled() is None
    require(job.reference.rows.startswith(whole_rows(job.rows())), "a row on the device is none of the stream's")
    return False


def cut_often(reference, mount, directory, rng):
    tally = Tally()
    while tally.cuts < CUTS:
        tally.jobs += 1
        decisions = mount.path if tally.jobs % 2 == 0 else directory
        job = Job(reference, mount.path / f"journal{tally.jobs}", decisions / f"decisions{tally.jobs}.csv")
        ended = False
        while not ended and tally.cuts < CUTS:
            ended = run_and_cut(job, mount, rng, tally)
        if not ended:
            job.finish()
    counters = mount.counters()
    require(counters["dropped_sectors"] > 0 and counters["dropped_changes"] > 0, f"the cuts have taken nothing: {counters}")
    return tally, counters


def test(pawl, program, directory, rng):
    reference = Reference(pawl, directory, EVENTS)
    with PowerCutMount(program, directory / "mount") as mount:
        return cut_often(reference, mount, directory, rng)


def main():
    in_own_mounts()
    pawl, program = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.SystemRandom().randrange(1 << 32)
    print(f"power cut: seed {seed}, {EVENTS} events", flush=True)
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="pawl-power-cut-", dir=pawl.parent) as directory:
        try:
            tally, counters = test(pawl, program, pathlib.Path(directory), random.Random(seed))
        except Unavailable as reason:
            print(f"SKIPPED: power cut: {reason}")
            return 0
        except Failure as failure:
            print(f"power cut: FAILED with seed {seed}: {failure}")
            return 1
    print(f"power cut: {tally.cuts} cuts in {tally.jobs} journals, {tally.before_acks} before the first ack, {tally.torn} left a torn tail; "
          f"{counters['dropped_sectors']} sectors and {counters['dropped_changes']} directory changes dropped, {counters['syncs']} syncs; "
          f"every event accounted for, digests equal; {time.monotonic() - start:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
