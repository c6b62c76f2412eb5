"""Which way there is to find out what became of an unanswered call, and from when on. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from engine.providers.base import Limits
from engine.store.ledger.unanswered import Unanswered

MARGIN = timedelta(minutes=5)
"""A repeated call must arrive while its key is still remembered; no call takes longer (network/lane)."""

SETTLING_LAGS = 2
"""A search is asked after so many times the provider's own lag: one for the letter to arrive, one to be found."""

CLOCK_STEP = timedelta(minutes=1)
"""And so much later: a clock that is set forward by this makes nobody ask too early."""

LONGEST_CALL = timedelta(minutes=5)
"""Where a process was taken for dead because its connection to PostgreSQL broke, its call may still be under way."""


class Road(Enum):
    """How a call's fate may be found out."""

    REPEAT = auto()
    SEARCH = auto()
    WAIT = auto()
    PERSON = auto()


@dataclass(frozen=True, slots=True)
class Prospect:
    """The road, from when on it is open, and in words what that means for whoever waits."""

    road: Road
    words: str
    at: datetime | None = None


def prospect(
    call: Unanswered, limits: Limits, now: datetime, *, ended: bool, clock_fixed: bool = False
) -> Prospect:
    """What can be done about a call.

    `ended`: its process wrote down how it ended, is certainly gone, or is this one. `clock_fixed`: `now` is not the
    machine's own moment, so that nobody can say how long ago anything was.
    """
    if not ended:
        return Prospect(Road.WAIT, "the process that sent it may still be at it")
    name, age = call.provider, timedelta.max if clock_fixed else now - call.started_at
    memory = limits.idempotency
    repeatable = call.is_whole and all(letter.slots and letter.key for letter in call.letters)
    if memory is not None and repeatable and age.total_seconds() < memory.lifetime - MARGIN.total_seconds():
        return Prospect(Road.REPEAT, f"the call will be repeated under its own keys, which {name} remembers")
    search = limits.lookup
    if search is not None and age.total_seconds() < search.retention:
        begin = settled(call) + timedelta(seconds=SETTLING_LAGS * search.lag) + CLOCK_STEP
        if call.ended_at is None:
            begin = max(begin, settled(call) + LONGEST_CALL)
        if now < begin:
            return Prospect(Road.WAIT, f"{name} will be searched from {begin:%H:%M} UTC on", begin)
        return Prospect(Road.SEARCH, f"{name} is searched by our own id")
    return Prospect(Road.PERSON, _why_a_person(name, limits))


def settled(call: Unanswered) -> datetime:
    """Since when nobody has been at the call: its end, or when its process was found dead."""
    return max(letter.settled_at for letter in call.doubts)


def _why_a_person(name: str, limits: Limits) -> str:
    if limits.lookup is not None:
        return f"{name} keeps its letters for a shorter time; look for news of it, or decide"
    return f"{name} cannot be asked any more; wait for its news, look at its own pages, or decide"
