"""A reader leaves, pauses, or changes what they get: each their own word, written down with its source."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from dateutil.relativedelta import relativedelta

from engine.model.reader import LONGEST_PAUSE, Chosen
from engine.store import preferences, subscriptions
from engine.store.preferences import Preferences

if TYPE_CHECKING:
    from sqlalchemy import Connection


def leave(connection: Connection, customer: int, topic: str, source: str, now: datetime) -> None:
    """Takes a customer off a topic, or off all marketing where `topic` is ""; doing it twice changes nothing."""
    if not topic:
        subscriptions.leave_all(connection, customer, source, now)
    elif subscriptions.topics(connection, customer).get(topic) is not False:
        subscriptions.leave(connection, customer, topic, source, now)


def pause(connection: Connection, customer: int, months: int, source: str, now: datetime) -> datetime:
    """No marketing for so many months (1 to 12); until when."""
    until = now + relativedelta(months=min(max(months, 1), LONGEST_PAUSE))
    subscriptions.pause(connection, customer, until, source, now)
    return until


def choose(
    connection: Connection,
    customer: int,
    wanted: Chosen,
    offered: Iterable[str],
    source: str,
    now: datetime,
) -> None:
    """Writes down a whole form; only what changed becomes a new entry in the history of consent."""
    said = subscriptions.topics(connection, customer)
    for topic in offered:
        if topic in wanted.topics and not said.get(topic, False):
            subscriptions.join(connection, customer, topic, source, now)
        elif topic not in wanted.topics and said.get(topic, False):
            subscriptions.leave(connection, customer, topic, source, now)
    before = preferences.of_customer(connection, customer)
    after = Preferences(wanted.tracked, wanted.time_zone, wanted.language)
    if after != before:
        preferences.choose(connection, customer, after, now)


def resume(connection: Connection, customer: int, source: str, now: datetime) -> None:
    """Ends a pause."""
    subscriptions.resume(connection, customer, source, now)
