"""Exact accounting of every event of a `pawl run` that is killed, cut off or stopped by errors, and started again until its stream ends.

  offered     the stream: a generated payment per id, 1, 2, 3 ...
  journaled   the first so many of the stream, byte for byte: none left out, none twice, so their sums are those of the stream
  acked       rows in the decisions file at any moment: all journaled, then and ever after
  decided     rows: a prefix of those of a run to which nothing happened, and in the end the same
"""
import subprocess

PATIENCE_S = 300
HEADER = b"sequence,id,decision,score,rules\n"


class Failure(Exception):
    pass


def require(condition, text):
    if not condition:
        raise Failure(text)


def call(*words, ok=True):
    done = subprocess.run([str(word) for word in words], capture_output=True, timeout=PATIENCE_S)
    require(done.returncode == 0 or not ok, f"{' '.join(map(str, words[1:]))}: exit status {done.returncode}\n{done.stderr.decode()}")
    return done


def digest_of(output):
    lines = [line for line in output.splitlines() if line.startswith(b"digest ")]
    require(len(lines) == 1, f"no digest in the output:\n{output.decode()}")
    return lines[0]


def whole_rows(data):
    """Up to the last line feed, and up to what a power cut has left out: a run that has not come to opening its file has not mended it."""
    data = data.split(b"\0", 1)[0]
    return data[:data.rfind(b"\n") + 1]


class Reference:
    """The stream, and what comes of it when nothing happens."""

    def __init__(self, pawl, directory, events):
        decisions, journal = directory / "reference.csv", directory / "reference"
        self.pawl, self.events = pawl, events
        self.digest = digest_of(call(pawl, "run", "--events", events, "--journal", journal, "--decisions", decisions).stdout)
        self.rows = decisions.read_bytes()
        self.stream = call(pawl, "journal", "export", "--csv", journal).stdout
        require(self.rows.startswith(HEADER), "the decisions file has another header")
        for expected, row in enumerate(self.rows[len(HEADER):].splitlines(), start=1):
            values = row.split(b",")
            require(len(values) == 5 and values[0] == b"%d" % expected, f"row {expected} is {row!r}")
        for text in (self.rows, self.stream):
            require(text.count(b"\n") == events + 1, "the run to which nothing happened has not one row and one event per payment")


class Job:
    """One journal and one decisions file, continued until the stream has ended."""

    def __init__(self, reference, journal, decisions):
        self.reference, self.journal, self.decisions = reference, journal, decisions
        self.acked = 0

    def command(self):
        return [str(self.reference.pawl), "run", "--durability", "disk", "--events", str(self.reference.events), "--append", "--journal",
                str(self.journal), "--decisions", str(self.decisions)]

    def start(self):
        return subprocess.Popen(self.command(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def finish(self):
        self.check_end(call(*self.command()).stdout)

    def rows(self):
        return self.decisions.read_bytes() if self.decisions.exists() else b""

    def size(self):
        return self.decisions.stat().st_size if self.decisions.exists() else 0

    def note_acked(self, rows):
        """A row in the file is a decision that was given away."""
        rows = whole_rows(rows)
        require(self.reference.rows.startswith(rows), f"{self.decisions} is no prefix of that of a run to which nothing happened")
        self.acked = max(self.acked, rows.count(b"\n") - 1)

    def journaled(self):
        """Events in the journal as it lies there; None: it ends in what recovery has to decide on."""
        if not (self.journal / "CONTROL").exists():
            require(self.acked <= 0, f"{self.acked} decisions were acked, and there is no journal")
            return 0
        listed = call(self.reference.pawl, "journal", "export", "--csv", self.journal, ok=False)
        if listed.returncode != 0:
            return None
        require(self.reference.stream.startswith(listed.stdout), "the journal holds something else than the beginning of the stream")
        events = max(0, listed.stdout.count(b"\n") - 1)
        require(events >= self.acked, f"{self.acked} decisions were acked, {events} events are journaled")
        return events

    def check_end(self, output):
        """Every event of the stream was accepted, journaled and decided, once."""
        require(digest_of(output) == self.reference.digest, "another digest than that of a run to which nothing happened")
        require(self.rows() == self.reference.rows, "other decisions than those of a run to which nothing happened")
        replayed = self.decisions.with_suffix(".replayed")
        again = call(self.reference.pawl, "replay", "--journal", self.journal, "--decisions", replayed).stdout
        require(digest_of(again) == self.reference.digest, "replay has another digest than the run")
        require(replayed.read_bytes() == self.reference.rows, "replay gives other decisions than the run")
        replayed.unlink()
        require(self.journaled() == self.reference.events, "not every event of the stream is in the journal")
        call(self.reference.pawl, "journal", "verify", self.journal)
