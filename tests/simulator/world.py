"""One world: a run, its people, processes that send it, and everything that happens meanwhile, from one seed."""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from engine.errors import StoreError
from engine.flows.deliver.brakes import Brakes
from engine.flows.deliver.order import Order
from engine.flows.deliver.pace import a_minute, a_second
from engine.flows.deliver.reconciling import Inquiry, Witness, reconcile
from engine.flows.deliver.sending import deliver
from engine.flows.deliver.ways import Way, with_fallback
from engine.model.words import State
from engine.store import runs, sqlite, subscriptions, tables, workers
from engine.store.database import Database
from engine.store.ledger import closing, recovery
from tests.builders import NOW, TOPIC
from tests.deliver.world import CONSENT, Lines
from tests.doubles.virtual_time import VirtualTime
from tests.simulator.knobs import Knobs, drawn
from tests.simulator.outside import Outside, connect
from tests.simulator.promises import (
    Held,
    after_every_step,
    at_the_end,
    nobody_who_left,
    numbers_add_up,
    promise,
)
from tests.simulator.storage import PowerCut, Process, Storage, current

STORMY_ROUNDS = 6
"""Processes are started so many times while everything goes wrong; then the world becomes quiet."""

QUIET_ROUNDS = 40
"""And then so many times at most until the run is at its end: an open circuit and waiting letters take their time."""


class World:
    """`database`: its own, one run already planned. `trace`: what happened, in order."""

    def __init__(self, seed: int, database: Database, run: int, people: list[int]) -> None:
        self.seed = seed
        self.chance = random.Random(seed)
        self.clock_chance = random.Random(f"{seed} clock")
        self.knobs: Knobs = drawn(self.chance)
        self.database = database
        self.run = run
        self.people = people[: self.knobs.people]
        self.time = VirtualTime(NOW)
        self.trace: list[str] = []
        self.stormy = True
        self.left: set[int] = set()
        self.started = 0
        self.steps = 0
        self.doubtful = 0
        names = ["first", "second"] if self.knobs.fallback else ["first"]
        self.outsides = [
            Outside(name, self.knobs, random.Random(f"{seed} {name}"), self.time.tick, self.tell)
            for name in names
        ]
        self.customer_of: dict[int, int] = {}
        self.before: dict[int, Held] = {}

    def tell(self, words: str) -> None:
        """Notes what happened."""
        self.trace.append(f"{self.time.tick():10.2f}  {words}")

    @property
    def taken(self) -> list[str]:
        """What really left, by our own ids."""
        return [reference for outside in self.outsides for reference in outside.references()]

    def check(self) -> None:
        """After every commit."""
        self.steps += 1
        with self.database.read() as connection:
            now = after_every_step(connection, self.knobs.people, self.taken)
        nobody_who_left(self.before, now, {number for number in now if self.customer_of[number] in self.left})
        self.before = now

    async def live(self) -> None:
        """The whole life of this world. Raises Broken with what it did not keep."""
        self._shrink()
        for _ in range(STORMY_ROUNDS):
            await asyncio.gather(
                *(self.process() for _ in range(self.chance.randint(1, self.knobs.processes)))
            )
            await self._between()
        self._calm()
        for _ in range(QUIET_ROUNDS):
            await self.process()
            with self.database.read() as connection:
                found = runs.get(connection, self.run)
            assert found is not None
            if found.state in (runs.DONE, runs.CANCELLED) and not self._may_still_be_found_out():
                break
            await asyncio.sleep(1800.0)
        # What was on its way arrives, and is still nobody's second letter.
        await asyncio.sleep(2 * self.knobs.lag + 600)
        self.check()
        at_the_end(self.database, self.run, self.time.now())
        self._nobody_is_left_in_doubt()
        self.doubtful = len(self.doubts())

    async def process(self) -> None:
        """One command: recover, look into what is in doubt, send. It may die, or end for want of a database."""
        number = self.started = self.started + 1
        death = self.knobs.death if self.stormy else 0.0
        process = Process(number, random.Random(f"{self.seed} process {number}"), death)
        token = current.set(process)
        storage = Storage(self.database, process, self._failing, self.check)
        self.tell(f"process {number} begins")
        try:
            process.worker = workers.sign_on(storage, self.time.now())
            with storage.write() as connection:
                recovery.recover(connection, storage.path, self.time.now())
            await reconcile(self._inquiry(storage, process.worker))
            sending = await deliver(self._order(storage, process.worker))
            if sending.doubtful:
                await reconcile(self._inquiry(storage, process.worker))
            ended = sending.stopped or (sending.fault.message if sending.fault else "")
            process.worker.close()
            self.tell(f"process {number} ends: {sending.accepted} accepted {ended}")
        except PowerCut as cut:
            self.tell(f"process {number} dies at {cut}")
        except StoreError as error:
            self.tell(f"process {number} gives up: {error.message}")
        finally:
            process.dead = True
            process.bury()
            current.reset(token)
        self.check()
        with self.database.read() as connection:
            numbers_add_up(connection, self.run, self.before)

    def _failing(self) -> float:
        return self.knobs.database if self.stormy else 0.0

    def _order(self, storage: Database, worker: workers.Worker) -> Order:
        ways = [self._way(outside) for outside in self.outsides]
        chosen = with_fallback(*ways) if len(ways) == 2 else tuple(ways)
        hours = self.knobs.max_age_hours
        return Order(
            database=storage,
            run=self.run,
            worker=worker,
            ways=chosen,
            consent=CONSENT,
            now=self.time.now,
            wall=self.time.now,
            tick=self.time.tick,
            chance=self.chance.random,
            stopping=lambda: False,
            lanes=self.knobs.lanes,
            limit_of_run=a_minute(self.knobs.per_minute) if self.knobs.per_minute else None,
            brakes=Brakes(deadline=NOW + timedelta(hours=hours) if hours is not None else None),
            patience=60.0,
            impatient=self.started % 2 == 0,
            tell=self._meanwhile,
        )

    def _way(self, outside: Outside) -> Way:
        limit = self.knobs.limit
        return Way(
            outside.name,
            Lines(self.knobs.batch),
            lambda: connect(outside),
            a_second(limit) if limit else None,
        )

    def _inquiry(self, storage: Database, worker: workers.Worker) -> Inquiry:
        witnesses = {
            outside.name: Witness(outside.name, Lines(), lambda outside=outside: connect(outside))
            for outside in self.outsides
        }
        return Inquiry(
            database=storage,
            run=self.run,
            worker=worker,
            witness=witnesses.get,
            consent=CONSENT,
            now=self.time.now,
            wall=self.time.now,
            tick=self.time.tick,
            stopping=lambda: False,
        )

    def _meanwhile(self, accepted: int) -> None:
        """What happens while letters leave: people go, news comes, somebody pauses or ends the run."""
        if not self.stormy:
            return
        chance, knobs = self.chance, self.knobs
        if chance.random() < knobs.leave:
            self._somebody_leaves()
        if chance.random() < knobs.news and self.taken:
            self._news()
        if chance.random() < knobs.pause:
            self._change(runs.PAUSED)
        if chance.random() < knobs.cancel:
            self._change(runs.CANCELLED)
        if self.clock_chance.random() < knobs.jump:
            self._set_clock_by_an_hour()

    async def _between(self) -> None:
        """Between commands: time passes, the clock jumps, a paused run is let go on."""
        chance = self.chance
        await asyncio.sleep(chance.choice([0.0, 1.0, 30.0, 400.0, 4000.0]))
        if chance.random() < self.knobs.leave * 3:
            self._somebody_leaves()
        if chance.random() < self.knobs.jump:
            self._set_clock()
        if self.clock_chance.random() < self.knobs.jump:
            self._set_clock_by_an_hour()
        for outside in self.outsides:
            outside.account = True
        self._change(runs.SENDING)

    def _set_clock(self) -> None:
        """Back by a minute at most, which every margin allows for; forward by anything, but only where nobody searches.

        After more than a minute forward a search would be asked too early: docs/faults.md.
        """
        jump = self.chance.choice([-60.0, 60.0, 3600.0, 86400.0])
        if -60.0 <= self.time.shift.total_seconds() + jump <= self._farthest:
            self._jump(jump)

    def _set_clock_by_an_hour(self) -> None:
        """At any moment, also while letters leave. Back only where no key is forgotten meanwhile: docs/faults.md."""
        knobs, jump = self.knobs, self.clock_chance.choice([-3600.0, 3600.0])
        may_go_back = knobs.evidence != "key" or knobs.key_lifetime == float("inf")
        shift = self.time.shift.total_seconds() + jump
        if (jump > 0 or may_go_back) and -7200.0 <= shift <= self._farthest:
            self._jump(jump)

    @property
    def _farthest(self) -> float:
        return 0.0 if self.knobs.evidence == "search" else float("inf")

    def _jump(self, seconds: float) -> None:
        self.time.shift += timedelta(seconds=seconds)
        self.tell(f"the clock jumps by {seconds:.0f} s")

    def _somebody_leaves(self) -> None:
        customer = self.chance.choice(self.people)
        self.left.add(customer)
        self.tell(f"customer {customer} leaves")
        with self.database.write() as connection:
            subscriptions.leave(connection, customer, TOPIC, "page", self.time.now())

    def _news(self) -> None:
        reference = self.chance.choice(self.taken)
        state = self.chance.choice([State.DELIVERED, State.BOUNCED, State.COMPLAINED])
        self.tell(f"news of {reference}: {state}")
        with self.database.write() as connection:
            closing.hear(connection, int(reference[2:]), state, self.time.now())

    def _change(self, to: str) -> None:
        with self.database.write() as connection:
            if to == runs.PAUSED:
                changed = runs.pause(connection, self.run, "somebody paused it")
            elif to == runs.CANCELLED:
                changed = closing.cancel(connection, self.run, self.time.now()) > 0
            else:
                changed = runs.resume(connection, self.run, self.time.now())
        if changed:
            self.tell(f"somebody makes the run {to}")
        self.check()

    def _calm(self) -> None:
        self.tell("from now on all goes well")
        self.stormy = False
        for outside in self.outsides:
            outside.healthy = True
        self._change(runs.SENDING)

    def _shrink(self) -> None:
        """Takes the people out of the plan that this world does not have."""
        table = tables.deliveries
        with self.database.write() as connection:
            connection.execute(table.delete().where(table.c.customer.not_in(self.people)))
            rows = connection.execute(select(table.c.id, table.c.customer)).all()
        for number, customer in rows:
            self.customer_of[number] = customer

    def doubts(self) -> list[int]:
        """Letters in doubt."""
        table = tables.deliveries
        with self.database.read() as connection:
            return list(
                connection.execute(select(table.c.id).where(table.c.state == State.UNCERTAIN)).scalars()
            )

    def _may_still_be_found_out(self) -> bool:
        return bool(self.doubts()) and self.knobs.evidence == "search"

    def _nobody_is_left_in_doubt(self) -> None:
        """A provider that can be searched leaves nobody in doubt, once there is anybody known to have arrived."""
        if self.knobs.evidence == "search" and any(self._known_to_have_arrived()):
            promise(not self.doubts(), f"letters {self.doubts()} are still in doubt")

    def _known_to_have_arrived(self) -> Iterator[bool]:
        table = tables.deliveries
        with self.database.read() as connection:
            rows = connection.execute(select(table.c.provider, table.c.provider_id, table.c.state)).all()
        names = {row[0] for row in rows if row[2] == State.UNCERTAIN}
        for name in names:
            yield any(row[0] == name and row[1] and row[2] != State.UNCERTAIN for row in rows)


def planned_template(path: Path, people: int) -> tuple[int, list[int]]:
    """A database file with one planned run for everybody; its number and the customers'."""
    from engine.store.database import open_database
    from tests.builders import add_customers, add_run

    with open_database(f"sqlite:///{path}") as database:
        customers = add_customers(database, people)
        run, _ = add_run(database, state=runs.READY)
        with database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return run, customers


@contextmanager
def world_of(seed: int, template: Path, folder: Path, run: int, people: list[int]) -> Iterator[World]:
    """The world of a seed, on a copy of the template."""
    path = folder / f"{seed}.db"
    shutil.copyfile(template, path)
    with Database(sqlite.make_engine(path), str(path), path) as database:
        yield World(seed, database, run, people)
    for file in folder.glob(f"{seed}.db*"):
        file.unlink()
