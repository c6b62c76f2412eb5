"""What a look at the calendars costs that finds nothing to do: a thousand active campaigns, two hundred feeds.

Every form of a schedule is among them, and a tenth of the campaigns waits for new posts. Each row is processor time
and real time of one look, in a process that stays: the first begins to watch, the others find nothing due.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from benchmarks.table import Table
from engine.app import ticking
from engine.app.desk import Desk
from engine.app.starting import initialise
from engine.store import posts
from engine.store.database import Database

NOW = datetime(2027, 1, 5, 3, tzinfo=UTC)
STEP = timedelta(seconds=15)
POSTS_EACH = 200
SCHEDULES = (
    'every: day, at: "09:30"',
    'every: 2 weeks, starting: "2027-01-05", at: "09:30", time_zone: recipient, if_late: send within 24 hours',
    "every: month, day: first tuesday",
    "every: week, days: [tue, thu], skip_holidays: GB-ENG",
    "every: month, day: last day, time_zone: Pacific/Auckland",
    "every: year, after: signed_up_at",
    "before: signed_up_at, by: 30 days",
    'once: "2027-06-01 09:30"',
    "every: year, starting: 2027-03-01",
    "when: new posts, at_most: 1 per day",
)


def measure(folder: Path, campaigns: int, looks: int) -> Table:
    """A workspace with so many campaigns and a fifth as many feeds, and so many looks at it."""
    desk = lay_out(folder / "workspace", campaigns, max(campaigns // 5, 1))
    rows = []
    first = timed(lambda: ticking.tick(desk, NOW))
    rows.append(("the first look: everything is watched from now on", first))
    later = [timed(lambda step=step: ticking.tick(desk, NOW + step * STEP)) for step in range(1, looks + 1)]
    rows.append(("a look that finds nothing", middle(later)))
    opened: list[Desk] = []
    rows.append(("a new process: files read", timed(lambda: opened.append(Desk.open(desk.root)))))
    rows.append(("… and its first look", timed(lambda: ticking.tick(opened[0], NOW + timedelta(minutes=9)))))
    for each in (desk, *opened):
        each.close()
    return Table(
        "ticking",
        (f"{campaigns:,} campaigns, {max(campaigns // 5, 1):,} feeds", "processor ms", "real ms"),
        [(words, f"{busy * 1000:,.1f}", f"{real * 1000:,.1f}") for words, (busy, real) in rows],
    )


def lay_out(root: Path, campaigns: int, feeds: int) -> Desk:
    """A starter workspace with many copies of its campaign, and feeds with posts that were all seen long ago."""
    initialise(root)
    campaign = (root / "campaigns" / "hello.yaml").read_text(encoding="utf-8")
    for number in range(campaigns):
        schedule = SCHEDULES[number % len(SCHEDULES)]
        written = campaign.replace("campaign: hello", f"campaign: hello-{number}")
        if "new posts" in schedule:
            chosen = f"content:\n  feeds: {{ posts: {{ feed: feed-{number % feeds} }} }}"
            written = written.replace("content:", chosen)
        path = root / "campaigns" / f"hello-{number}.yaml"
        path.write_text(f"{written}\nschedule: {{ {schedule} }}\n", encoding="utf-8")
    listed = "".join(f"  feed-{n}: {{ url: https://blog.example/{n}.xml }}\n" for n in range(feeds))
    (root / "config" / "feeds.yaml").write_text(f"feeds:\n{listed}", encoding="utf-8")
    desk = Desk.open(root)
    remember(desk.database, feeds)
    return desk


def remember(database: Database, feeds: int) -> None:
    """Posts of every feed, from before the campaigns were watched."""
    with database.write() as connection:
        for number in range(feeds):
            posts.save_feed(
                connection, posts.FeedState(f"feed-{number}", f"https://blog.example/{number}.xml")
            )
        connection.execute(
            text(
                "INSERT INTO posts (feed, identity, first_seen, announce, body)"
                " WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < :each)"
                " SELECT f.feed, 'p' || n.x, n.x, true, :body FROM feeds f, n"
            ),
            {"each": POSTS_EACH, "body": "x" * 2000},
        )


def timed(act: Callable[[], object]) -> tuple[float, float]:
    """Processor and real seconds of it."""
    busy, real = time.process_time(), time.perf_counter()
    act()
    return time.process_time() - busy, time.perf_counter() - real


def middle(times: list[tuple[float, float]]) -> tuple[float, float]:
    """The medians."""
    return statistics.median(busy for busy, _ in times), statistics.median(real for _, real in times)
