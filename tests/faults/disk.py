"""A disk of 64 MB that can be filled, where root may mount one."""

import os
import subprocess
import time

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
