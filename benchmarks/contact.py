"""What the rules of contact cost: a million customers with twenty past letters each, planned with all rules on.

    python -m benchmarks.contact fill|freeze|gate|floors DATABASE CUSTOMERS

Planning is the whole audience in one statement, without rules and with every rule: two caps, cadence by tier, a balance
of intents, a hold, an order and quiet hours, for customers in six time zones. The gate is what sending asks once more:
batches of 500 people with their past, in the transaction of an intent. What floors cost stands beside it.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from datetime import datetime, timedelta
from datetime import time as clock
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import insert, literal, select, text

from benchmarks import floors
from benchmarks.planning import NOW, declared_fields, fill, served
from benchmarks.race import step
from benchmarks.table import Table
from benchmarks.ways.starting import peak
from engine.audience import moments
from engine.audience.clocks import Clocks, known_zone
from engine.audience.contact import Contact
from engine.audience.rulebook import Rulebook, rulebook
from engine.audience.selection import Selection, audience_select
from engine.definitions.schema.segments import SegmentsFile
from engine.flows.deliver.gating import ContactGate
from engine.model.contact import Label
from engine.model.duration import Duration, Unit
from engine.policy.quiet import Hours, Quiet
from engine.policy.rules import Balance, ByPeople, Cadence, Cap, Hold, Rules
from engine.store import runs, tables, touches
from engine.store.database import Database, open_database
from engine.store.ledger import plan
from engine.store.types import to_microseconds

LONDON = ZoneInfo("Europe/London")
ZONES = (
    "Europe/London",
    "Europe/Berlin",
    "America/New_York",
    "America/Los_Angeles",
    "Asia/Tokyo",
    "Australia/Sydney",
)
SEGMENTS = {
    "readers": {"all": [{"subscribed": "newsletter"}]},
    "open-complaint": {"all": [{"event": "complaint_opened", "without_later": "complaint_resolved"}]},
}
RUNS = 40
"""Each to every second customer: twenty letters a person, spread over two years."""
BATCH, BATCHES = 500, 40
CALLED = 20
"""One customer in so many was called by a person."""
INTENTS = ("give", "inform", "sell", "give", "ask")
DAY, WEEK, MONTH = (Duration(1, unit) for unit in (Unit.DAY, Unit.WEEK, Unit.MONTH))
RULES = Rules(
    Label("spring-sale", intent="sell", topic="newsletter"),
    holds=(Hold("open-complaint", "policy.yaml:9", "no marketing for open-complaint now"),),
    cadence=Cadence("tier", {"gold": WEEK, "silver": MONTH}, Duration(3, Unit.MONTH)),
    caps=(Cap(2, Duration(7, Unit.DAY), purpose="marketing"), Cap(1, MONTH, calendar=True, intent="sell")),
    balance=Balance("sell", 1, 3, not_in_first=2),
    quiet=Quiet(Hours(clock(20), clock(8))),
    ahead=("monthly-digest",),
    people=ByPeople(("call", "visit")),
)
COLUMNS = ("step", "database", "people", "seconds", "CPU s", "µs a person", "peak MB here")


def measure(databases: dict[str, str], customers: int) -> Table:
    """The table. `databases`: addresses by name, all empty."""
    rows = []
    for name, url in databases.items():
        step("benchmarks.contact", "fill", url, customers)
        for what in ("freeze", "gate", "floors"):
            for label, found in json.loads(step("benchmarks.contact", what, url, customers)).items():
                each = found["seconds"] / max(found["people"], 1) * 1e6
                rows.append(
                    (
                        label,
                        name,
                        f"{found['people']:,}",
                        f"{found['seconds']:.2f}",
                        f"{found['cpu']:.2f}",
                        f"{each:.1f}",
                        f"{found['peak']:.0f}",
                    )
                )
    past = customers * RUNS // 2
    return Table(
        "contact",
        COLUMNS,
        rows,
        f"{customers:,} customers in six time zones, {past:,} past letters, {customers // CALLED:,} calls.",
    )


def main() -> None:
    """One step; see the top of this file."""
    what, url, customers = sys.argv[1], sys.argv[2], int(sys.argv[3])
    with open_database(url) as database:
        if what == "fill":
            fill(database, customers)
            remember(database)
        else:
            found = {"freeze": planned, "gate": gated, "floors": forgotten}[what](database)
            print(json.dumps(found))


def remember(database: Database) -> None:
    """Time zones for everybody, and the past: runs of two years, each to every second customer."""
    people, rows = tables.customers, tables.deliveries
    for number, name in enumerate(ZONES):
        with database.write() as connection:
            this = people.update().where(people.c.id % len(ZONES) == number)
            connection.execute(this.values(time_zone=name))
    for number in range(RUNS):
        left = NOW - timedelta(days=730 * (RUNS - number) // RUNS - 1)
        with database.write() as connection:
            campaign = "spring-sale" if number % 10 == 4 else f"letter-{number % 7}"
            run, _ = runs.get_or_create(connection, campaign, str(number), as_of=left, now=left)
            touches.label(connection, run.id, Label(campaign, intent=INTENTS[number % len(INTENTS)]))
            connection.execute(
                tables.runs.update().where(tables.runs.c.id == run.id).values(state="done", finished_at=left)
            )
            given = {
                "run": run.id,
                "step": "",
                "state": "accepted",
                "attempt": 1,
                "submitted_at": to_microseconds(left),
            }
            names = [*given, "customer", "address"]
            source = select(*(literal(value) for value in given.values()), people.c.id, people.c.email)
            chosen = source.where((people.c.id + number) % 2 == 0)
            connection.execute(insert(rows).from_select(names, chosen, include_defaults=False))
    with database.write() as connection:
        called = {"kind": "call", "at": NOW - timedelta(days=40), "text": "hello", "recorded_at": NOW}
        columns = [literal(value, tables.touches.c[name].type) for name, value in called.items()]
        chosen = select(*columns, people.c.id).where(people.c.id % CALLED == 0)
        connection.execute(insert(tables.touches).from_select([*called, "customer"], chosen))
    with database.write() as connection:
        connection.execute(text("ANALYZE"))


def rules_at(database: Database, moment: datetime) -> Rulebook:
    """The segments, ready to be asked."""
    read = SegmentsFile.model_validate({"segments": SEGMENTS}).segments
    return rulebook(database, read, declared_fields(database), as_of=moment, zone=LONDON)


def forgotten(database: Database) -> dict[str, dict[str, float]]:
    """Who will be silent, and what is done about it."""
    return floors.measured(database, rules_at(database, NOW))


def planned(database: Database) -> dict[str, dict[str, float]]:
    """The same audience without rules, and with all of them."""
    return {
        "planned without rules": freeze(database, "plain", None),
        "planned with all rules": freeze(database, "ruled", RULES),
    }


class GivenUp(Exception):
    """Leaves a transaction without keeping it, so that the next plan meets the same past."""


def freeze(database: Database, occurrence: str, rules: Rules | None) -> dict[str, float]:
    """One run, as planning does it."""
    book, found = rules_at(database, NOW), {}
    with contextlib.suppress(GivenUp), database.write() as connection:
        run, _ = runs.get_or_create(connection, "spring-sale", occurrence, as_of=NOW, now=NOW)
        began, used = time.perf_counter(), time.process_time() + served(database)
        contact = None
        if rules is not None:
            zones = moments.zones(connection)
            contact = Contact(
                rules, Clocks.reading(zones, LONDON), lambda _: NOW, partial(touches.recent_runs, connection)
            )
            laid = [moments.OwnMoment(zone, contact.leaves(known_zone(zone, LONDON))) for zone in zones]
            moments.lay_out(connection, laid)
        selection = Selection(
            "spring-sale", occurrence, ("readers",), topic="newsletter", holdout=0.05, fields=("interests", "tier"),
            waves=contact is not None, contact=contact,
        )  # fmt: skip
        found["people"] = plan.freeze(connection, run.id, audience_select(book, selection), NOW)
        found["seconds"] = time.perf_counter() - began
        found["cpu"] = time.process_time() + served(database) - used
        found["peak"] = peak()
        raise GivenUp
    return found


def gated(database: Database) -> dict[str, dict[str, float]]:
    """Batches of people asked about in the transaction of an intent."""
    gate = ContactGate(RULES, {}, lambda moment: rules_at(database, moment), LONDON)
    caps = Rules(RULES.label, caps=RULES.caps)
    only_caps = ContactGate(caps, {}, lambda moment: rules_at(database, moment), LONDON)
    return {"gate, two caps": asked(database, only_caps), "gate, all rules": asked(database, gate)}


def asked(database: Database, gate: ContactGate) -> dict[str, float]:
    """So many batches through one gate."""
    began, used = time.perf_counter(), time.process_time() + served(database)
    for number in range(BATCHES):
        with database.write() as connection:
            gate(connection, range(1 + number * BATCH, 1 + (number + 1) * BATCH), NOW)
    cpu = time.process_time() + served(database) - used
    return {"people": BATCH * BATCHES, "seconds": time.perf_counter() - began, "cpu": cpu, "peak": peak()}


if __name__ == "__main__":
    main()
