"""`pawl run` on a file system whose syncs and writes fail or take long: what cannot be trusted any more ends the run with a
clear text and status 74, what can be tried again is; afterwards every event is accounted for.

Usage: failing_device_test.py PAWL POWER_CUT_FS
"""
import pathlib
import sys
import tempfile
import time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent.parent / "crash")]
from accounting import HEADER, PATIENCE_S, Failure, Job, Reference, require  # noqa: E402
from power_cut_mount import PowerCutMount, Unavailable, in_own_mounts  # noqa: E402

EVENTS = 400_000
FATAL = {
    "fail sync EIO 1": "Input/output error (EIO); the device failed: see 'dmesg' and 'smartctl -a', and do not trust the device before you know why",
    "fail write EIO 1": "Input/output error (EIO); the device failed: see 'dmesg' and 'smartctl -a', and do not trust the device before you know why",
    "fail sync EROFS 1": "Read-only file system (EROFS); the file system is mounted read-only, often after a device error: see 'dmesg', then remount it",
}
SURVIVED = ("fail write EAGAIN 3", "stall 300")


def run_into(job, mount, fault):
    """Runs the job, and has the fault strike once rows are written. (exit status, output, errors, ms from fault to end)"""
    process = job.start()
    while process.poll() is None and job.size() <= len(HEADER):
        time.sleep(0.0005)
    require(process.poll() is None, f"the run had ended before `{fault}`")
    struck = time.monotonic()
    mount.tell(fault)
    output, errors = process.communicate(timeout=PATIENCE_S)
    return process.returncode, output, errors.decode(), (time.monotonic() - struck) * 1000


def end_by(job, mount, fault, text):
    status, output, errors, ms = run_into(job, mount, fault)
    require(status == 74 and b"digest" not in output, f"`{fault}`: exit status {status}, {output.decode()}{errors}")
    require("pawl: error: cannot " in errors and str(job.journal / "wal") in errors and text in errors, f"`{fault}` says: {errors}")
    job.note_acked(job.rows())
    journaled = job.journaled()
    print(f"failing device: `{fault}`: ended with 74 after {ms:.0f} ms; {job.acked} acked, {journaled} journaled")
    job.finish()


def survive(job, mount, fault):
    status, output, errors, ms = run_into(job, mount, fault)
    require(status == 0, f"`{fault}`: exit status {status}, {errors}")
    job.check_end(output)
    print(f"failing device: `{fault}`: went on, and was done {ms:.0f} ms later")


def test(pawl, program, directory):
    reference = Reference(pawl, directory, EVENTS)
    for number, fault in enumerate([*FATAL, *SURVIVED]):
        with PowerCutMount(program, directory / f"mount{number}") as mount:
            job = Job(reference, mount.path / "journal", directory / f"decisions{number}.csv")
            if fault in FATAL:
                end_by(job, mount, fault, FATAL[fault])
            else:
                survive(job, mount, fault)


def main():
    in_own_mounts()
    pawl, program = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    with tempfile.TemporaryDirectory(prefix="pawl-failing-", dir=pawl.parent) as directory:
        try:
            test(pawl, program, pathlib.Path(directory))
        except Unavailable as reason:
            print(f"SKIPPED: failing device: {reason}")
        except Failure as failure:
            print(f"failing device: FAILED: {failure}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
