"""A small sender in a process of its own, to be killed: `python -m tests.store.sender plan|send URL LOG`.

The log stands for the provider: what is in it has left the house, whatever the ledger believes.
"""

from __future__ import annotations

import os
import signal
import sys

from sqlalchemy import literal, select

from engine.store import runs, tables, variants, workers
from engine.store.crash import crash
from engine.store.database import Database, open_database
from engine.store.ledger import call, closing, plan, queue, recovery
from tests.builders import NOW, TOPIC

BATCH = 5
STOP = "STOP_AFTER_EVERY_INTENT"
"""With this variable the process stops itself, as if its machine slept, between every intent and its call."""


def main() -> None:
    """Plans the one run of this database, or sends what is left of it."""
    what, url, log = sys.argv[1:]
    with open_database(url) as database:
        if what == "plan":
            make_plan(database)
        else:
            send(database, log)


def make_plan(database: Database) -> None:
    """Everybody gets the one letter, in three transactions."""
    with database.write() as connection:
        run, _ = runs.get_or_create(connection, "digest", "2027-01", as_of=NOW, now=NOW)
        everybody = select(tables.customers.c.id.label("customer"), literal("planned").label("state"))
        plan.freeze(connection, run.id, everybody, NOW)
    with database.write() as connection:
        variant = variants.get_or_create(connection, run.id, "only", b"", "Hello", [], NOW)
        plan.assign(connection, run.id, [plan.Choice("", variant)])
    with database.write() as connection:
        plan.open_run(connection, run.id, NOW)
        runs.change(connection, run.id, runs.READY, runs.SENDING, NOW)


def send(database: Database, log: str) -> None:
    """Takes back what the dead left, then claims, intends, calls and settles until nothing is due."""
    with database.write() as connection:
        recovery.recover(connection, database.path, NOW)
    with database.read() as connection:
        (run,) = runs.recent(connection)
        waiting = list(queue.due_variants(connection, run.id, NOW))
    with workers.sign_on(database, NOW) as worker, open(log, "a", encoding="ascii") as provider:
        for variant in waiting:
            while send_batch(database, worker, run.id, variant, provider.fileno()):
                pass
    with database.write() as connection:
        closing.finish(connection, run.id, NOW)


def send_batch(database: Database, worker: workers.Worker, run: int, variant: int, provider: int) -> bool:
    """One batch; False when there was none."""
    with database.write() as connection:
        claim = queue.claim(connection, run, variant, BATCH, worker, NOW)
    crash("after_claim")
    if not claim.rows:
        return False
    letters = [(row, b"slots", f"key-{row.delivery}") for row in claim.rows]
    with database.write() as connection:
        intent = call.intend(connection, claim, "outbox", call.Consent(TOPIC), letters, NOW)
    crash("after_intent")
    if os.environ.get(STOP):
        os.kill(os.getpid(), signal.SIGSTOP)
    sent = [row.delivery for row in claim.rows if row.delivery not in intent.stopped] if intent.call else []
    os.write(provider, "".join(f"{delivery}\n" for delivery in sent).encode())
    crash("after_call")
    with database.write() as connection:
        accepted = [(delivery, f"id-{delivery}") for delivery in sent]
        call.settle(connection, claim, intent.call, accepted, [], call.Ending("accepted", 200), NOW)
    crash("after_receipt")
    return True


if __name__ == "__main__":
    main()
