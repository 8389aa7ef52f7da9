"""power_cut_fs, mounted for a test: a file system that loses power and fails on command."""
import os
import pathlib
import subprocess
import sys


class Unavailable(Exception):
    """Why there can be no such file system here."""


def in_own_mounts():
    """Starts the program again where its mounts are seen by nobody else, and go with it; not where that can't be, as in a chroot that is no mount."""
    own = ["unshare", "--mount", "--propagation", "private"]
    if os.environ.get("PAWL_OWN_MOUNTS") == "1" or os.geteuid() != 0 or subprocess.run([*own, "true"], check=False, stderr=subprocess.DEVNULL).returncode != 0:
        return
    os.environ["PAWL_OWN_MOUNTS"] = "1"
    os.execvp("unshare", [*own, sys.executable, "-B", *sys.argv])


class PowerCutMount:
    def __init__(self, program, path):
        if os.geteuid() != 0:
            raise Unavailable("only root may mount")
        if not os.path.exists("/dev/fuse"):
            raise Unavailable("there is no /dev/fuse")
        self.path = pathlib.Path(path)
        self.path.mkdir()
        self.process = subprocess.Popen([program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            raise Unavailable(self.process.communicate()[1].strip())

    def tell(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        if not answer:
            raise RuntimeError(f"power_cut_fs ended at `{command}`: {self.process.communicate()[1]}")
        return answer

    def cut(self, seed):
        self.tell(f"cut {seed}")

    def power_on(self):
        answer = self.tell("on")
        if answer != "ready":
            raise RuntimeError(answer)

    def counters(self):
        names = ("writes", "syncs", "directory_syncs", "dropped_sectors", "dropped_changes")
        return dict(zip(names, map(int, self.tell("counters").split())))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """The end of its input unmounts and ends it; if it has died before, the mount is still there."""
        self.process.communicate()
        subprocess.run(["umount", "--lazy", "--quiet", str(self.path)], check=False, stderr=subprocess.DEVNULL)
