"""Whole sends through the real flow and store: limits, trouble, faults, stopping; nobody twice, nobody lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from engine.errors import AccountFault, NotSent, ProviderError, StoreError, Unknown
from engine.flows.deliver.brakes import Brakes
from engine.flows.deliver.pace import TRIP, a_minute, a_second
from engine.model.letter import Batch, Outcome, Verdict
from engine.store import pace as paces
from engine.store import runs, subscriptions, tables
from engine.store.database import Database
from engine.store.ledger import call, closing
from tests.builders import NOW, TOPIC
from tests.deliver.world import Lines, World, everybody_once
from tests.doubles.scripted import Scripted

ACCEPTED, UNKNOWN = Verdict.ACCEPTED, Verdict.UNKNOWN


def test_everybody_gets_one_letter_and_the_run_is_done(database: Database) -> None:
    world, provider = World.of(database, 23), Scripted(messages=5)
    sending = world.send(provider, lanes=2)
    assert (sending.accepted, sending.through, world.state()) == (23, {"scripted": 23}, runs.DONE)
    assert world.states() == {"accepted": 23}
    assert sorted(map(len, provider.calls)) == [3, 5, 5, 5, 5]
    everybody_once(world, provider)
    with database.read() as connection:
        assert paces.read(connection, "scripted") is None, (
            "without a limit and without trouble nothing is kept"
        )


def test_a_variant_is_compiled_while_nobody_is_kept_from_writing(database: Database) -> None:
    class Compiling(Lines):
        def size(self, variant: int) -> int:
            if not self.is_ready(variant):
                with database.write() as connection:
                    connection.execute(select(tables.runs.c.id).with_for_update())
                    compiled.append(variant)
            return super().size(variant)

    compiled: list[int] = []
    world, provider = World.of(database, 7), Scripted(messages=5)
    world.send(provider, letters=Compiling(5), lanes=2)
    assert compiled == [world.variant], "once, in a moment in which somebody else could write as well"
    everybody_once(world, provider)


def test_who_lost_consent_or_has_no_letter_is_left_out(database: Database) -> None:
    world, provider = World.of(database, 6), Scripted(messages=3)
    with database.write() as connection:
        subscriptions.leave(connection, world.people[0], TOPIC, "page", NOW)
    letters = Lines(3, unmakeable=frozenset(world.people[1:3]))
    sending = world.send(provider, letters=letters)
    assert sending.accepted == 3
    assert world.states() == {"accepted": 3, "skipped": 3}
    assert world.state() == runs.DONE


def test_a_limited_send_leaves_the_rest_and_the_next_goes_on(database: Database) -> None:
    world, provider = World.of(database, 12), Scripted(messages=5)
    assert world.send(provider, limit_letters=7, lanes=2).accepted == 7
    assert world.states() == {"accepted": 7, "planned": 5}
    assert world.state() == runs.SENDING
    assert world.send(provider).accepted == 5
    everybody_once(world, provider)


@pytest.mark.parametrize(
    ("limit", "of_run", "seconds"),
    [
        (a_second(10), None, 9),
        (None, a_minute(60), 99),
        (a_second(10), a_minute(60), 99),
        (a_second(0.5), a_minute(6000), 198),
    ],
)
def test_letters_leave_no_faster_than_they_may(
    database: Database, limit: Any, of_run: Any, seconds: float
) -> None:
    world, provider = World.of(database, 100), Scripted(messages=50)
    world.send(provider, limit=limit, limit_of_run=of_run, lanes=2)
    assert world.states() == {"accepted": 100}
    assert seconds <= world.time.tick() < seconds * 1.1 + 1
    with database.read() as connection:
        assert paces.read(connection, f"run {world.run}") is None, "the run is over"


def test_a_provider_that_asks_for_patience_gets_it(database: Database) -> None:
    world = World.of(database, 20)
    provider = Scripted(messages=10, script=[NotSent("429", retry_after=7.0)])
    world.send(provider)
    assert world.states() == {"accepted": 20}
    assert world.time.tick() >= 7
    with database.read() as connection:
        kept = paces.read(connection, "scripted")
    assert kept is not None
    assert (kept.failures, kept.open_until, kept.ceiling) == (0, None, 50.0)
    assert len(provider.calls[1]) < 10, "after trouble the next call is a small one"


def test_a_wish_beyond_patience_ends_the_command_and_is_kept_for_the_next(database: Database) -> None:
    world = World.of(database, 20)
    provider = Scripted(messages=10, script=[NotSent("429: come back later", retry_after=999999.0)])
    sending = world.send(provider)
    assert sending.fault is not None
    assert "429: come back later" in sending.fault.message
    assert world.states() == {"planned": 10, "retry_wait": 10}
    assert len(provider.calls) == 1
    again = world.send(provider)
    assert again.fault is not None
    assert len(provider.calls) == 1, "nobody calls while the provider asked for patience"
    world.time.shift += timedelta(hours=2)
    assert world.send(provider).fault is None
    assert world.states() == {"accepted": 20}


def test_a_dead_provider_is_left_alone_and_tried_by_one_letter(database: Database) -> None:
    world = World.of(database, 40)
    provider = Scripted(messages=10, script=[NotSent("nobody is there")] * (TRIP + 2))
    sending = world.send(provider, lanes=2)
    assert isinstance(sending.fault, ProviderError)
    assert "nobody is there" in sending.fault.message
    assert set(world.states()) == {"planned", "retry_wait"}
    with database.read() as connection:
        kept = paces.read(connection, "scripted")
    assert kept is not None
    assert kept.failures >= TRIP
    before = len(provider.calls)
    world.time.shift += timedelta(minutes=1)
    world.send(provider, lanes=2)
    assert [len(letters) for letters in provider.calls[before : before + 1]] == [1]
    world.time.shift += timedelta(minutes=10)
    provider.script.clear()
    world.send(provider, lanes=2, patience=3600.0)
    assert world.states() == {"accepted": 40}
    everybody_once(world, provider)


def test_a_person_who_asks_again_is_answered_by_one_try(database: Database) -> None:
    world = World.of(database, 40)
    provider = Scripted(messages=10, script=[NotSent("down")] * (TRIP + 1))
    assert world.send(provider, impatient=True).fault is not None
    assert world.send(provider, impatient=True).fault is not None
    assert [len(letters) for letters in provider.calls[TRIP:]] == [1], "one letter was tried, no more"
    assert world.send(provider, impatient=True).fault is None
    assert world.states() == {"accepted": 40}


def test_an_outage_of_hours_uses_up_nobodys_attempts(database: Database) -> None:
    world = World.of(database, 3)
    provider = Scripted(messages=10, script=[NotSent("maintenance")] * 120)
    world.send(provider, patience=86400.0)
    assert world.states() == {"accepted": 3}
    assert world.time.tick() > 3600, "one try a minute"


def test_a_letter_that_is_never_taken_fails_in_the_end(database: Database) -> None:
    world = World.of(database, 2)
    later = Outcome(Verdict.RETRY, detail="mailbox busy")
    taken = Outcome(ACCEPTED, provider_id="1")

    class Busy(Scripted):
        async def send(self, batch: Batch) -> list[Outcome]:
            self.calls.append(list(batch.references))
            return [later if "d1@" in address else taken for address in batch.recipients]

    world.send(Busy(messages=10), patience=86400.0)
    assert world.states() == {"accepted": 1, "failed": 1}
    assert [row["reason"] for row in world.rows() if row["state"] == "failed"] == ["attempts_exhausted"]


def test_calls_without_an_answer_are_uncertain_and_few(database: Database) -> None:
    world = World.of(database, 2000)
    provider = Scripted(messages=500, script=[Unknown("no answer")] * 50)
    sending = world.send(provider)
    assert sending.fault is not None
    found = world.states()
    assert found == {"uncertain": 500 + 62 + 7, "planned": 2000 - 569}
    assert not provider.received


def test_a_fault_of_the_account_stops_the_run_once_and_blames_nobody(database: Database) -> None:
    world = World.of(database, 30)
    provider = Scripted(messages=5, script=[AccountFault("the token is wrong", help="mend it")])
    sending = world.send(provider, lanes=2)
    assert sending.fault is not None
    assert (sending.fault.message, sending.fault.help) == ("the token is wrong", "mend it")
    found = world.states()
    assert found.pop("accepted", 0) == len(provider.received)
    assert set(found) == {"planned", "retry_wait"}
    assert world.send(provider, lanes=2).fault is None, "the next command goes on"
    assert world.states() == {"accepted": 30}
    everybody_once(world, provider)


@pytest.mark.parametrize("error", [NotSent("unknown host"), AccountFault("log-in refused")])
def test_who_cannot_be_connected_to_gets_nothing(database: Database, error: ProviderError) -> None:
    world = World.of(database, 4)

    class Unreachable(Scripted):
        async def open(self) -> None:
            raise error

    sending = world.send(Unreachable())
    assert sending.fault is not None
    assert error.message in sending.fault.message
    assert world.states() == {"planned": 4}


def test_what_waits_too_long_expires(database: Database) -> None:
    world = World.of(database, 30)
    provider = Scripted(messages=5)
    brakes = Brakes(deadline=NOW + timedelta(seconds=3))
    world.send(provider, limit=a_second(5), brakes=brakes)
    found = world.states()
    assert found["accepted"] == len(provider.received)
    assert 15 <= found["accepted"] < 30
    assert found == {"accepted": found["accepted"], "expired": 30 - found["accepted"]}
    assert world.state() == runs.DONE


def test_a_run_of_which_too_much_comes_back_is_paused_and_a_person_lets_it_go_on(database: Database) -> None:
    world, provider = World.of(database, 400), Scripted(messages=50)
    brakes = Brakes(bounces=0.03)
    world.send(provider, limit_letters=120)
    with database.write() as connection:
        for row in world.rows()[:4]:
            assert closing.hear(connection, row["id"], call.State.BOUNCED, NOW)
    sending = world.send(provider, brakes=brakes)
    assert sending.stopped == "4 of 120 letters came back: 3.33%, and `stop_if` allows 3.00%"
    assert (world.state(), len(provider.received)) == (runs.PAUSED, 120)
    world.time.shift += timedelta(seconds=1)
    with database.write() as connection:
        found = runs.get(connection, world.run)
        assert found is not None
        assert found.reason == sending.stopped
        assert runs.resume(connection, world.run, world.time.now())
    assert world.send(provider, brakes=brakes).stopped == "", "what came back before does not count again"
    assert world.state() == runs.DONE
    everybody_once(world, provider)


def test_a_pause_while_sending_lets_the_calls_in_flight_end(database: Database) -> None:
    world, provider = World.of(database, 30), Scripted(messages=5)

    def pause(accepted: int) -> None:
        if accepted == 10:
            with database.write() as connection:
                runs.pause(connection, world.run, "wrong picture")

    sending = world.send(provider, tell=pause)
    assert sending.stopped == "wrong picture"
    assert world.states() == {"accepted": 10, "planned": 20}
    assert world.state() == runs.PAUSED
    assert world.send(provider).stopped == "wrong picture"


def test_cancelling_while_a_call_is_refused_leaves_nothing_in_the_queue(database: Database) -> None:
    world = World.of(database, 12)

    class Cancelling(Scripted):
        async def send(self, batch: Batch) -> list[Outcome]:
            with database.write() as connection:
                closing.cancel(connection, world.run, NOW)
            raise NotSent("429")

    world.send(Cancelling(messages=4))
    assert world.states() == {"cancelled": 12}


def test_somebody_who_wants_to_stop_waits_for_the_calls_in_flight(database: Database) -> None:
    world = World.of(database, 30)

    class Slow(Scripted):
        async def send(self, batch: Batch) -> list[Outcome]:
            import asyncio

            world.stop = True
            await asyncio.sleep(20)
            return await super().send(batch)

    provider = Slow(messages=5)
    sending = world.send(provider)
    assert (sending.accepted, sending.fault) == (5, None)
    assert world.states() == {"accepted": 5, "planned": 25}
    world.stop = False


def test_a_call_without_an_answer_is_given_up_when_somebody_wants_to_stop(database: Database) -> None:
    world = World.of(database, 30)

    class Silent(Scripted):
        async def send(self, batch: Batch) -> list[Outcome]:
            import asyncio

            world.stop = True
            await asyncio.sleep(10**6)
            raise AssertionError

    world.send(Silent(messages=5))
    assert 30 <= world.time.tick() < 32
    assert world.states() == {"uncertain": 5, "planned": 25}
    with database.read() as connection:
        assert paces.read(connection, "scripted") is None, "it was us who gave up, not the provider"
        assert connection.execute(select(tables.calls.c.ended_at)).scalar_one() is not None


def test_an_answer_is_written_down_even_if_the_database_is_away_for_a_while(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, provider = World.of(database, 10), Scripted(messages=5)
    settle, failures = call.settle, iter([True, True, False, True])

    def sometimes(*given: Any) -> Any:
        done = settle(*given)
        if next(failures, False):
            raise StoreError("the connection was lost")
        return done

    monkeypatch.setattr(call, "settle", sometimes)
    world.send(provider)
    assert world.states() == {"accepted": 10}
    everybody_once(world, provider)


def test_when_one_lane_breaks_the_others_write_down_their_answers(database: Database) -> None:
    world = World.of(database, 20)

    class Breaking(Scripted):
        async def send(self, batch: Batch) -> list[Outcome]:
            import asyncio

            if not self.calls:
                self.calls.append([])
                raise ZeroDivisionError("a mistake in a provider")
            await asyncio.sleep(5)
            return await super().send(batch)

    provider = Breaking(messages=5)
    with pytest.raises(ZeroDivisionError):
        world.send(provider, lanes=2)
    assert world.states() == {"accepted": 5, "submitting": 5, "planned": 10}
    assert world.send(provider).fault is None
    assert world.states() == {"accepted": 15, "uncertain": 5}
    everybody_once(world, provider)


def fallback_pair(**first: Any) -> tuple[Scripted, Scripted]:
    return Scripted(name="first", messages=5, **first), Scripted(name="second", messages=10)


def test_another_way_steps_in_when_the_account_is_at_fault(database: Database) -> None:
    world = World.of(database, 30)
    first, second = fallback_pair(
        script=[[Outcome(ACCEPTED, provider_id="1")] * 5, AccountFault("no credit")]
    )
    sending = world.send(first, second)
    assert sending.fault is None
    assert sending.faults["first"].message == "no credit"
    assert sending.through == {"first": 5, "second": 25}
    assert world.states() == {"accepted": 30}
    assert sorted(row["provider"] for row in world.rows()) == ["first"] * 5 + ["second"] * 25


def test_another_way_steps_in_while_the_first_is_closed_and_only_then(database: Database) -> None:
    world = World.of(database, 100)
    first, second = fallback_pair(script=[NotSent("down")] * 8)
    world.send(first, second, limit_letters=60)
    assert len(first.calls) == TRIP
    assert (len(first.received), len(second.received)) == (0, 60)
    world.time.shift += timedelta(minutes=5)
    first.script.clear()
    world.send(first, second, patience=3600.0)
    assert world.states() == {"accepted": 100}
    assert len(first.received) == 40, "as soon as it is well again it is the first again"
    everybody_once(world, first, second)


def test_a_call_in_doubt_at_one_way_never_goes_through_the_other(database: Database) -> None:
    world = World.of(database, 30)
    first, second = fallback_pair(script=[Unknown("no answer"), AccountFault("no credit")])
    sending = world.send(first, second)
    assert sending.fault is None
    assert world.states() == {"uncertain": 5, "accepted": 25}
    doubtful = [row["id"] for row in world.rows() if row["state"] == "uncertain"]
    with database.write() as connection:
        closing.resolve(connection, doubtful, call.State.RETRY_WAIT, "not found there", world.time.now())
        runs.change(connection, world.run, runs.DONE, runs.SENDING, world.time.now())
    first.script = [AccountFault("no credit")]
    sending = world.send(first, second)
    assert sending.fault is not None, "what is left may only go through the first"
    assert world.states() == {"retry_wait": 5, "accepted": 25}
    assert len(second.received) == 25
    assert world.send(first, second).fault is None
    assert sorted(row["provider"] for row in world.rows() if row["id"] in doubtful) == ["first"] * 5
    assert world.states() == {"accepted": 30}


def test_each_way_gets_letters_in_its_own_format(database: Database) -> None:
    world = World.of(database, 10)
    first, second = fallback_pair(script=[AccountFault("no credit")])
    from dataclasses import replace

    from engine.flows.deliver.sending import deliver
    from engine.flows.deliver.ways import with_fallback
    from tests.deliver.world import way

    ways = with_fallback(way(first, letters=Lines(5, wire="A:")), way(second, letters=Lines(3, wire="B:")))
    with world.worker() as worker:
        world.time.run(deliver(replace(world.order(worker, ways))))
    assert {message[:2] for _, message in second.received} == {b"B:"}
    assert [len(letters) for letters in second.calls] == [3, 3, 3, 1]
