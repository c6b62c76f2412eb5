"""The machine and the database: versions, room, clock. Pure, over what was measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from engine.model.finding import Finding, fine, problem, warning

MEGABYTE = 1024 * 1024
LEAST_ROOM, GOOD_ROOM = 100 * MEGABYTE, 1024 * MEGABYTE
"""Bytes. Planning a run of a million people writes some 600 MB (docs/performance.md)."""

SMALL_STEP, LARGE_STEP = timedelta(seconds=5), timedelta(minutes=1)
"""Signatures and webhooks bear five minutes at the most; letters in doubt are judged by the minute."""

PYTHON_FLOORS = {(3, 11): 15, (3, 12): 13, (3, 13): 12, (3, 14): 3}
"""CVE-2026-1299: older ones let a line break in a header through (we refuse it ourselves as well)."""

POSTGRESQL_FLOOR = 130000


@dataclass(frozen=True, slots=True)
class Clocks:
    """`fixed`: TOUCHBASE_NOW as written, or "". `server`: the database server's time, measured between the two walls.

    `last_letter`: when letters last left.
    """

    before: datetime
    after: datetime
    fixed: str = ""
    server: datetime | None = None
    last_letter: datetime | None = None


def python(version: tuple[int, int, int]) -> Finding:
    """The interpreter."""
    major, minor, patch = version
    written = f"Python {major}.{minor}.{patch}"
    floor = PYTHON_FLOORS.get((major, minor))
    if floor is not None and patch < floor:
        why = "it has known faults in writing mail headers (CVE-2026-1299)"
        return warning("python", written, why, f"bring it up to {major}.{minor}.{floor}")
    return fine("python", written)


def sqlite_version(version: tuple[int, int, int]) -> Finding:
    """Whether SQLite has the fault that can lose a write (https://www.sqlite.org/wal.html#walresetbug)."""
    written = f"SQLite {'.'.join(map(str, version))}"
    mended = version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51, 0) or (3, 44, 6) <= version < (3, 45, 0)
    if mended:
        return fine("sqlite", written)
    why = "in rare moments of two writers at once it can lose what was just written (the WAL-reset bug)"
    return warning("sqlite", written, why, "bring SQLite up to 3.51.3, or use PostgreSQL")


def postgresql_version(number: int) -> Finding:
    """`number`: as the server gives it, 160004 for 16.4."""
    written = f"PostgreSQL {number // 10000}.{number % 10000}"
    if number < POSTGRESQL_FLOOR:
        return problem("postgresql", written, "it is not mended any more", "bring it up to 13 or newer")
    return fine("postgresql", written)


def room(place: Path, free: int, database: int) -> Finding:
    """Room on the disk. `free`, `database`: bytes free, and of the database."""
    written = f"{free / MEGABYTE:,.0f} MB free at {place}"
    if free < max(LEAST_ROOM, database // 10):
        why = "a full disk stops planning and sending in the middle"
        return problem("disk", written, why, "make room, or move the workspace")
    if free < max(GOOD_ROOM, database // 2):
        return warning("disk", written, "a large run may fill it", "make room")
    return fine("disk", written)


def clock(clocks: Clocks) -> Iterator[Finding]:
    """The clock against whatever else knows the time."""
    if clocks.fixed:
        why = "every command believes it is that moment, and the daemon would stand still"
        yield warning("clock", f"TOUCHBASE_NOW fixes it at {clocks.fixed}", why, "unset TOUCHBASE_NOW")
        return
    if clocks.last_letter is not None and clocks.last_letter - clocks.after > LARGE_STEP:
        left = f"{clocks.last_letter:%Y-%m-%d %H:%M}"
        what = f"the clock says {clocks.after:%Y-%m-%d %H:%M} UTC, but letters left at {left}"
        yield problem("clock", what, "what is due, late or expired is judged by it", "let NTP set it")
        return
    if clocks.server is None:
        yield fine("clock", f"{clocks.after:%Y-%m-%d %H:%M:%S} UTC")
        return
    apart = max(clocks.before - clocks.server, clocks.server - clocks.after, timedelta(0))
    if apart <= SMALL_STEP:
        yield fine("clock", f"{clocks.after:%Y-%m-%d %H:%M:%S} UTC, as the database's")
        return
    what = f"the clock and that of the database are {apart.total_seconds():,.0f} s apart"
    why = "processes on other machines see other moments: too early, too late, expired"
    judge = problem if apart > LARGE_STEP else warning
    yield judge("clock", what, why, "let NTP set both")
