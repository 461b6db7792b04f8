"""Facts about running processes, read from Linux' /proc."""

import os
import time
from pathlib import Path
from typing import Final

CPUCLOCK_SCHED: Final = 2
MIB: Final = 1024 * 1024


def children_of(pid: int | None = None) -> list[int]:
    """The direct children of a process (of this one without a pid), over all its threads."""
    tasks = Path(f"/proc/{pid or os.getpid()}/task")
    lists = [(task / "children").read_text() for task in tasks.iterdir()]
    return [int(child) for text in lists for child in text.split()]


def cpu_s(pid: int) -> float:
    """CPU seconds a process has used, in nanosecond steps (clock_getcpuclockid(3))."""
    return time.clock_gettime((~pid << 3) | CPUCLOCK_SCHED)


def rss_mib(pid: int) -> float:
    """Resident memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MIB


def peak_rss_mib(pid: int) -> float:
    """The most resident memory a process has had (VmHWM)."""
    told = Path(f"/proc/{pid}/status").read_text()
    peak = next(line for line in told.splitlines() if line.startswith("VmHWM:"))
    return int(peak.split()[1]) / 1024


def command_line(pid: int) -> str:
    """A process's arguments, joined by blanks."""
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
