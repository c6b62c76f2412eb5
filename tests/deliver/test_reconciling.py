"""Unanswered calls: repeated as they were, searched for with a control, or left alone; nobody gets a letter twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from engine.errors import BatchRefused, NotSent, ProviderError, Unknown
from engine.flows.deliver.doubts import Road
from engine.model.letter import Batch, Outcome
from engine.model.words import State
from engine.providers.base import Lookup, Sought
from engine.store import runs, subscriptions, tables, workers
from engine.store.database import Database
from engine.store.ledger import call, closing, queue, recovery, unanswered
from tests.builders import TOPIC
from tests.deliver.world import CONSENT, Lines, World, everybody_once
from tests.doubles.scripted import Scripted


@dataclass
class Losing(Scripted):
    """Loses answers: the next `lost` calls are taken and not answered. Remembers whole calls, as some providers do."""

    lost: int = 0
    bodies: list[bytes] = field(default_factory=list)
    whole: dict[str, list[Outcome]] = field(default_factory=dict)

    async def send(self, batch: Batch) -> list[Outcome]:
        self.bodies.append(batch.joined())
        name = "|".join(batch.keys)
        if self.idempotent and name in self.whole:
            self.calls.append(list(batch.references))
            return self.whole[name]
        outcomes = await super().send(batch)
        self.whole[name] = outcomes
        if self.lost > 0:
            self.lost -= 1
            raise Unknown("the answer was lost")
        return outcomes


@dataclass
class Searched(Losing):
    """Can be asked by reference, for what left before `indexed`; `broken`: finds nothing, or fails."""

    indexed: datetime | None = None
    broken: ProviderError | bool = False
    asked: list[list[str]] = field(default_factory=list)
    taken_at: dict[str, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        from dataclasses import replace

        self.limits = replace(self.limits, lookup=Lookup(lag=60.0, retention=86400.0))

    async def look_up(self, sought: Sequence[Sought]) -> Mapping[str, str]:
        self.asked.append([each.reference for each in sought])
        assert all(each.address == f"d{each.reference[2:]}@example.org" for each in sought)
        if isinstance(self.broken, ProviderError):
            raise self.broken
        known = set() if self.broken else {reference for reference, _ in self.received}
        return {each.reference: f"found-{each.reference}" for each in sought if each.reference in known}


def test_a_call_without_an_answer_is_repeated_exactly_and_settled(database: Database) -> None:
    world, provider = World.of(database, 10), Losing(messages=5, idempotent=True, lost=1)
    world.send(provider)
    assert world.states() == {"accepted": 5, "uncertain": 5}
    found = world.reconcile(provider)
    assert (found.arrived, found.refused, found.unsent, found.left) == (5, 0, 0, [])
    assert world.states() == {"accepted": 10}
    assert provider.bodies[-1] == provider.bodies[0], "the very same bytes"
    everybody_once(world, provider)
    assert {row["detail"] for row in world.rows()} == {None, "scripted answered the same call again"}
    before = len(provider.bodies)
    assert world.reconcile(provider).settled == 0
    assert len(provider.bodies) == before


def test_a_call_that_never_arrived_is_taken_when_it_is_repeated(database: Database) -> None:
    world, provider = World.of(database, 5), Losing(messages=5, idempotent=True, script=[Unknown("cut off")])
    world.send(provider)
    assert (world.states(), provider.received) == ({"uncertain": 5}, [])
    assert world.reconcile(provider).arrived == 5
    everybody_once(world, provider)


def test_what_the_dead_left_is_repeated_too(database: Database) -> None:
    world, provider = World.of(database, 5), Losing(messages=5, idempotent=True)
    dead_in_the_middle_of_a_call(world)
    assert world.reconcile(provider).arrived == 5
    assert world.states() == {"accepted": 5}


def dead_in_the_middle_of_a_call(world: World, people: int = 5) -> None:
    with workers.sign_on(world.database, world.time.now()) as worker, world.database.write() as connection:
        claim = queue.claim(connection, world.run, world.variant, people, worker, world.time.now())
        letters = Lines().fill(claim).letters
        assert call.intend(connection, claim, "scripted", CONSENT, letters, world.time.now()).call


def test_a_refusal_of_one_letter_is_believed_when_the_call_is_repeated(database: Database) -> None:
    world = World.of(database, 5)
    provider = Losing(messages=5, idempotent=True, lost=1, dead=frozenset({"d3@example.org"}))
    world.send(provider)
    found = world.reconcile(provider)
    assert (found.arrived, found.refused) == (4, 1)
    assert world.states() == {"accepted": 4, "failed": 1}


@pytest.mark.parametrize("trouble", [Unknown("no answer again"), NotSent("429", retry_after=3.0)])
def test_a_repetition_without_an_answer_concludes_nothing(database: Database, trouble: ProviderError) -> None:
    world, provider = World.of(database, 5), Losing(messages=5, idempotent=True, lost=1)
    world.send(provider)
    world.time.shift += timedelta(minutes=2)
    provider.whole.clear()
    provider.script = [trouble]
    assert world.reconcile(provider).settled == 0
    assert world.states() == {"uncertain": 5}
    with database.read() as connection:
        assert connection.execute(select(tables.calls.c.ended_at)).scalar_one() is not None


def test_a_batch_that_is_refused_as_a_whole_is_never_repeated_in_parts(database: Database) -> None:
    """Parts have keys of their own: what was accepted as a whole would be accepted again."""
    world, provider = World.of(database, 6), Losing(messages=6, idempotent=True, lost=1)
    world.send(provider)
    provider.whole.clear()
    provider.poison = frozenset({"d2@example.org"})
    before = len(provider.calls)
    assert world.reconcile(provider).settled == 0
    assert len(provider.calls) == before + 1
    everybody_once(world, provider)


def test_what_was_sent_in_parts_is_never_made_again_as_a_whole(database: Database) -> None:
    """Refused as a whole, then halved: the halves are calls of their own at the provider, the whole would be new."""
    world = World.of(database, 6)

    class Halved(Losing):
        async def send(self, batch: Batch) -> list[Outcome]:
            if len(batch) > 3 and not self.calls:
                self.calls.append([])
                raise BatchRefused("something in it")
            return await super().send(batch)

    provider = Halved(messages=6, idempotent=True, lost=1)
    world.send(provider)
    assert world.states() == {"accepted": 3, "uncertain": 3}
    found = world.reconcile(provider)
    assert ([outlook.road for _, outlook in found.left], len(provider.calls)) == ([Road.PERSON], 3)
    everybody_once(world, provider)


def test_news_of_one_letter_does_not_keep_the_others_from_being_found_out(database: Database) -> None:
    world, provider = World.of(database, 5), Losing(messages=5, idempotent=True, lost=1)
    world.send(provider)
    with database.write() as connection:
        assert closing.hear(connection, world.rows()[2]["id"], State.DELIVERED, world.time.now())
    assert world.reconcile(provider).arrived == 4
    assert world.states() == {"accepted": 4, "delivered": 1}


def test_nothing_is_repeated_to_somebody_who_left_meanwhile(database: Database) -> None:
    """Should it never have arrived, it would be a letter to somebody who does not want it."""
    world, provider = World.of(database, 5), Losing(messages=5, idempotent=True, lost=1)
    world.send(provider)
    with database.write() as connection:
        subscriptions.leave(connection, world.people[1], TOPIC, "page", world.time.now())
    found = world.reconcile(provider)
    assert ([outlook.road for _, outlook in found.left], len(provider.calls)) == ([Road.PERSON], 1)


def test_keys_that_are_forgotten_are_not_trusted(database: Database) -> None:
    world, provider = World.of(database, 5), Losing(messages=5, idempotent=True, lost=1)
    world.send(provider)
    world.time.shift += timedelta(days=1)
    found = world.reconcile(provider)
    assert [outlook.road for _, outlook in found.left] == [Road.PERSON]
    assert len(provider.calls) == 1


def test_a_closed_way_is_not_tried_with_a_whole_call(database: Database) -> None:
    world, provider = World.of(database, 20), Losing(messages=5, idempotent=True, lost=1)
    provider.script = [[], *[NotSent("down")] * 10]
    world.send(provider, limit_letters=5)
    world.send(provider)
    world.time.shift += timedelta(minutes=2)
    before = len(provider.calls)
    assert world.reconcile(provider).settled == 0
    assert len(provider.calls) == before


def searched_world(database: Database, people: int = 15) -> tuple[World, Searched]:
    """Three calls: the first answered, the second taken but not answered, the third never arrived."""
    world, provider = World.of(database, people), Searched(messages=5)

    class Third(Unknown):
        pass

    world.send(provider, limit_letters=5)
    provider.lost = 1
    world.send(provider, limit_letters=5)
    provider.script = [Third("cut off")]
    world.time.shift += timedelta(seconds=5)
    world.send(provider, limit_letters=5, patience=0.0)
    assert world.states()["uncertain"] > 5
    return world, provider


def test_a_search_settles_what_it_finds_and_what_it_misses(database: Database) -> None:
    world, provider = searched_world(database)
    early = world.reconcile(provider)
    assert early.settled == 0
    assert {outlook.road for _, outlook in early.left} == {Road.WAIT}
    assert not provider.asked
    world.time.shift += timedelta(minutes=4)
    doubtful = world.states()["uncertain"]
    found = world.reconcile(provider)
    assert (found.arrived, found.unsent) == (5, doubtful - 5)
    assert world.state() == runs.SENDING
    world.send(provider, patience=3600.0)
    assert world.states() == {"accepted": 15}
    everybody_once(world, provider)


@pytest.mark.parametrize("broken", [True, NotSent("the search is down")])
def test_a_search_that_finds_nothing_known_proves_nothing(
    database: Database, broken: bool | ProviderError
) -> None:
    world, provider = searched_world(database)
    world.time.shift += timedelta(minutes=4)
    provider.broken = broken
    before = world.states()
    assert world.reconcile(provider).settled == 0
    assert world.states() == before
    provider.broken = False
    assert world.reconcile(provider).settled == before["uncertain"]


def test_without_anything_known_to_have_arrived_only_finds_are_believed(database: Database) -> None:
    world, provider = World.of(database, 10), Searched(messages=5, lost=1)
    world.send(provider, limit_letters=5)
    provider.script = [Unknown("cut off")]
    world.time.shift += timedelta(minutes=1)
    world.send(provider, limit_letters=5)
    world.time.shift += timedelta(minutes=10)
    doubtful = world.states()["uncertain"]
    found = world.reconcile(provider)
    # The calls are looked into one after the other; the first one's finds are the second one's control.
    assert (found.arrived, found.unsent) == (5, doubtful - 5)


def test_a_search_while_the_sender_lives_and_has_not_come_back_concludes_nothing(database: Database) -> None:
    world, provider = World.of(database, 10), Searched(messages=5)
    world.send(provider, limit_letters=5)
    with workers.sign_on(database, world.time.now()) as alive:
        with database.write() as connection:
            claim = queue.claim(connection, world.run, world.variant, 5, alive, world.time.now())
            letters = Lines().fill(claim).letters
            call.intend(connection, claim, "scripted", CONSENT, letters, world.time.now())
            # As if its connection to PostgreSQL had broken and somebody took it for dead.
            connection.execute(
                update(tables.deliveries)
                .values(state="uncertain")
                .where(tables.deliveries.c.state == "submitting")
            )
        world.time.shift += timedelta(hours=1)
        found = world.reconcile(provider)
        assert (found.settled, [outlook.road for _, outlook in found.left]) == (0, [Road.WAIT])
        assert not provider.asked
    world.time.shift += timedelta(hours=1)
    assert world.reconcile(provider).unsent == 5


def test_an_answer_that_comes_while_a_search_is_under_way_wins(database: Database) -> None:
    """What was read before is compared when it is written: a call that changed meanwhile is left alone."""
    world, provider = World.of(database, 5), Losing(messages=5, idempotent=True, lost=1)
    world.send(provider)
    with database.read() as connection:
        (before,) = unanswered.calls_of(connection, world.run)
    with world.worker() as worker, database.write() as connection:
        unanswered.take(connection, before, worker, world.time.now())
    with database.write() as connection:
        numbers = [letter.delivery for letter in before.doubts]
        assert unanswered.settle(connection, before, [], [], numbers, "not found", world.time.now()) == 0
    assert world.states() == {"uncertain": 5}
    with database.write() as connection:
        found = recovery.recover(connection, database.path, world.time.now())
        assert (found.queued, found.uncertain) == (0, 0)
    assert world.reconcile(provider).arrived == 5, "whoever took it died; its call is repeated by another"


def test_a_cancelled_run_sends_nothing_again(database: Database) -> None:
    world, provider = searched_world(database)
    world.time.shift += timedelta(minutes=4)
    with database.write() as connection:
        closing.cancel(connection, world.run, world.time.now())
    found = world.reconcile(provider)
    assert found.unsent > 0
    assert set(world.states()) == {"accepted", "cancelled"}


def test_a_provider_that_is_gone_leaves_it_to_a_person(database: Database) -> None:
    world, provider = World.of(database, 5), Losing(messages=5, idempotent=True, lost=1)
    world.send(provider)
    found = world.reconcile(Scripted(name="another"))
    assert [outlook.road for _, outlook in found.left] == [Road.PERSON]
    assert "is no provider of this workspace any more" in found.left[0][1].words
