"""A run and what sends it, without templates: the real flow and store, letters of one line, a provider in process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select

from engine.flows.deliver.letters import Filled
from engine.flows.deliver.order import Order
from engine.flows.deliver.reconciling import Findings, Inquiry, Witness, reconcile
from engine.flows.deliver.sending import Sending, deliver
from engine.flows.deliver.ways import Way, with_fallback
from engine.model.letter import Batch
from engine.providers.base import Provider
from engine.store import runs, tables, workers
from engine.store.counts import counts
from engine.store.database import Database
from engine.store.ledger import recovery
from engine.store.ledger.call import Consent
from engine.store.ledger.queue import Claim
from tests.builders import NOW, TOPIC, add_customers, add_run
from tests.doubles.scripted import Scripted
from tests.doubles.virtual_time import VirtualTime

CONSENT = Consent(TOPIC)


@dataclass
class Lines:
    """Letters of one line each: the delivery's number. `most`: for `size`; `wire`: stands before every letter."""

    most: int = 100
    wire: str = ""
    unmakeable: frozenset[int] = frozenset()
    sizes: dict[int, int] = field(default_factory=dict)
    ready: set[int] = field(default_factory=set)

    def is_ready(self, variant: int) -> bool:
        return variant in self.ready

    def size(self, variant: int) -> int:
        self.ready.add(variant)
        return self.sizes.get(variant, self.most)

    def fill(self, claim: Claim) -> Filled:
        filled = Filled()
        for row in sorted(claim.rows):
            if row.customer in self.unmakeable:
                filled.stopped.append((row.delivery, "missing_value", "no name"))
                continue
            slots, key = f"letter {row.delivery}".encode(), f"{row.delivery}.{row.attempt}"
            self.add(filled.batch, row.delivery, slots, key)
            filled.letters.append((row, slots, key))
        return filled

    def again(self, variant: int, letters: Sequence[tuple[bytes, str]]) -> Batch:
        batch = Batch()
        for slots, key in letters:
            self.add(batch, int(slots.split()[-1]), slots, key)
        return batch

    def whom(self, slots: bytes) -> tuple[str, str]:
        number = int(slots.split()[-1])
        return f"r-{number}", f"d{number}@example.org"

    def add(self, batch: Batch, delivery: int, slots: bytes, key: str) -> None:
        batch.parts.append(self.wire.encode() + slots)
        batch.ends.append(len(batch.parts))
        batch.references.append(f"r-{delivery}")
        batch.keys.append(key)
        batch.recipients.append(f"d{delivery}@example.org")
        batch.senders.append("team@example.org")


@dataclass
class World:
    """One run of `people` letters on a database, and the clock of everything that happens to it."""

    database: Database
    run: int
    variant: int
    people: list[int]
    time: VirtualTime
    stop: bool = False

    @classmethod
    def of(cls, database: Database, people: int = 20, **run: Any) -> World:
        customers = add_customers(database, people)
        number, variant = add_run(database, **run)
        return cls(database, number, variant, customers, VirtualTime(NOW))

    @contextmanager
    def worker(self) -> Iterator[workers.Worker]:
        with workers.sign_on(self.database, self.time.now()) as worker:
            with self.database.write() as connection:
                recovery.recover(connection, self.database.path, self.time.now())
            yield worker

    def order(self, worker: workers.Worker, ways: Sequence[Way], **more: Any) -> Order:
        return Order(
            database=self.database,
            run=self.run,
            worker=worker,
            ways=ways,
            consent=CONSENT,
            now=self.time.now,
            wall=self.time.now,
            tick=self.time.tick,
            chance=lambda: 0.5,
            stopping=lambda: self.stop,
            **more,
        )

    def send(
        self, *providers: Provider, letters: Lines | None = None, limit: Any = None, **more: Any
    ) -> Sending:
        """One command's worth of sending; the second provider steps in for the first.

        `limit`: of the first provider's bucket. `limit_letters`: how many letters now.
        """
        more["limit"] = more.pop("limit_letters", None)
        found = [way(provider, letters=letters) for provider in providers]
        found[0] = replace(found[0], limit=limit)
        ways = with_fallback(*found) if len(found) == 2 else tuple(found)
        with self.worker() as worker:
            return self.time.run(deliver(self.order(worker, ways, **more)))

    def reconcile(self, *providers: Provider, letters: Lines | None = None) -> Findings:
        """One look into what is in doubt."""
        witnesses = {
            provider.name: Witness(provider.name, letters or Lines(), lambda provider=provider: provider)
            for provider in providers
        }
        with self.worker() as worker:
            inquiry = Inquiry(
                database=self.database,
                run=self.run,
                worker=worker,
                witness=witnesses.get,
                consent=CONSENT,
                now=self.time.now,
                wall=self.time.now,
                tick=self.time.tick,
                stopping=lambda: self.stop,
            )
            return self.time.run(reconcile(inquiry))

    def states(self) -> dict[str, int]:
        with self.database.read() as connection:
            found: dict[str, int] = {}
            for (state,) in connection.execute(select(tables.deliveries.c.state)):
                found[state] = found.get(state, 0) + 1
            assert counts(connection, self.run).selected == len(self.people)
        return found

    def rows(self) -> list[Any]:
        with self.database.read() as connection:
            table = tables.deliveries
            return list(connection.execute(select(table).order_by(table.c.id)).mappings())

    def state(self) -> str:
        with self.database.read() as connection:
            found = runs.get(connection, self.run)
        assert found is not None
        return found.state


def way(provider: Provider, *, letters: Lines | None = None, name: str = "") -> Way:
    """A provider in process as a way out."""
    connect: Callable[[], Provider] = lambda: provider  # noqa: E731
    return Way(name or provider.name, letters or Lines(provider.limits.messages), connect)


def everybody_once(world: World, *providers: Scripted) -> None:
    """The providers' own logs: nobody was written to twice, and who is accepted was written to."""
    taken = [reference for provider in providers for reference, _ in provider.received]
    assert len(taken) == len(set(taken)), "a letter left twice"
    accepted = {f"r-{row['id']}" for row in world.rows() if row["state"] == "accepted"}
    assert accepted <= set(taken)
