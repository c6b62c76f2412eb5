"""A mailbox the server calls closed while a letter is handed over: given up the second time, a week or more later."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.flows.receive import suppressing
from engine.model.address import address_hash
from engine.model.heard import Bounce, Effect, News
from engine.model.letter import Batch, Outcome, Verdict
from engine.store import heard, suppressions
from engine.store.database import Database
from engine.store.heard import Row
from tests.builders import NOW
from tests.deliver.world import World
from tests.doubles.scripted import Scripted

CLOSED = "550 5.2.1 The account is disabled"


class ClosedMailbox(Scripted):
    """Refuses every letter because its mailbox is closed."""

    async def send(self, batch: Batch) -> list[Outcome]:
        return [Outcome(Verdict.REFUSED, detail=CLOSED, closed=True) for _ in range(len(batch))]


def sent(world: World) -> str:
    """The one letter refused; the hash of the address it was for."""
    world.send(ClosedMailbox(), follow=suppressing.follow)
    (row,) = world.rows()[-1:]
    assert (row["state"], row["reason"], row["detail"]) == ("failed", "refused_by_provider", CLOSED)
    return address_of(world)


def address_of(world: World) -> str:
    return address_hash(f"d{world.rows()[-1]['id']}@example.org")


def standing(world: World, address: str) -> list[tuple[str, str]]:
    with world.database.read() as connection:
        found = suppressions.of_addresses(connection, [address]).get(address, [])
    return [(each.scope, each.reason) for each in found]


@pytest.mark.parametrize(
    ("days", "arrived", "expected"),
    [(6.9, False, []), (7, False, [("all", "bounced")]), (40, False, [("all", "bounced")]), (40, True, [])],
    ids=["too soon", "a week later", "weeks later", "open in between"],
)
def test_a_mailbox_closed_again_a_week_later_is_given_up(
    database: Database, days: float, arrived: bool, expected: list[tuple[str, str]]
) -> None:
    world = World.of(database, people=1)
    address = address_of(world)
    with database.write() as connection:
        at = NOW - timedelta(days=days)
        told = [Row("earlier", News.REFUSED, at, Effect.NOTED, address_hash=address, bounce=Bounce.DISABLED)]
        if arrived:
            at += timedelta(days=1)
            told.append(Row("since", News.DELIVERED, at, Effect.NOTED, address_hash=address))
        heard.insert(connection, "smtp", told, NOW)
    assert standing(world, address) == []
    assert sent(world) == address
    assert standing(world, address) == expected


def test_a_closed_mailbox_is_news_of_the_letter_and_the_person(database: Database) -> None:
    world = World.of(database, people=1)
    address = sent(world)
    with database.read() as connection:
        (told,) = heard.told(connection, [address])[address]
    assert (told.news, told.bounce, told.provider, told.detail) == ("refused", "disabled", "scripted", CLOSED)
