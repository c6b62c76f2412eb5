"""A sender's number of letters a day at the moment of sending: counted and taken in the intent's transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from engine.model.words import Reason
from engine.store import sender_days, touches
from engine.store.ledger.gate import Stop

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True)
class SendersRoom:
    """Lets as many letters of each sender leave as their day has room for; the others wait for the next day.

    `at_most`: by sender; `words`: the same, as the ledger keeps it. `sender_of`: who a variant is from. `waits`:
    whether this campaign's letters wait; where they do not, they take room all the same.
    """

    at_most: Mapping[str, int]
    words: Mapping[str, str]
    sender_of: Callable[[Connection, int], str]
    zone: ZoneInfo
    waits: bool = True

    def __call__(
        self, connection: Connection, variant: int, deliveries: Sequence[int], now: datetime
    ) -> dict[int, Stop]:
        """Which of these letters must not leave today; the others do."""
        sender = self.sender_of(connection, variant)
        if sender not in self.at_most:
            return {}
        touches.take_turn(connection)
        local = now.astimezone(self.zone)
        room = len(deliveries)
        if self.waits:
            room = max(self.at_most[sender] - sender_days.left_on(connection, sender, local.date()), 0)
        sender_days.note(connection, sender, local.date(), deliveries[:room])
        stop = Stop(Reason.SENDER_FULL, self.words[sender], same_hour_next_day(local))
        return dict.fromkeys(deliveries[room:], stop)


def same_hour_next_day(local: datetime) -> datetime:
    """The same time of the next day, on the clock of the moment's own zone."""
    return local.replace(second=0, microsecond=0) + timedelta(days=1)
