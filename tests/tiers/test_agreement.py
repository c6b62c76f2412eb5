"""The SQL gives every customer the points, the place and the tier that a slow scorer in Python gives them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import select

from engine.audience.rulebook import rulebook
from engine.definitions.schema.tiers import Tiers
from engine.flows.tiers.computing import Computing
from engine.store import customers, events, fields, tables, tiers
from engine.store.database import Database
from engine.store.tiers import Pin
from tests.tiers.scorer import LONDON, Person
from tests.tiers.scorer import tiers as slow_tiers

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ORDER = ("platinum", "gold", "silver")
KINDS = {"tier": "one_of", "signed_up": "date", "seen": "moment", "referrals": "number"}
AMOUNTS: list[Any] = [0.1, 0.2, 0.3, 5, 5, 19.99, 100, 100.5, -20, None, 1e15, "many", 0]
FAR = [0, 1, 29, 30, 31, 59, 60, 61, 90, 200, 400]

CRITERIA: dict[str, dict[str, Any]] = {
    "spend": {"sum": "order.amount", "days": 60, "bands": 5, "weight": 2},
    "ever": {"sum": "order.amount", "bands": [0, 100, 150.25]},
    "orders": {"count": "order", "days": 90, "bands": 3},
    "visits": {"count": "visit", "bands": [1, 2, 4]},
    "recency": {"since_last": "order", "bands": [60, 30]},
    "last_visit": {"since_last": "visit", "bands": 4},
    "service": {"since": "signed_up", "bands": [30, 400], "weight": 3},
    "seen": {"since": "seen", "bands": [30, 60]},
    "tenure": {"since": "seen", "bands": 5},
    "growth": {"growth": "order.amount", "days": 30, "bands": 4},
    "grown": {"growth": "order.amount", "days": 60, "bands": [-5, 0, 0.3]},
    "influence": {"field": "referrals", "bands": 7},
    "fame": {"field": "referrals", "bands": [0.5, 3]},
}
GIVE: list[tuple[list[tuple[str, str, float]], str]] = [
    ([("platinum", "top", 4), ("gold", "at_least", 9)], "silver"),
    ([("platinum", "share", 29), ("gold", "share", 58), ("silver", "at_least", 8)], ""),
    ([("platinum", "at_least", 12), ("gold", "top", 9)], "silver"),
]
WORLDS = [
    (["spend", "recency", "service"], 0, None),
    (["orders", "ever", "growth", "influence"], 1, 30),
    (["last_visit", "visits", "seen", "grown", "fame"], 2, 60),
    (list(CRITERIA), 0, 90),
    (["tenure"], 1, None),
]


def definition(names: list[str], give: int, keep_days: int | None) -> Tiers:
    """The same rules as YAML has them."""
    score = []
    for name in names:
        given = dict(CRITERIA[name])
        days = given.pop("days", None)
        if days is not None:
            given["within"] = f"{days} days"
        if not isinstance(given["bands"], int) and ("since_last" in given or "since" in given):
            given["bands"] = [f"{limit} days" for limit in given["bands"]]
        score.append({"name": name, **given})
    rules, otherwise = GIVE[give]
    wanted: dict[str, Any] = {
        tier: {"top": f"{number:g}%"} if kind == "share" else {kind: int(number)}
        for tier, kind, number in rules
    }
    if otherwise:
        wanted["otherwise"] = otherwise
    kept = {"keep_for": f"{keep_days} days"} if keep_days is not None else {}
    return Tiers.model_validate({"order": list(ORDER), "score": score, "give": wanted, **kept})


def people(random: Random, number: int) -> list[Person]:
    """Customers with few distinct values, so that equals are common, and every limit is met exactly."""

    def moment() -> datetime:
        wall = (NOW.astimezone(LONDON) - timedelta(days=random.choice(FAR))).astimezone(UTC)
        return wall + timedelta(microseconds=random.choice([-1, 0, 1, 5_000_000]))

    found = []
    for place in range(number):
        busy = random.random() < 0.7
        past = [
            (random.choice(["order", "order", "visit", "other"]), moment(), random.choice(AMOUNTS))
            for _ in range(random.randint(1, 8) if busy else 0)
        ]
        day = date(2026, 11, 20) - timedelta(days=random.choice([-3, *FAR]))
        found.append(
            Person(
                place + 1,
                random.choice(["", *ORDER]),
                day if busy and random.random() < 0.8 else None,
                moment() if random.random() < 0.5 else None,
                random.choice([None, 0.0, 0.5, 3.0, 7.25]) if busy else None,
                past,
                random.choice(ORDER) if random.random() < 0.1 else "",
                moment() if random.random() < 0.4 else None,
            )
        )
    return found


def fill(database: Database, crowd: list[Person]) -> tuple[fields.FieldColumn, ...]:
    """Puts them into the database."""
    declared = fields.ensure(database, KINDS, NOW)
    names = ["customer_id", "email", *KINDS]
    rows = [
        [
            f"c{each.id}",
            f"c{each.id}@example.org",
            each.tier or None,
            each.signed_up,
            each.seen,
            each.referrals,
        ]
        for each in crowd
    ]
    with database.write() as connection, events.Repeats() as repeats:
        ids = customers.upsert(connection, declared, names, rows, NOW).customers
        for each, given in zip(crowd, ids, strict=True):
            each.id = given
            key = f"c{rows[crowd.index(each)][0][1:]}"
            told = [
                events.Event(key, name, at, {} if amount is None else {"amount": amount})
                for name, at, amount in each.events
            ]
            events.add(connection, told, "test", repeats)
            each.events = [
                (name, at, amount if isinstance(amount, int | float) else None)
                for name, at, amount in each.events
            ]
            if each.changed_at is not None:
                change = {"to": each.tier, "reason": "before"}
                events.record(connection, given, "tier_changed", each.changed_at, change, f"{given}", "tiers")
            if each.pinned:
                until = NOW if each.id % 3 == 0 else NOW + timedelta(microseconds=1) if each.id % 2 else None
                tiers.pin(connection, given, Pin(each.pinned, "a friend", NOW, until))
                each.pinned = "" if until == NOW else each.pinned
    return declared


@pytest.mark.parametrize(
    ("names", "give", "keep_days"), WORLDS, ids=[f"world-{n}" for n in range(len(WORLDS))]
)
def test_sql_scores_as_a_slow_scorer_does(
    database: Database, names: list[str], give: int, keep_days: int | None
) -> None:
    random = Random(f"{names}{give}")
    crowd = people(random, 37)
    declared = fill(database, crowd)
    rules, otherwise = GIVE[give]
    criteria = [CRITERIA[name] for name in names]
    expected = slow_tiers(crowd, criteria, rules, ORDER, otherwise, keep_days, NOW)
    book = rulebook(database, {}, declared, as_of=NOW, zone=LONDON)
    with database.write() as connection:
        computing = Computing.begin(connection, definition(names, give, keep_days), ORDER, book)
        score = computing.sheets.scores.c
        found = {
            row.customer: (row.points, row.place, computing.name(row.after))
            for row in connection.execute(select(score.customer, score.points, score.place, score.after))
        }
        assert found == expected
        moved = {
            each.id: (each.tier, expected[each.id][2]) for each in crowd if each.tier != expected[each.id][2]
        }
        assert computing.apply() == len(moved)
    with database.read() as connection:
        table = book.customers
        now = {
            row[0]: row[1] or ""
            for row in connection.execute(select(table.c.id, table.c[declared[0].column]))
        }
        told = connection.execute(
            select(tables.events).where(tables.events.c.at == NOW, tables.events.c.name == "tier_changed")
        )
        assert {row.customer for row in told} == set(moved)
    assert now == {person: tier for person, (_, _, tier) in expected.items()}
