"""Floors: when somebody has not heard from us for too long. Pure: the days are those of the project's clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from engine.model.contact import Label, Resets
from engine.model.duration import Duration, Unit
from engine.policy.windows import FIRST, LAST, LONGEST_MONTH, ONE_DAY, midnight, shifted

if TYPE_CHECKING:
    from engine.definitions.schema.floors import Floor as WrittenFloor
    from engine.definitions.workspace import Workspace

A_WEEK = Duration(7, Unit.DAY)
MOST_DAYS = {Unit.DAY: 1, Unit.WEEK: 7, Unit.MONTH: LONGEST_MONTH, Unit.YEAR: 366}
LEAST_DAYS = {Unit.DAY: 1, Unit.WEEK: 7, Unit.MONTH: 28, Unit.YEAR: 365}

CUSTOMERS = 2**30
GOLDEN, TURNS = 2_654_435_761, 2**32
"""Knuth's multiplicative hash: numbers that follow each other come to lie evenly apart."""


class Silence(StrEnum):
    """The two clocks that run for a customer."""

    HEAR_FROM_US = "hear_from_us"
    PERSONAL = "personal"

    @property
    def words(self) -> str:
        """As a person says it."""
        return self.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Floor:
    """What people with this value of the field must have at least. `value`: "" for everybody else."""

    value: str
    hear_from_us: Duration
    personal: Duration | None = None
    where: str = ""

    def rhythm(self, clock: Silence) -> Duration | None:
        """How often, on that clock; None where it does not run."""
        return self.hear_from_us if clock is Silence.HEAR_FROM_US else self.personal


@dataclass(frozen=True, slots=True)
class Floors:
    """`policy.cadence`. `floors`: in their order, that of everybody else last.

    `grace`: so long after it is due a floor is missed. `ahead`: so long before that, at most, something is done.
    """

    by: str
    floors: tuple[Floor, ...]
    grace: Duration | None = None
    resets: Resets = field(default_factory=Resets)
    fill: tuple[str, ...] = ()
    ahead: Duration = A_WEEK
    at: time = time(9)
    where: str = ""

    def floor(self, value: str) -> Floor | None:
        """The floor for that value of the field."""
        return next((floor for floor in self.floors if floor.value in (value, "")), None)

    def words(self, floor: Floor, clock: Silence) -> str:
        """`at least every 30 days for tier gold`."""
        rhythm = floor.rhythm(clock)
        whom = f"{self.by} {floor.value}" if floor.value else "everybody else"
        kind = "" if clock is Silence.HEAR_FROM_US else "by a person "
        return f"{kind}at least every {str(rhythm).removeprefix('1 ')} for {whom}"

    @property
    def running(self) -> Iterator[tuple[int, Floor, Silence, Duration]]:
        """Every floor on every clock it has: its place, itself, the clock and how often."""
        for place, floor in enumerate(self.floors):
            for clock in Silence:
                rhythm = floor.rhythm(clock)
                if rhythm is not None:
                    yield place, floor, clock, rhythm

    @property
    def days_ahead(self) -> int:
        """`ahead` in days."""
        return days(self.ahead, MOST_DAYS)


def floors_of(workspace: Workspace) -> Floors | None:
    """The floors of the workspace, each with its file and line."""
    written = workspace.policy.cadence
    if written is None:
        return None

    def locate(*path: str) -> str:
        return workspace.where("policy", "cadence", *path)

    def read(value: str, floor: WrittenFloor) -> Floor:
        return Floor(value, floor.at_least, floor.personal, locate(value or "otherwise"))

    found = [read(value, floor) for value, floor in written.floors.items()]
    if written.otherwise is not None:
        found.append(read("", written.otherwise))
    return Floors(
        written.by or workspace.tiers.field,
        tuple(found),
        written.grace,
        Resets(written.reset_by),
        written.fill,
        written.ahead,
        written.at,
        locate(),
    )


def days(span: Duration, sizes: Mapping[Unit, int]) -> int:
    """A span of days or longer as a number of days."""
    return span.count * sizes[span.unit]


def lapses(rhythm: Duration, grace: Duration | None, last: date) -> date:
    """The last day on which somebody whose last touch was on `last` may hear from us again in time."""
    due = shifted(last, rhythm, 1)
    return due if grace is None else shifted(due, grace, 1)


@lru_cache(maxsize=4096)
def kept_until(rhythm: Duration, grace: Duration | None, day: date, zone: ZoneInfo) -> datetime:
    """Whoever's last touch lies at this moment or after it has a floor that lasts until that day or longer."""
    longest = days(rhythm, MOST_DAYS) + (days(grace, MOST_DAYS) if grace is not None else 0)
    early = day - timedelta(days=min(longest + LONGEST_MONTH, (day - FIRST).days))
    late = min(day, LAST)
    # A later touch never lapses earlier: halving finds the first day that lasts.
    while late - early > ONE_DAY:
        middle = early + (late - early) // 2
        if lapses(rhythm, grace, middle) >= day:
            late = middle
        else:
            early = middle
    return midnight(late, zone)


def spread(customer: int, most: int) -> int:
    """A number of days from 0 to `most - 1`, always the same for a customer and evenly spread over all."""
    return customer % CUSTOMERS * GOLDEN % TURNS * most // TURNS


def head_start(floors: Floors, rhythm: Duration) -> int:
    """Over so many days the clocks of those are spread who never had a touch: they began before we knew them."""
    return max(days(rhythm, LEAST_DAYS) - floors.days_ahead, 0) + 1


def lead(floors: Floors) -> int:
    """Something is done so many days or less before the last good one, so that fillers do not leave in a burst."""
    return floors.days_ahead // 2 + 1


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one person. `letters`: those that have left, or may have; `people`: kinds and moments."""

    customer: int
    since: datetime
    value: str = ""
    letters: Sequence[tuple[datetime, Label]] = ()
    people: Sequence[tuple[datetime, str]] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """How one clock of somebody's stands. `last`: the last touch; None while there was none. `until`: the last day
    on which the next one is in time."""

    clock: Silence
    place: int
    last: datetime | None
    start: datetime
    until: date


def standing(floors: Floors, known: Known, zone: ZoneInfo) -> Iterator[Standing]:
    """Every clock that runs for a person."""
    floor = floors.floor(known.value)
    for place, each, clock, rhythm in floors.running:
        if each is not floor:
            continue
        last = max(_touches(floors, known, clock), default=None)
        early = timedelta(days=spread(known.customer, head_start(floors, rhythm)))
        start = last if last is not None else known.since - early
        until = lapses(rhythm, floors.grace, start.astimezone(zone).date())
        yield Standing(clock, place, last, start, until)


def _touches(floors: Floors, known: Known, clock: Silence) -> Iterable[datetime]:
    if clock is Silence.PERSONAL:
        return [at for at, _ in known.people]
    return [
        *(at for at, label in known.letters if floors.resets.by_letter(label)),
        *(at for at, kind in known.people if floors.resets.by_person(kind)),
    ]


def is_time(floors: Floors, found: Standing, customer: int, today: date) -> bool:
    """Whether something is to be done today. Those whose floor is missed already get a turn once a week."""
    if found.until < today:
        return (spread(customer, 7) + today.toordinal()) % 7 == 0
    return found.until - today <= timedelta(days=floors.days_ahead - spread(customer, lead(floors)))
