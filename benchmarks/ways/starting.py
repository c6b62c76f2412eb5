"""A process that gets ready, waits for the word, does its work, and says on one line what that cost."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

READY = "ready"

Work = Callable[[], dict[str, float]]
"""Does it; its figures: at least `letters`."""


def measured(work: Work) -> None:
    """Say that all is ready, wait for a line, work, print the figures as JSON.

    Added to the work's own figures: `cpu` seconds of this process while working and `before` it, the moments
    `began` and `ended` of the clock that all processes share, and the `peak` of memory in MB.
    """
    before = time.process_time()
    print(READY, flush=True)
    sys.stdin.readline()
    began, start = time.monotonic(), time.process_time()
    figures = work()
    cpu, ended = time.process_time() - start, time.monotonic()
    print(
        json.dumps({**figures, "cpu": cpu, "before": before, "began": began, "ended": ended, "peak": peak()})
    )


def peak() -> float:
    """The most resident memory this process ever had, in MB; not its parent's, as getrusage would have it."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1024 * 1024 if sys.platform == "darwin" else 1024)
