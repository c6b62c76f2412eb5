"""One sender who is refused touches nobody else's letters; when all are refused, it is the account."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlalchemy import update

from engine.errors import AccountFault
from engine.model.letter import Batch, Outcome
from engine.store import tables, variants
from engine.store.database import Database
from tests.builders import NOW
from tests.deliver.world import World
from tests.doubles.scripted import Scripted

FAULT = AccountFault("400: the sender signature is not confirmed", help="confirm it")


@dataclass
class Picky(Scripted):
    """Refuses every call in which a letter of these deliveries is."""

    refused: set[str] = field(default_factory=set)

    async def send(self, batch: Batch) -> list[Outcome]:
        if self.refused & set(batch.references):
            self.calls.append(list(batch.references))
            raise FAULT
        return await super().send(batch)


def two_senders(database: Database) -> tuple[World, dict[int, str], dict[str, set[str]]]:
    """Twenty letters, every other one from somebody else; who each variant is from, and everybody's letters."""
    world = World.of(database, 20)
    table = tables.deliveries
    with database.write() as connection:
        second = variants.get_or_create(connection, world.run, "second", b"program", "Hello", [], NOW)
        odd = table.c.id % 2 == 1
        connection.execute(update(table).where(odd).values(variant=second))
    names = {world.variant: "priya", second: "team"}
    theirs: dict[str, set[str]] = {"priya": set(), "team": set()}
    for row in world.rows():
        theirs[names[row["variant"]]].add(f"r-{row['id']}")
    return world, names, theirs


@pytest.mark.parametrize("lanes", [1, 2])
@pytest.mark.parametrize("refused", ["priya", "team"])
def test_the_letters_of_others_leave(database: Database, refused: str, lanes: int) -> None:
    world, names, theirs = two_senders(database)
    provider = Picky(messages=3, refused=set(theirs[refused]))
    sending = world.send(provider, senders=names, lanes=lanes)
    assert sending.fault is None
    assert {reference for reference, _ in provider.received} == {
        *theirs["priya"],
        *theirs["team"],
    } - provider.refused
    waiting = [row for row in world.rows() if row["reason"] == "sender_refused"]
    assert len(waiting) == 10
    assert {row["due_at"] for row in waiting} == {NOW + timedelta(hours=1)}
    assert f"scripted does not take letters from {refused}: {FAULT.message}" in waiting[0]["detail"]
    (told,) = sending.senders["scripted"].in_words("scripted")
    assert told.endswith("the sender signature is not confirmed; confirm it")
    provider.refused.clear()
    world.time.seconds += 3600.0
    assert world.send(provider, senders=names).fault is None
    assert world.states() == {"accepted": 20}
    assert len({reference for reference, _ in provider.received}) == len(provider.received) == 20


def test_when_everybody_is_refused_the_account_is_at_fault_and_nobody_waits(database: Database) -> None:
    world, names, theirs = two_senders(database)
    provider = Picky(messages=3, refused=theirs["priya"] | theirs["team"])
    sending = world.send(provider, senders=names)
    assert sending.fault is FAULT
    assert len(provider.calls) == 2
    assert {row["due_at"] <= NOW for row in world.rows()} == {True}
    provider.refused.clear()
    assert world.send(provider, senders=names).fault is None
    assert world.states() == {"accepted": 20}
