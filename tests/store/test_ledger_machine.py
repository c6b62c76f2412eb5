"""Any order of plans, claims, calls, deaths, webhooks and people: nothing leaves twice and every number adds up.

The outside world is kept here, as a provider would: which letters it took. The ledger is compared with it.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from engine.errors import LeaseLost
from engine.model.words import ACCEPTED_STATES, Reason, State
from engine.store import codes, runs, subscriptions, tables, workers
from engine.store.counts import counts
from engine.store.database import Database, open_database
from engine.store.ledger import call, closing, queue, recovery
from engine.store.ledger.call import Consent, Ending, Receipt
from engine.store.ledger.queue import Claim
from engine.store.ledger.transitions import QUEUED, may_become
from engine.store.workers import Worker
from tests.builders import NOW, TOPIC, add_customers, add_run

pytestmark = pytest.mark.slow

PEOPLE = 6
FATES = st.lists(
    st.sampled_from(["accepted", "refused", "later", "unknown"]), min_size=PEOPLE, max_size=PEOPLE
)


class LedgerMachine(RuleBasedStateMachine):
    """Two workers and one run; `database` is set by the test."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        with self.database.write() as connection:
            for table in reversed(tables.metadata.sorted_tables):
                if table.name != "meta":
                    connection.execute(table.delete())
        self.people = add_customers(self.database, PEOPLE)
        self.run, self.variant = add_run(self.database)
        with self.database.write() as connection:
            codes.load(connection, "spring", [f"C{number}" for number in range(PEOPLE)])
            codes.reserve(connection, self.run, "spring", NOW)
        self.now = NOW
        self.workers: list[Worker] = [workers.sign_on(self.database, NOW) for _ in range(2)]
        self.claims: list[Claim | None] = [None, None]
        self.calls: list[tuple[Claim, int, list[int]] | None] = [None, None]
        self.taken: dict[int, int] = {}
        self.answers: dict[int, dict[int, str]] = {}
        self.left: set[int] = set()
        self.before = self.states()

    def teardown(self) -> None:
        for worker in self.workers:
            worker.close()

    def states(self) -> dict[int, State]:
        with self.database.read() as connection:
            table = tables.deliveries
            return {row[0]: State(row[1]) for row in connection.execute(select(table.c.id, table.c.state))}

    @rule(hours=st.integers(0, 48))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(data=st.data(), size=st.integers(1, PEOPLE))
    @precondition(lambda self: self.idle())
    def claim(self, data: st.DataObject, size: int) -> None:
        place = data.draw(st.sampled_from(self.idle()))
        with self.database.write() as connection:
            claim = queue.claim(connection, self.run, self.variant, size, self.workers[place], self.now)
        self.claims[place] = claim if claim.rows else None

    def idle(self) -> list[int]:
        return [place for place in (0, 1) if self.claims[place] is None and self.calls[place] is None]

    def claiming(self) -> list[int]:
        return [place for place in (0, 1) if self.claims[place] is not None]

    def calling(self) -> list[int]:
        return [place for place in (0, 1) if self.calls[place] is not None]

    @rule(data=st.data())
    @precondition(lambda self: self.claiming())
    def release(self, data: st.DataObject) -> None:
        place = data.draw(st.sampled_from(self.claiming()))
        claim, self.claims[place] = self.claims[place], None
        assert claim is not None
        with self.database.write() as connection:
            queue.release(connection, claim, self.now)

    @rule(data=st.data(), fates=FATES)
    @precondition(lambda self: self.claiming())
    def call(self, data: st.DataObject, fates: list[str]) -> None:
        """Intent, then the provider decides; the answer is on its way."""
        place = data.draw(st.sampled_from(self.claiming()))
        claim, self.claims[place] = self.claims[place], None
        assert claim is not None
        letters = [(row, b"", f"key-{row.delivery}-{row.attempt}") for row in claim.rows]
        try:
            with self.database.write() as connection:
                intent = call.intend(connection, claim, "outbox", Consent(TOPIC), letters, self.now)
        except LeaseLost:
            return
        sent = (
            [row.delivery for row in claim.rows if row.delivery not in intent.stopped] if intent.call else []
        )
        for row in claim.rows:
            assert row.customer not in self.left or row.delivery not in sent, "a letter to somebody who left"
        if not sent:
            with self.database.write() as connection:
                queue.release(connection, claim, self.now)
            return
        decided = dict(zip(sent, fates, strict=False))
        for delivery in sent:
            if decided[delivery] in {"accepted", "unknown"}:
                self.taken[delivery] = self.taken.get(delivery, 0) + 1
        self.answers[place] = decided
        self.calls[place] = (claim, intent.call, sent)

    @rule(data=st.data())
    @precondition(lambda self: self.calling())
    def answer(self, data: st.DataObject) -> None:
        """The answer arrives and is written down."""
        place = data.draw(st.sampled_from(self.calling()))
        waiting, self.calls[place] = self.calls[place], None
        assert waiting is not None
        claim, number, sent = waiting
        fates = self.answers[place]
        others = {
            "refused": lambda delivery: Receipt(delivery, State.FAILED, Reason.REFUSED_BY_PROVIDER),
            "later": lambda delivery: Receipt(
                delivery, State.RETRY_WAIT, due_at=self.now + timedelta(hours=1)
            ),
            "unknown": lambda delivery: Receipt(delivery, State.UNCERTAIN),
        }
        accepted = [(delivery, f"id-{delivery}") for delivery in sent if fates[delivery] == "accepted"]
        rest = [others[fates[delivery]](delivery) for delivery in sent if fates[delivery] != "accepted"]
        with self.database.write() as connection:
            call.settle(connection, claim, number, accepted, rest, Ending("answered", 200), self.now)

    @rule(data=st.data())
    @precondition(lambda self: len(self.idle()) < 2)
    def die(self, data: st.DataObject) -> None:
        """A process is gone with all it knew; another one starts."""
        place = data.draw(st.sampled_from(self.claiming() + self.calling()))
        self.claims[place] = self.calls[place] = None
        self.workers[place].close()
        self.workers[place] = workers.sign_on(self.database, self.now)

    @rule()
    def recover(self) -> None:
        with self.database.write() as connection:
            recovery.recover(connection, self.database.path, self.now)
        with self.database.write() as connection:
            again = recovery.recover(connection, self.database.path, self.now)
        assert (again.queued, again.uncertain, again.workers) == (0, 0, 0)

    @rule(data=st.data(), state=st.sampled_from([State.DELIVERED, State.BOUNCED, State.COMPLAINED]))
    @precondition(lambda self: self.taken)
    def hear(self, data: st.DataObject, state: State) -> None:
        """The provider tells about a letter it took."""
        delivery = data.draw(st.sampled_from(sorted(self.taken)))
        with self.database.write() as connection:
            closing.hear(connection, delivery, state, self.now)

    @rule()
    def look_up(self) -> None:
        """Uncertain deliveries are settled by what the provider knows."""
        for delivery, state in self.states().items():
            if state == State.UNCERTAIN and not self.on_its_way(delivery):
                outcome = State.ACCEPTED if delivery in self.taken else State.RETRY_WAIT
                with self.database.write() as connection:
                    assert closing.resolve(connection, [delivery], outcome, "looked up", self.now) == 1

    @rule(place=st.integers(0, PEOPLE - 1))
    def unsubscribe(self, place: int) -> None:
        with self.database.write() as connection:
            subscriptions.leave(connection, self.people[place], TOPIC, "reader page", self.now)
        self.left.add(self.people[place])

    @rule(to=st.sampled_from([runs.PAUSED, runs.SENDING]))
    def pause_or_resume(self, to: str) -> None:
        with self.database.write() as connection:
            runs.change(
                connection, self.run, runs.PAUSED if to == runs.SENDING else runs.SENDING, to, self.now
            )

    @rule(really=st.integers(0, 9))
    def cancel(self, really: int) -> None:
        if really == 0:
            with self.database.write() as connection:
                closing.cancel(connection, self.run, self.now)

    @rule()
    def finish(self) -> None:
        with self.database.write() as connection:
            pending = counts(connection, self.run).pending
            assert not closing.finish(connection, self.run, self.now) or pending == 0

    def on_its_way(self, delivery: int) -> bool:
        return any(waiting is not None and delivery in waiting[2] for waiting in self.calls)

    @invariant()
    def nothing_leaves_twice(self) -> None:
        assert all(times == 1 for times in self.taken.values())

    @invariant()
    def the_numbers_add_up(self) -> None:
        with self.database.read() as connection:
            assert counts(connection, self.run).selected == PEOPLE

    @invariant()
    def every_step_is_in_the_table(self) -> None:
        """One rule may make a few steps; each state must be reachable from the one before."""
        after = self.states()
        for delivery, state in after.items():
            assert state == self.before[delivery] or reachable(self.before[delivery], state)
        self.before = after

    @invariant()
    def the_ledger_knows_what_left(self) -> None:
        """What the provider took is accepted, or in doubt while nobody can know better; never queued again."""
        for delivery, state in self.states().items():
            if delivery in self.taken:
                assert state in ACCEPTED_STATES | {State.SUBMITTING, State.UNCERTAIN}
            if state in ACCEPTED_STATES:
                assert delivery in self.taken

    @invariant()
    def rows_hang_together(self) -> None:
        with self.database.read() as connection:
            rows = connection.execute(select(tables.deliveries)).mappings().all()
            held = codes.of_deliveries(connection, "spring", [row["id"] for row in rows])
        for row in rows:
            state = State(row["state"])
            assert (row["due_at"] is not None) == (state in QUEUED)
            assert (row["lease"] is not None) or state not in {State.CLAIMED, State.SUBMITTING}
            assert (row["id"] in held) == (state not in {State.SKIPPED, State.FAILED, State.CANCELLED})


def reachable(before: State, after: State) -> bool:
    seen, edge = {before}, {before}
    while edge:
        edge = {state for start in edge for state in State if may_become(start, state)} - seen
        seen |= edge
    return after in seen


@pytest.fixture
def quick_database(database: Database, request: pytest.FixtureRequest) -> Iterator[Database]:
    """The test's database; SQLite's in memory where the machine has a disk in it, for it is asked often."""
    fast = Path("/dev/shm")
    if not database.is_sqlite or not fast.is_dir():
        yield database
        return
    with tempfile.TemporaryDirectory(dir=fast) as folder:
        shutil.copy(request.getfixturevalue("sqlite_template"), folder)
        with open_database(f"sqlite:///{folder}/touchbase.db") as opened:
            yield opened


def test_no_order_of_things_loses_or_doubles_a_letter(quick_database: Database) -> None:
    machine = type("Machine", (LedgerMachine,), {"database": quick_database})
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            max_examples=60 if quick_database.is_sqlite else 15,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
