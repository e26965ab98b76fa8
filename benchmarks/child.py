"""Runs a command and measures it from outside: wall time, CPU time, peak resident memory, as the kernel counted them.

Peak memory includes the pages of files that the process has mapped. A child begins with the peak of the process that
started it, so this file is run as a script in between: a bare interpreter of about 10 MiB.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time


def main(words: list[str]) -> None:
    """Run the command, its output discarded, and print its exit status, seconds, CPU seconds and bytes."""
    start = time.perf_counter()
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss
    print(child.returncode, wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit)


if __name__ == "__main__":
    main(sys.argv[1:])
