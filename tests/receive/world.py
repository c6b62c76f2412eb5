"""A small world that hears back: customers, runs whose letters have left, and news about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from engine.flows.receive.receiving import Received, receive
from engine.flows.receive.understanding import Ears
from engine.model.address import address_hash
from engine.model.heard import Bounce, Heard, News
from engine.store import subscriptions, suppressions, tables
from engine.store.database import Database
from engine.store.types import to_microseconds
from tests.builders import NOW, add_customers, add_run

INSTALL = "0a1b2c3d"
PROVIDER = "postmark"
TOPICS = {"digest": "newsletter", "offers": "offers", "news": "newsletter"}


@dataclass
class World:
    """`customers[i]` has the address c<i+1>@example.org; `sent` gives a run's letters by customer."""

    database: Database
    customers: list[int] = field(default_factory=list)
    news: int = 0

    def send(
        self,
        campaign: str = "digest",
        occurrence: str = "2027-01",
        *,
        people: Sequence[int] | None = None,
        state: str = "accepted",
        at: datetime = NOW,
    ) -> dict[int, int]:
        """A run whose letters have left at a moment; each customer's delivery."""
        run, _ = add_run(self.database, campaign=campaign, occurrence=occurrence, people=people)
        table = tables.deliveries
        with self.database.write() as connection:
            values: dict[str, Any] = {
                "state": state,
                "provider": PROVIDER,
                "submitted_at": at,
                "due_at": None,
                "lease": None,
            }
            connection.execute(
                update(table).where(table.c.run == run, table.c.state == "planned").values(values)
            )
            chosen = select(table.c.customer, table.c.id).where(table.c.run == run)
            sent = {row[0]: row[1] for row in connection.execute(chosen)}
            connection.execute(
                tables.calls.insert().values(
                    run=run, provider=PROVIDER, messages=len(sent), started_at=at, outcome="accepted"
                )
            )
            moment = to_microseconds(at)
            connection.exec_driver_sql(
                f"UPDATE runs SET provider = '{PROVIDER}', created_at = {moment} WHERE id = {run}"
            )
        return sent

    def hear(self, *items: Heard, by_mail: bool = False, now: datetime = NOW) -> list[Received]:
        ears = Ears("mail" if by_mail else PROVIDER, INSTALL, TOPICS, by_mail)
        with self.database.write() as connection:
            return receive(connection, ears, items, now)

    def suppressed(self, email: str) -> list[tuple[str, str]]:
        with self.database.read() as connection:
            found = suppressions.of_address(connection, address_hash(email))
        return sorted((each.scope, each.reason) for each in found)

    def state(self, delivery: int) -> str:
        table = tables.deliveries
        with self.database.read() as connection:
            return str(connection.execute(select(table.c.state).where(table.c.id == delivery)).scalar_one())

    def events(self, customer: int) -> list[tuple[str, str]]:
        table = tables.events
        with self.database.read() as connection:
            found = (
                select(table.c.name, table.c.fields).where(table.c.customer == customer).order_by(table.c.id)
            )
            return [(row[0], row[1]) for row in connection.execute(found)]

    def effects(self) -> list[str]:
        table = tables.heard
        with self.database.read() as connection:
            return list(connection.execute(select(table.c.effect).order_by(table.c.id)).scalars())

    def topics(self, customer: int) -> Mapping[str, bool]:
        with self.database.read() as connection:
            return subscriptions.topics(connection, customer)


def world(database: Database, people: int = 3) -> World:
    return World(database, add_customers(database, people))


def ref(delivery: int) -> str:
    return f"{INSTALL}-{delivery}"


def bounced(delivery: int, bounce: Bounce = Bounce.INVALID, *, days: float = 0, **more: Any) -> Heard:
    """One bounce; its identity follows from what it says."""
    identity = more.pop("identity", f"bounce {delivery} {bounce} {days}")
    news = more.pop("news", News.BOUNCED)
    return Heard(news, later(days), identity, reference=ref(delivery), bounce=bounce, **more)


def told(delivery: int, news: News, *, days: float = 0, **more: Any) -> Heard:
    identity = more.pop("identity", f"{news} {delivery} {days}")
    return Heard(news, later(days), identity, reference=ref(delivery), **more)


def later(days: float) -> datetime:
    """So many days after the letters left, before they are heard of."""
    return NOW - timedelta(days=400) + timedelta(days=days)


def shuffled(items: Iterable[Heard], order: Sequence[int]) -> list[Heard]:
    listed = list(items)
    return [listed[place] for place in order]
