"""What it costs to decide who gets a letter: a million customers, five conditions, two of them on events.

    python -m benchmarks.planning fill|freeze DATABASE CUSTOMERS

The floor is the barest copy of the same rows into the ledger: INSERT … SELECT of every selected customer's number
and address, with no conditions, consent, holdout or profile. Freezing is the whole of it in one statement, as a
run does it. Each step is a process of its own, so that its memory is its own; the database's is not in it.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import insert, literal, select, text

from benchmarks.race import step
from benchmarks.table import Table
from benchmarks.ways.starting import peak
from engine.audience.rulebook import Rulebook, rulebook
from engine.audience.segments import segment_select
from engine.audience.selection import Selection, audience_select
from engine.definitions.schema.segments import SegmentsFile
from engine.model.address import address_hash
from engine.store import bulk, runs, tables
from engine.store.database import Database, open_database
from engine.store.fields import FieldColumn, customer_table, ensure
from engine.store.ledger import plan
from engine.store.types import join_words, to_microseconds

NOW = datetime(2027, 1, 5, 9, 30, tzinfo=UTC)
COUNTRIES = ("GB", "IE", "FR", "DE")
INTERESTS = ("coffee", "tea", "history", "science", "travel")
TIERS = ("gold", "silver", "bronze")
EVENTS_EACH = 3
CHUNK = 20_000
SEGMENTS = {
    "broad": {
        "all": [
            {"subscribed": "newsletter"},
            {"field": "country", "is": ["GB", "IE", "FR"]},
            {"field": "lifetime_value", "at_least": 50},
            {"event": "order_placed", "count": {"at_least": 2}},
            {
                "not": {
                    "event": "complaint_opened",
                    "within": "30 days",
                    "without_later": "complaint_resolved",
                }
            },
        ]
    },
    "narrow": {
        "all": [
            {"subscribed": "newsletter"},
            {"field": "interests", "contains": "coffee"},
            {"field": "tier", "is": "gold"},
            {"event": "order_placed", "count": {"at_least": 2}},
            {"event": "order_placed", "not_within": "180 days"},
        ]
    },
}
EXCLUDED = {"open-complaint": {"all": [{"event": "complaint_opened", "without_later": "complaint_resolved"}]}}


COLUMNS = ("run", "database", "people with a row", "seconds", "CPU s", "× a bare copy", "peak MB here")


def measure(databases: dict[str, str], customers: int) -> Table:
    """The table: each segment frozen on each of these databases, which are empty. `databases`: addresses by name."""
    rows = []
    for name, url in databases.items():
        step("benchmarks.planning", "fill", url, customers)
        for segment, found in json.loads(step("benchmarks.planning", "freeze", url, customers)).items():
            rows.append(
                (
                    f"`{segment}`",
                    name,
                    f"{found['people']:,}",
                    f"{found['seconds']:.1f}",
                    f"{found['cpu']:.1f}",
                    f"{found['seconds'] / found['floor']:.1f}",
                    f"{found['peak']:.0f}",
                )
            )
    note = (
        f"{customers:,} customers, {EVENTS_EACH * customers:,} orders, a complaint for every twentieth, most resolved. "
        "With exclusion, consent, suppressions, shared addresses, holdout and profile."
    )
    return Table("planning", COLUMNS, rows, note)


def main() -> None:
    """One step; see the top of this file."""
    what, url, customers = sys.argv[1], sys.argv[2], int(sys.argv[3])
    with open_database(url) as database:
        if what == "fill":
            fill(database, customers)
        else:
            print(json.dumps(frozen(database)))


def declared_fields(database: Database) -> tuple[FieldColumn, ...]:
    """The fields that the segments ask about."""
    kinds = {"country": "text", "interests": "list", "tier": "one_of", "lifetime_value": "number"}
    return ensure(database, kinds, NOW)


def fill(database: Database, number: int) -> None:
    """Customers, subscriptions, events and some suppressions, in chunks."""
    declared = declared_fields(database)
    customers, chance = customer_table(declared), random.Random(7)
    columns = [
        customers.c[name]
        for name in ("id", "customer_id", "email", "address_hash", "created_at", "updated_at")
    ]
    columns += [customers.c[field.column] for field in declared]
    said = [
        tables.subscriptions.c[name] for name in ("customer", "topic", "subscribed", "changed_at", "source")
    ]
    event = [tables.events.c[name] for name in ("customer", "name", "at", "fields", "identity", "source")]
    stop = [tables.suppressions.c[name] for name in ("address_hash", "scope", "reason", "source", "at")]
    moment = to_microseconds(NOW)
    for first in range(1, number + 1, CHUNK):
        ids = range(first, min(first + CHUNK, number + 1))
        people = [person(id, moment, chance) for id in ids]
        with database.write() as connection:
            bulk.insert_rows(connection, columns, people)
            topics = [(id, "newsletter", chance.random() < 0.9, moment, "made up") for id in ids]
            bulk.insert_rows(connection, said, topics)
            bulk.insert_rows(connection, event, list(happened(ids, chance)))
            bulk.insert_rows(
                connection, stop, [(row[3], "all", "bounced", "x", moment) for row in people[::50]]
            )
    with database.write() as connection:
        connection.execute(text("ANALYZE"))


def person(id: int, moment: int, chance: random.Random) -> bulk.Row:
    """One made-up customer in stored form; every thousandth has the address of the one before."""
    email = f"customer{id - (id % 1000 == 0)}@shop.example"
    words = join_words(chance.sample(INTERESTS, 2))
    value, country, tier = (
        round(chance.lognormvariate(5, 1), 2),
        chance.choice(COUNTRIES),
        chance.choice(TIERS),
    )
    return (id, f"c{id}", email, address_hash(email), moment, moment, country, words, tier, value)


def happened(ids: range, chance: random.Random) -> Iterator[bulk.Row]:
    """Orders over two years, and a complaint for every twentieth, most of them resolved."""
    for id in ids:
        for number in range(chance.randint(0, 2 * EVENTS_EACH)):
            at = to_microseconds(NOW - timedelta(days=chance.random() * 730))
            yield (id, "order_placed", at, '{"total": 12.5}', b"o%d-%d" % (id, number), "made up")
        if id % 20 == 0:
            at = to_microseconds(NOW - timedelta(days=20))
            yield (id, "complaint_opened", at, '{"severity": 2}', b"c%d" % id, "made up")
            if id % 60:
                yield (id, "complaint_resolved", at + 3_600_000_000, "{}", b"r%d" % id, "made up")


def frozen(database: Database) -> dict[str, dict[str, float]]:
    """What freezing a run of each segment takes, and the bare copy of the same people."""
    read = SegmentsFile.model_validate({"segments": SEGMENTS | EXCLUDED}).segments
    rules = rulebook(database, read, declared_fields(database), as_of=NOW, zone=ZoneInfo("Europe/London"))
    found = {}
    for name in SEGMENTS:
        start = time.process_time() + served(database)
        people, seconds = freeze(database, rules, name)
        cpu, most = time.process_time() + served(database) - start, peak()
        _, floor = copy(database, rules, name)
        found[name] = {"people": people, "seconds": seconds, "cpu": cpu, "floor": floor, "peak": most}
    return found


def served(database: Database) -> float:
    """CPU seconds that a PostgreSQL server on this machine has used so far; 0 where that cannot be seen."""
    if database.is_sqlite:
        return 0.0
    with database.read() as connection:
        backend = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    try:
        own = Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()
        server = Path(f"/proc/{own[1]}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    # proc(5): utime, stime of the connection; cutime, cstime of the server hold those that have ended.
    ticks = sum(map(int, (*own[11:13], *server[13:15])))
    return ticks / os.sysconf("SC_CLK_TCK")


def freeze(database: Database, rules: Rulebook, name: str) -> tuple[int, float]:
    """One run's audience, with everything: exclusion, consent, suppressions, holdout, profile."""
    selection = Selection(
        campaign=name,
        occurrence="2027-01-05",
        include=(name,),
        exclude=("open-complaint",),
        topic="newsletter",
        holdout=0.05,
        fields=("interests", "tier"),
    )
    with database.write() as connection:
        run, _ = runs.get_or_create(connection, name, "2027-01-05", as_of=NOW, now=NOW)
        started = time.perf_counter()
        plan.freeze(connection, run.id, audience_select(rules, selection), NOW)
        frozen = connection.execute(
            text("SELECT count(*) FROM deliveries WHERE run = :run"), {"run": run.id}
        ).scalar_one()
    return frozen, time.perf_counter() - started


def copy(database: Database, rules: Rulebook, name: str) -> tuple[int, float]:
    """The same people's bare rows: ids taken from a table made before the clock starts."""
    people, rows = tables.customers, tables.deliveries
    with database.write() as connection:
        connection.execute(text("CREATE TEMPORARY TABLE chosen (id BIGINT PRIMARY KEY)"))
        members = segment_select(rules, name)
        compiled = members.compile(database.engine, compile_kwargs={"literal_binds": True})
        connection.execute(text("INSERT INTO chosen " + str(compiled).replace(":", "\\:")))
        started = time.perf_counter()
        chosen = text("customers.id IN (SELECT id FROM chosen)")
        source = select(literal(-1), people.c.id, literal(""), literal("planned"), people.c.email).where(
            chosen
        )
        names = ["run", "customer", "step", "state", "address"]
        connection.execute(insert(rows).from_select(names, source, include_defaults=False))
        took = time.perf_counter() - started
        copied = connection.execute(text("SELECT count(*) FROM deliveries WHERE run = -1")).scalar_one()
        connection.execute(text("DELETE FROM deliveries WHERE run = -1"))
        connection.execute(text("DROP TABLE chosen"))
    return copied, took


if __name__ == "__main__":
    main()
