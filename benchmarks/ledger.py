"""What the ledger costs a letter: claim, intent and receipt against bare writes of the same rows.

The floor is two bare statements a row, prepared once, in the same batches and the same database: "taken" before
the call and "done" after it, with no lease, no checks and no evidence.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import literal, select, text

from benchmarks.table import Table
from engine.store import bulk, customers, runs, subscriptions, tables, variants, workers
from engine.store.database import Database, open_database
from engine.store.ledger import call, plan, queue
from engine.store.ledger.call import Consent, Ending

NOW = datetime(2027, 1, 5, 9, 30, tzinfo=UTC)
SLOTS = b"\x93\xa5Alice\xa6London" + b"0123456789abcdef" * 12
"""About what the personal values of one letter weigh: two hundred bytes."""


BATCH = 500
COLUMNS = ("part", "CPU µs a row", "wall µs a row", "× the floor's CPU")


def measure(folder: Path, rows: int, rounds: int) -> Table:
    """The table: medians of the rounds, on SQLite, where all of it is this process's."""
    with open_database(f"sqlite:///{folder / 'ledger.db'}") as database:
        people(database, rows)
        return report([one_round(database, number, BATCH) for number in range(rounds)], rows)


def one_round(database: Database, number: int, batch: int) -> dict[str, tuple[float, float]]:
    """One run through the ledger and one through the bare statements: CPU and wall seconds of each."""
    run, variant = freeze(database, f"round-{number}")
    found: dict[str, tuple[float, float]] = {}
    with workers.sign_on(database, NOW) as worker:
        found |= timed(lambda clock: through_the_ledger(database, worker, run, variant, batch, clock))
    found |= timed(lambda clock: bare(database, run, batch, clock))
    with database.write() as connection:
        connection.execute(text("DELETE FROM deliveries"))
    return found


class Clock:
    """Adds up CPU and wall time under a name."""

    def __init__(self) -> None:
        self.sums: dict[str, tuple[float, float]] = {}
        self._mark = (0.0, 0.0)

    def start(self) -> None:
        """From here on."""
        self._mark = (time.process_time(), time.perf_counter())

    def stop(self, name: str) -> None:
        """Until here, for this name."""
        cpu, wall = self.sums.get(name, (0.0, 0.0))
        self.sums[name] = (
            cpu + time.process_time() - self._mark[0],
            wall + time.perf_counter() - self._mark[1],
        )


def timed(work: Callable[[Clock], None]) -> dict[str, tuple[float, float]]:
    """What the work's clock added up."""
    clock = Clock()
    work(clock)
    return clock.sums


def through_the_ledger(
    database: Database, worker: workers.Worker, run: int, variant: int, batch: int, clock: Clock
) -> None:
    """The whole run as delivery does it: receipt of one batch and claim of the next in one transaction."""
    consent, ending = Consent("newsletter"), Ending("accepted", 200)
    clock.start()
    with database.write() as connection:
        claim = queue.claim(connection, run, variant, batch, worker, NOW)
    clock.stop("claim + receipt")
    while claim.rows:
        letters = [(row, SLOTS, f"key-{row.delivery}") for row in claim.rows]
        clock.start()
        with database.write() as connection:
            intent = call.intend(connection, claim, "outbox", consent, letters, NOW)
        clock.stop("last look + intent")
        accepted = [(row.delivery, f"0f3c2a9e-{row.delivery}") for row in claim.rows]
        clock.start()
        with database.write() as connection:
            call.settle(connection, claim, intent.call, accepted, [], ending, NOW)
            claim = queue.claim(connection, run, variant, batch, worker, NOW)
        clock.stop("claim + receipt")


def bare(database: Database, run: int, batch: int, clock: Clock) -> None:
    """The floor: two updates by primary key for each row, in two transactions for each batch."""
    with database.read() as connection:
        ids = [row[0] for row in bulk.run(connection, f"SELECT id FROM deliveries WHERE run = {run}")]
    table, words = tables.deliveries, SLOTS.decode("latin-1")
    for start in range(0, len(ids), batch):
        some = ids[start : start + batch]
        clock.start()
        with database.write() as connection:
            bulk.update_rows(
                connection, table.c.id, (table.c.state, table.c.detail), [("taken", words, i) for i in some]
            )
        with database.write() as connection:
            rows = [("done", f"0f3c2a9e-{i}", i) for i in some]
            bulk.update_rows(connection, table.c.id, (table.c.state, table.c.provider_id), rows)
        clock.stop("floor")


def people(database: Database, rows: int) -> None:
    """That many subscribed customers."""
    for start in range(0, rows, 5000):
        with database.write() as connection:
            batch = [(f"c{i}", f"c{i}@example.org") for i in range(start, min(start + 5000, rows))]
            added = customers.upsert(connection, (), ("customer_id", "email"), batch, NOW)
            pairs = [(customer, "newsletter") for customer in added.customers]
            subscriptions.subscribe_imported(connection, pairs, "benchmark", NOW)


def freeze(database: Database, occurrence: str) -> tuple[int, int]:
    """A run that is being sent to everybody."""
    with database.write() as connection:
        run, _ = runs.get_or_create(connection, "benchmark", occurrence, as_of=NOW, now=NOW)
        variant = variants.get_or_create(connection, run.id, "only", b"", "Hello", [], NOW)
        table = tables.customers
        everybody = select(
            table.c.id.label("customer"), literal("planned").label("state"), table.c.email.label("address")
        )
        plan.freeze(connection, run.id, everybody, NOW)
        plan.assign(connection, run.id, [plan.Choice("", variant)])
        plan.open_run(connection, run.id, NOW)
        runs.change(connection, run.id, runs.READY, runs.SENDING, NOW)
    return run.id, variant


def report(figures: list[dict[str, tuple[float, float]]], rows: int) -> Table:
    """One line for each part: the median of the rounds, and the ratio to the floor."""
    floor = [figure["floor"] for figure in figures]
    parts = ("claim + receipt", "last look + intent")
    lines = []
    for name in (*parts, "ledger", "floor"):
        of = [
            tuple(
                sum(figure[part][place] for part in (parts if name == "ledger" else (name,)))
                for place in (0, 1)
            )
            for figure in figures
        ]
        cpu, wall = (statistics.median(pair[place] for pair in of) / rows * 1e6 for place in (0, 1))
        ratio = statistics.median(pair[0] / base[0] for pair, base in zip(of, floor, strict=True))
        lines.append((name, f"{cpu:.1f}", f"{wall:.1f}", f"{ratio:.2f}"))
    return Table(
        "ledger", COLUMNS, lines, f"{rows:,} rows in batches of {BATCH}, {len(figures)} rounds, SQLite."
    )
