"""What follows from silences, on both databases: events with reasons and tasks for owners, each once."""

from __future__ import annotations

import json
from datetime import date, timedelta

from sqlalchemy import select, update

from engine.audience import silences, silences_acted, silences_prevented, silences_told
from engine.audience.owning import Owning
from engine.audience.silences import Outlook
from engine.audience.silences_told import Narrowed
from engine.model.duration import Duration, Unit
from engine.policy.floors import Floor, Floors, Silence
from engine.store import tables, touches_by_people
from engine.store.database import Database
from tests.audience.people import NOW, person, put, rules_for

FLOORS = Floors(
    "tier",
    (
        Floor("gold", Duration(30, Unit.DAY), Duration(6, Unit.MONTH), 'policy "one".yaml:3'),
        Floor("", Duration(1, Unit.YEAR), None, "policy.yaml:4"),
    ),
    fill=("owner",),
)


def test_events_and_tasks_are_made_once_and_say_why(database: Database) -> None:
    people = [
        person("early", "early@acme.example", tier="gold", first_name="priya"),
        person("late", "late@acme.example", tier="gold", first_name="priya"),
        person("other", "other@acme.example", tier="silver"),
    ]
    declared = put(database, people)
    rules = rules_for(database, declared, {})
    outlook = Outlook(FLOORS, rules, {}, Owning("first_name", "team", ("priya", "team")))
    table = tables.customers
    with database.write() as connection:
        connection.execute(update(table).values(created_at=NOW - timedelta(days=400)))
        ids = {key: number for key, number in connection.execute(select(table.c.customer_id, table.c.id))}
        touches_by_people.record(connection, ids["early"], "call", NOW - timedelta(days=28), "hello", NOW)
        touches_by_people.record(connection, ids["late"], "call", NOW - timedelta(days=31), "hello", NOW)
        for expected in (2, 0):
            silences.lay_out(connection, outlook, outlook.today)
            assert silences_acted.note_missed(connection, outlook, NOW) == expected
        silences.lay_out(connection, outlook, outlook.today)
        silences_acted.forget_told(connection, outlook)
        assert not silences_prevented.any_left(connection)
        until = outlook.today + timedelta(days=7)
        silences.lay_out(connection, outlook, until)
        rows = silences_told.page(connection, outlook, Narrowed(), 10, 0)
        assert [(row.customer_id, row.missed, row.owner) for row in rows] == [
            ("other", True, "team"),
            ("late", True, "priya"),
            ("early", False, "priya"),
        ]
        found = silences_told.numbers(connection, outlook, Narrowed(place=0))
        assert found.customers[Silence.HEAR_FROM_US, 0, "priya"] == 2
        assert (sum(found.lapsing.values()), sum(found.silent.values())) == (1, 1)
        assert silences_acted.make_tasks(connection, outlook, NOW) == 3
        assert silences_acted.make_tasks(connection, outlook, NOW) == 0
        events = [json.loads(row) for row in connection.execute(select(tables.events.c.fields)).scalars()]
        due = {
            row.customer: row.due_at.astimezone(rules.zone).date()
            for row in connection.execute(select(tables.tasks.c.customer, tables.tasks.c.due_at))
        }
    assert {
        "clock": "hear_from_us",
        "floor": "at least every 30 days for tier gold",
        "where": 'policy "one".yaml:3',
        "reason": "too_late",
        "last": f"{NOW - timedelta(days=31):%Y-%m-%d %H:%M} UTC",
    } in events
    assert all("last" not in event for event in events if event["where"] == "policy.yaml:4")
    assert due[ids["early"]] == NOW.date() + timedelta(days=2)
    assert due[ids["late"]] == date(2026, 11, 20)


def test_a_touch_that_came_too_late_is_noticed_the_next_time_and_one_in_time_is_not(
    database: Database,
) -> None:
    ago = {
        "late": [35, 1],
        "late-today": [31, 0],
        "in-time": [31, 1],
        "silent": [31],
        "kept": [20],
        "told-before": [40, 5],
        "later-again": [35, 1, 0],
    }
    declared = put(database, [person(key, f"{key}@acme.example", tier="gold") for key in ago])
    outlook = Outlook(FLOORS, rules_for(database, declared, {}), {})
    table, since = tables.customers, NOW - timedelta(days=2)
    with database.write() as connection:
        connection.execute(update(table).values(created_at=NOW - timedelta(days=60)))
        ids = {key: number for key, number in connection.execute(select(table.c.customer_id, table.c.id))}
        for key, days in ago.items():
            for back in days:
                at = NOW - timedelta(days=back)
                touches_by_people.record(connection, ids[key], "call", at, f"{back}", NOW)
        silences.lay_missed_out(connection, outlook, since)
        rows = silences_told.page(connection, outlook, Narrowed(), 10, 0)
        assert {row.customer_id: row.reason for row in rows if row.clock is Silence.HEAR_FROM_US} == {
            "late": "too_late",
            "late-today": "too_late",
            "later-again": "too_late",
            "silent": "",
        }
        silences.lay_missed_out(connection, outlook, None)
        rows = silences_told.page(connection, outlook, Narrowed(), 10, 0)
        assert [row.customer_id for row in rows] == ["silent"]
