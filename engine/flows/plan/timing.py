"""When the letters of a run are due, and to whom: at each reader's own moment, or for a date of their own. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from engine import clock
from engine.audience.moments import OwnMoment
from engine.audience.own_dates import OwnDates, Yearly
from engine.calendar import (
    RECIPIENT,
    Anniversaries,
    Dates,
    Missed,
    Occurrence,
    closed,
    dates_due,
    lateness,
    named,
)
from engine.definitions.schema.campaign import Campaign
from engine.definitions.schema.schedule import Window
from engine.definitions.schema.wording import IfLate


@dataclass(frozen=True, slots=True)
class Waves:
    """An occurrence that comes to every reader at its own local day and time.

    `zone`: the project's, for readers whose own is unknown. `now`: when the run is planned. `strict`: whoever's
    moment has passed by more than `if_late` allows gets nothing; otherwise they get it at once, because a person
    asks for it. `window`: what is late does not leave outside of it.
    """

    occurrence: Occurrence
    zone: ZoneInfo
    now: datetime
    strict: bool = False
    if_late: IfLate | None = None
    window: Window | None = None

    def moment_in(self, zone: str) -> OwnMoment:
        """When people are due whose time zone is written like this."""
        known = self.known(zone)
        due_at = self.occurrence.at(known)
        found = lateness(self.if_late, due_at, self.now) if self.strict else None
        late = f"{self.local(known)}: {found.reason}" if isinstance(found, Missed) else ""
        if self.strict and due_at <= self.now:
            due_at = closed(self.window, known, self.now) or due_at
        return OwnMoment(zone, due_at, late)

    def known(self, zone: str) -> ZoneInfo:
        """The zone itself, or the project's where nobody knows what that is."""
        try:
            return clock.zone(zone) if zone else self.zone
        except ValueError:
            return self.zone

    def local(self, zone: ZoneInfo) -> str:
        """`2027-01-05 09:30 in Asia/Tokyo`."""
        return f"{self.occurrence.day} {self.occurrence.time:%H:%M} in {zone.key}"


NOT_AGAIN = timedelta(days=7)
NOT_AGAIN_YEARLY = timedelta(days=180)
"""A date that is put right by some days makes nobody's letter come twice. A birthday is never half a year away."""


def waves_of(campaign: Campaign, occurrence: str, moment: datetime, zone: ZoneInfo) -> Waves | None:
    """How the occurrence comes to every reader at their own moment; None where it comes to all at once.

    `zone`: the project's. An occurrence that is not the calendar's (named by a person, before the first, on a day
    that is left out) has no moments.
    """
    schedule = campaign.schedule
    if schedule is None or schedule.time_zone != RECIPIENT:
        return None
    found = named(schedule, occurrence, moment, zone)
    return Waves(found, zone, moment) if found is not None else None


def dates_of(campaign: Campaign, occurrence: str, moment: datetime, zone: ZoneInfo) -> OwnDates | None:
    """Whose date the occurrence is for; None for a schedule that asks for no date.

    An occurrence that a person names is for the day of `moment`, and for everybody whose day that is, again too.
    """
    schedule = campaign.schedule
    field = (schedule.before or schedule.after) if schedule is not None else None
    if schedule is None or field is None:
        return None
    found = named(schedule, occurrence, moment, zone)
    day = found.day if found is not None else moment.astimezone(zone).date()
    again = NOT_AGAIN if schedule.every is None else NOT_AGAIN_YEARLY
    return _own_dates(field, dates_due(schedule, day), moment - again if found is not None else None)


def _own_dates(field: str, due: Dates | Anniversaries | None, again_after: datetime | None) -> OwnDates:
    if isinstance(due, Dates):
        return OwnDates(field, spans=((due.first, due.last),), again_after=again_after)
    days = due.days if due is not None else ()
    yearly = tuple(Yearly(each.year, each.month, each.day) for each in days)
    return OwnDates(field, yearly=yearly, again_after=again_after)
