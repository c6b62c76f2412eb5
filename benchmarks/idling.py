"""What the daemon costs that has nothing to do: an hour of its jobs, one after the other, without the waiting between.

The same workspace as for a look at the calendars; its feeds are files, so that reading them costs what it costs
without a network. Memory is what the process has in use after a tenth of the hour, and at its end.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

from benchmarks.table import Table
from benchmarks.ticking import NOW, lay_out
from engine.app.desk import Desk
from engine.app.household import Household
from engine.clock import VARIABLE
from engine.daemon.jobs import JOBS

FEED = (
    '<?xml version="1.0"?><rss version="2.0"><channel><title>Blog</title><link>https://blog.example/</link>'
    "{items}</channel></rss>"
)
ITEM = (
    "<item><title>Post {n}</title><link>https://blog.example/{n}</link><guid>{n}</guid>"
    "<description>About {n}.</description></item>"
)


def measure(folder: Path, campaigns: int, seconds: int) -> Table:
    """So many seconds of a daemon with so many campaigns and a fifth as many feeds."""
    root, feeds = folder / "workspace", max(campaigns // 5, 1)
    lay_out(root, campaigns, feeds).close()
    (root / "config" / "feed.xml").write_text(
        FEED.format(items="".join(ITEM.format(n=n) for n in range(20))), encoding="utf-8"
    )
    listed = "".join(f"  feed-{n}: {{ url: config/feed.xml, backfill: 0 }}\n" for n in range(feeds))
    (root / "config" / "feeds.yaml").write_text(f"feeds:\n{listed}", encoding="utf-8")
    before = os.environ.get(VARIABLE)
    try:
        busy, times, memory = an_hour(root, seconds)
    finally:
        os.environ.pop(VARIABLE, None)
        if before is not None:
            os.environ[VARIABLE] = before
    rows = [
        (f"`{name}`", f"{times[name]:,}", f"{busy[name]:.2f}", f"{100 * busy[name] / seconds:.2f}%")
        for name in times
    ]
    whole = sum(busy.values())
    rows.append(("together", f"{sum(times.values()):,}", f"{whole:.2f}", f"{100 * whole / seconds:.2f}%"))
    note = f"In use: {memory[0]:.0f} MB after a tenth of the time, {memory[1]:.0f} MB at its end."
    columns = (f"{campaigns:,} campaigns, {feeds:,} feeds, {seconds:,} s", "times", "processor s", "of one")
    return Table("idling", columns, rows, note)


def an_hour(root: Path, seconds: int) -> tuple[Counter[str], Counter[str], tuple[float, float]]:
    """Processor seconds and times of every job, and the memory in use."""
    os.environ[VARIABLE] = NOW.isoformat()
    passed = 0
    household = Household(Desk.open(root), tick=lambda: float(passed))
    busy: Counter[str] = Counter()
    times: Counter[str] = Counter()
    early = 0.0
    for passed in range(seconds):
        os.environ[VARIABLE] = (NOW + timedelta(seconds=passed)).isoformat()
        for job in JOBS:
            if passed % int(job.every.total_seconds()):
                continue
            start = time.process_time()
            job.act(household)
            busy[job.name] += time.process_time() - start
            times[job.name] += 1
        if passed == seconds // 10:
            early = megabytes()
    found = early, megabytes()
    household.close()
    return busy, times, found


def megabytes() -> float:
    """What this process has in use."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
