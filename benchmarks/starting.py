"""How long a command takes that has nothing to do: what a person waits for at every call."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.race import ROOT, environment
from benchmarks.table import Table

TIMES = 9
COLUMNS = ("command", "milliseconds", "CPU ms")
COMMANDS = {
    "`touchbase --help`": ["--help"],
    "`touchbase check` of the example, its letters tried for the first time": ["check"],
    "`touchbase check` again": ["check"],
}


def measure(folder: Path, times: int = TIMES) -> Table:
    """Medians, each in a new process on files that the system has read before."""
    workspace = folder / "example"
    for name in ("campaigns", "templates", "config"):
        shutil.copytree(ROOT / name, workspace / name)
    rows = []
    for name, arguments in COMMANDS.items():
        first = "first" in name
        taken = []
        for turn in range(times + 1):
            if first:
                shutil.rmtree(workspace / ".touchbase", ignore_errors=True)
            found = once(workspace, arguments)
            if turn:
                taken.append(found)
        wall, cpu = (statistics.median(one[place] for one in taken) * 1000 for place in (0, 1))
        rows.append((name, f"{wall:.0f}", f"{cpu:.0f}"))
    return Table("starting", COLUMNS, rows, f"Medians of {times} calls, each a new process.")


def once(workspace: Path, arguments: list[str]) -> tuple[float, float]:
    """Wall and CPU seconds of one call."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "engine", *arguments],
        cwd=workspace,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"touchbase {' '.join(arguments)} failed")
    return time.perf_counter() - start, used.ru_utime + used.ru_stime
