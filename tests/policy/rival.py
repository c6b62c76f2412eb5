"""One of two senders that want to write to the same people: `python -m tests.policy.rival URL RUN VARIANT CAMPAIGN`."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from engine.audience.rulebook import rulebook
from engine.flows.deliver.gating import ContactGate
from engine.flows.deliver.rationing import SendersRoom
from engine.model.contact import Label
from engine.model.duration import Duration, Unit
from engine.policy.rules import Cap, Rules
from engine.store import workers
from engine.store.database import open_database
from engine.store.ledger import call, queue
from engine.store.ledger.gate import Stop
from tests.builders import NOW, TOPIC

BATCH = 10
HESITATION, LONG_HESITATION = 0.01, 0.3
"""Seconds between deciding and writing: long enough for the other sender to decide, if nothing keeps it from it."""


def main() -> None:
    """Sends everything that is due of the run, where the rules let it."""
    url, run, variant, campaign, *number = sys.argv[1:]
    rules = Rules(Label(campaign), caps=(Cap(1, Duration(7, Unit.DAY)),))
    with open_database(url) as database, workers.sign_on(database, NOW) as worker:
        zone = ZoneInfo("UTC")
        gate = ContactGate(
            rules, {}, lambda moment: rulebook(database, {}, (), as_of=moment, zone=zone), zone
        )

        def hesitating(connection: Connection, customers: Sequence[int], now: datetime) -> Mapping[int, Stop]:
            stops = gate(connection, customers, now)
            time.sleep(HESITATION)
            return stops

        def rationing(
            connection: Connection, variant: int, deliveries: Sequence[int], now: datetime
        ) -> Mapping[int, Stop]:
            at_most = {"priya": int(number[0])}
            room = SendersRoom(at_most, {"priya": "so many a day"}, lambda *_: "priya", zone)
            stops = room(connection, variant, deliveries, now)
            time.sleep(HESITATION if stops.keys() >= set(deliveries) else LONG_HESITATION)
            return stops

        asked = (None, rationing) if number else (hesitating, None)
        print("ready", flush=True)
        sys.stdin.readline()
        while True:
            with database.write() as connection:
                claim = queue.claim(connection, int(run), int(variant), BATCH, worker, NOW)
            if not claim.rows:
                return
            letters = [(row, b"slots", f"key-{row.delivery}") for row in claim.rows]
            with database.write() as connection:
                intent = call.intend(connection, claim, "outbox", call.Consent(TOPIC), letters, NOW, *asked)
            if not intent.call:
                continue
            sent = [(row.delivery, "id") for row in claim.rows if row.delivery not in intent.stopped]
            with database.write() as connection:
                call.settle(connection, claim, intent.call, sent, [], call.Ending("accepted", 200), NOW)


if __name__ == "__main__":
    main()
