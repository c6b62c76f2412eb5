"""When the letters of a run are due: at once for everybody, or at each reader's own moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from engine import clock
from engine.audience.moments import OwnMoment
from engine.calendar import Missed, Occurrence, lateness
from engine.definitions.schema.wording import IfLate


@dataclass(frozen=True, slots=True)
class Waves:
    """An occurrence that comes to every reader at its own local day and time.

    `zone`: the project's, for readers whose own is unknown. `now`: when the run is planned. `strict`: whoever's
    moment has passed by more than `if_late` allows gets nothing; otherwise they get it at once, because a person
    asks for it.
    """

    occurrence: Occurrence
    zone: ZoneInfo
    now: datetime
    strict: bool = False
    if_late: IfLate | None = None

    def moment_in(self, zone: str) -> OwnMoment:
        """When people are due whose time zone is written like this."""
        known = self.known(zone)
        due_at = self.occurrence.at(known)
        found = lateness(self.if_late, due_at, self.now) if self.strict else None
        late = f"{self.local(known)}: {found.reason}" if isinstance(found, Missed) else ""
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
