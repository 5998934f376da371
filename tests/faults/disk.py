"""A disk of 64 MB that can be filled, where root may mount one, and that fails when it is told to, where there is a compiler."""

import os
import shutil
import subprocess
import time
from pathlib import Path

MEGABYTES = 64


class Disk:
    def __init__(self, path, left_out):
        path.mkdir()
        self.path = path
        mounted = os.geteuid() == 0 and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", path], capture_output=True, check=False)
        self.is_small = bool(mounted) and mounted.returncode == 0
        if not self.is_small:
            left_out.append("a disk that fills: only root may mount one")
        self.preloaded, self.control = path.parent / "failing.so", path.parent / "failing"
        self.may_fail = bool(shutil.which("cc"))
        if self.may_fail:
            source = Path(__file__).parent / "failing.c"
            subprocess.run(["cc", "-shared", "-fPIC", "-o", self.preloaded, source, "-ldl"], check=True)
        else:
            left_out.append("a disk that fails: needs cc")

    def fail(self, what, name, seconds):
        """Writing files of this name, or syncing them, fails for so long."""
        self.control.write_text(f"{what} {name}\n")
        time.sleep(seconds)
        self.control.unlink()

    def was_not_asked_again(self):
        """What the system could not write is not tried again on the same open file, as it would only be said to be written."""
        told = self.control.with_suffix(".told")
        again = [line for line in told.read_text().splitlines() if line.startswith("again")] if told.exists() else []
        # Bringing a log into its file writes everything once more before it syncs.
        again = [line for line in again if line.endswith("-wal")]
        assert not again, again

    def fill(self, seconds):
        """Leaves nothing free for so long."""
        path = self.path / "something else"
        with open(path, "wb", buffering=0) as file:
            try:
                while file.write(bytes(1 << 16)):
                    pass
            except OSError:
                pass
        time.sleep(seconds)
        path.unlink()

    def remove(self):
        if self.is_small:
            subprocess.run(["umount", "-l", self.path], check=False)
