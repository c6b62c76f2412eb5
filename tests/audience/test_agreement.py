"""The SQL of every generated segment chooses exactly whom the slow evaluator chooses, on both databases."""

from __future__ import annotations

import os
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from engine.audience.segments import count, segment_select
from engine.store import tables
from engine.store.database import Database
from tests.audience.generated import Made
from tests.audience.oracle import Oracle
from tests.audience.people import KINDS, NOW, put, rules_for

pytestmark = pytest.mark.slow

EXAMPLES = int(os.environ.get("TOUCHBASE_EXAMPLES", "12"))
"""Worlds of ten people and some sixty segments each."""
ZONES = ["Europe/London", "Pacific/Auckland", "America/Los_Angeles"]


def forget_everybody(database: Database) -> None:
    with database.write() as connection:
        for table in (
            "customers",
            "events",
            "subscriptions",
            "consent",
            "suppressions",
            "deliveries",
            "codes",
        ):
            connection.execute(tables.metadata.tables[table].delete())


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32), zone=st.sampled_from(ZONES))
def test_sql_and_plain_python_choose_the_same_people(database: Database, seed: int, zone: str) -> None:
    forget_everybody(database)
    made = Made(Random(seed))
    people, segments = made.people(10), made.segments()
    declared = put(database, people)
    rules = rules_for(database, declared, segments, zone=ZoneInfo(zone))
    oracle = Oracle(people, segments, KINDS, NOW, ZoneInfo(zone))
    with database.read() as connection:
        for name in [*segments, "unknown"]:
            chosen = segment_select(rules, name).subquery()
            keys = select(tables.customers.c.customer_id).where(
                tables.customers.c.id.in_(select(chosen.c.id))
            )
            found = set(connection.execute(keys).scalars())
            expected = oracle.members(name)
            wrong = [person for person in people if person["customer_id"] in found ^ expected]
            assert not wrong, (name, segments[name], "SQL only" if found > expected else "differ", wrong)
            assert count(connection, rules, name) == len(found)
