"""How much memory this process has used at most, and how much the machine has."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

STATUS = Path("/proc/self/status")
CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


def peak_memory() -> int:
    """Return the most bytes of memory this process has held at once since it started; 0 where nobody counts."""
    with suppress(OSError):
        # Linux: getrusage would count the process that started this one, too, until it became another program.
        for line in STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    try:
        import resource
    except ImportError:  # Windows
        return 0
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def total_memory() -> int:
    """Return the bytes this process may use: the machine's memory, or its container's share of it."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        share = CGROUP_LIMIT.read_text().strip()
    except OSError:
        return machine
    return min(machine, int(share)) if share.isdigit() else machine
