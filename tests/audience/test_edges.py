"""The very moment at which a condition turns: days of the project's clock, moments, and the ends of spans."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.audience.segments import people as members
from engine.store.database import Database
from tests.audience.people import NOW, person, put, rules_for

OSLO = ZoneInfo("Europe/Oslo")
# 20 November in Oslo, which is an hour ahead of UTC then: from 23:00 UTC to 23:00 UTC.
BEGINS, ENDS = datetime(2026, 11, 19, 23, tzinfo=UTC), datetime(2026, 11, 20, 23, tzinfo=UTC)
TICK = timedelta(microseconds=1)
NOON_THERE = datetime(2026, 11, 20, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("test", "outside", "inside"),
    [
        ({"after": "2026-11-20"}, ENDS - TICK, ENDS),
        ({"before": "2026-11-20"}, BEGINS, BEGINS - TICK),
        ({"is": "2026-11-20"}, BEGINS - TICK, BEGINS),
        ({"is": "2026-11-20"}, ENDS, ENDS - TICK),
        ({"is_not": "2026-11-20"}, ENDS - TICK, ENDS),
        ({"after": "2026-11-20 12:00"}, NOON_THERE, NOON_THERE + TICK),
        ({"before": "2026-11-20 12:00"}, NOON_THERE, NOON_THERE - TICK),
        ({"is": "2026-11-20 12:00"}, NOON_THERE + TICK, NOON_THERE),
        ({"is": "2026-11-20T13:00+02:00"}, NOON_THERE + TICK, NOON_THERE),
        ({"within": "2 days"}, NOW - timedelta(days=2, microseconds=1), NOW - timedelta(days=2)),
        ({"within": "2 days"}, NOW + TICK, NOW),
        ({"not_within": "2 days"}, NOW - timedelta(days=2), NOW - timedelta(days=2, microseconds=1)),
    ],
    ids=str,
)
def test_a_moment_is_on_one_side_of_each_edge(
    database: Database, test: dict[str, Any], outside: datetime, inside: datetime
) -> None:
    crowd = [person("out", seen_at=outside), person("in", seen_at=inside), person("unknown")]
    declared = put(database, crowd)
    rules = rules_for(database, declared, {"edge": {"all": [{"field": "seen_at", **test}]}}, zone=OSLO)
    with database.read() as connection:
        assert [found.customer_id for found in members(connection, rules, "edge")] == ["in"]


@pytest.mark.parametrize(
    ("test", "outside", "inside"),
    [
        ({"after": "2026-11-19"}, BEGINS - TICK, BEGINS),
        ({"before": "2026-11-20"}, BEGINS, BEGINS - TICK),
        ({"after": "2026-11-20 12:00"}, NOON_THERE, NOON_THERE + TICK),
        ({"before": "2026-11-20 12:00"}, NOON_THERE, NOON_THERE - TICK),
        ({"within": "90 minutes"}, NOW - timedelta(minutes=90, microseconds=1), NOW - timedelta(minutes=90)),
        ({"within": "90 minutes"}, NOW + TICK, NOW),
    ],
    ids=str,
)
def test_an_event_is_on_one_side_of_each_edge(
    database: Database, test: dict[str, Any], outside: datetime, inside: datetime
) -> None:
    crowd = [person("out", events=[("order", outside, {})]), person("in", events=[("order", inside, {})])]
    declared = put(database, crowd)
    rules = rules_for(database, declared, {"edge": {"all": [{"event": "order", **test}]}}, zone=OSLO)
    with database.read() as connection:
        assert [found.customer_id for found in members(connection, rules, "edge")] == ["in"]
