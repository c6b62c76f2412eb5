"""The rules in SQL decide about everybody exactly as the rules for one person do, on both databases."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from engine.audience.rulebook import Rulebook
from engine.audience.selection import Selection, audience_select
from engine.flows.deliver.gating import ContactGate
from engine.policy.deciding import Verdict, decide
from engine.store import tables
from engine.store.database import Database
from tests.audience.people import put, rules_for
from tests.policy.worlds import LONDON, NOW, World, made

pytestmark = pytest.mark.slow

EXAMPLES = int(os.environ.get("TOUCHBASE_EXAMPLES", "15"))
SEGMENTS = {
    "everybody": {"all": [{"field": "customer_id", "known": True}]},
    "complainers": {"all": [{"field": "points", "is": 1}]},
}
SELECTION = Selection("digest", "now", ("everybody",), topic="news")


def world_in(database: Database, seed: int) -> tuple[World, dict[str, int], Rulebook]:
    with database.write() as connection:
        for table in reversed(tables.metadata.sorted_tables):
            if table.name not in ("meta", "fields"):
                connection.execute(table.delete())
    world = made(Random(seed))
    declared = put(database, world.people)
    with database.read() as connection:
        keys = connection.execute(select(tables.customers.c.customer_id, tables.customers.c.id))
        ids = {key: number for key, number in keys}
    world.store(database, ids)
    return world, ids, rules_for(database, declared, SEGMENTS, as_of=NOW, zone=LONDON)


def expected(world: World, somebody: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Reason and detail as the ledger keeps them; quiet hours are told where the moments are laid out."""
    found = decide(world.rules, world.facts(somebody), world.due(world.zone(somebody)))
    if found.verdict is not Verdict.SKIP:
        return None, None
    return str(found.reason), found.detail


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32))
def test_sql_and_the_rules_for_one_person_decide_alike(database: Database, seed: int) -> None:
    world, ids, rules = world_in(database, seed)
    with database.read() as connection:
        contact = world.contact(connection)
        chosen = audience_select(rules, replace(SELECTION, contact=contact))
        rows = {row["customer"]: row for row in connection.execute(chosen).mappings()}
        for somebody in world.people:
            row = rows[ids[somebody["customer_id"]]]
            assert (row["reason"], row.get("detail")) == expected(world, somebody), (somebody, world.rules)
            only = replace(contact, only=row["customer"])
            one = audience_select(rules, replace(SELECTION, contact=only, only=row["customer"]))
            assert connection.execute(one).mappings().one() == row


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32))
def test_the_gate_decides_as_the_rules_for_one_person_do(database: Database, seed: int) -> None:
    world, ids, rules = world_in(database, seed)
    gate = ContactGate(world.rules, {}, lambda moment: rules, LONDON)
    world.due = lambda zone: NOW  # type: ignore[method-assign]
    with database.write() as connection:
        stops = gate(connection, sorted(ids.values()), NOW)
    for somebody in world.people:
        found = decide(world.rules, world.facts(somebody), NOW)
        stop = stops.get(ids[somebody["customer_id"]])
        assert (found.verdict is Verdict.GO) is (stop is None), (somebody, world.rules)
        if stop is not None:
            assert (stop.reason, stop.detail) == (found.reason, found.detail)
            assert stop.until == (found.until if found.verdict is Verdict.WAIT else None)
