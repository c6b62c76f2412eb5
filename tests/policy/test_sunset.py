"""Sunset: the steps of the ladder in a table, and SQL against them on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from engine.audience.owning import Owning
from engine.audience.stages import standing_stages
from engine.audience.sunset import found_stages, returning, to_ask
from engine.definitions.schema.sunset import Sunset
from engine.model.stage import Stage
from engine.policy.sunset import Ladder, Silence, read_ladder, stage_of
from engine.store import stages, tables
from engine.store.database import Database
from tests.audience.people import LONDON, person, put, rules_for

NOW = datetime(2027, 3, 29, 9, 30, tzinfo=UTC)
STEPS: dict[str, dict[str, Any]] = {
    "cooling": {"after": "180 days", "cadence": "every 2 months"},
    "last_ask": {"after": "270 days", "campaign": "ask"},
    "dormant": {"after": "300 days", "cadence": "every year"},
    "suppressed": {"after": "2 years"},
}


def ladder(*left_out: str, letters: int = 3) -> Ladder:
    steps = {name: step for name, step in STEPS.items() if name not in left_out}
    written = {"evidence": ["click", "order_placed"], "letters": letters, **steps}
    found = read_ladder(Sunset.model_validate(written), lambda *path: "policy.yaml:1")
    assert found is not None
    return found


def ago(days: float | None) -> datetime | None:
    return None if days is None else NOW - timedelta(days=days)


@pytest.mark.parametrize(
    ("first", "last", "letters", "asked", "owned", "left_out", "stage"),
    [
        (None, None, 0, None, False, (), "engaged"),
        (900, 900, 1, None, False, (), "engaged"),
        (200, 21, 3, None, False, (), "engaged"),
        (200, 20, 3, None, False, (), "cooling"),
        (200, 20, 2, None, False, (), "engaged"),
        (900, 700, 5, None, False, (), "cooling"),
        (300, 20, 9, None, False, (), "last_ask"),
        (900, 20, 9, None, False, (), "last_ask"),
        (320, 20, 9, 29, False, (), "last_ask"),
        (320, 20, 9, 30, False, (), "dormant"),
        (290, 15, 9, 40, False, (), "last_ask"),
        (320, 20, 9, 30, True, (), "dormant"),
        (750, 20, 9, 470, False, (), "suppressed"),
        (750, 20, 9, 470, True, (), "dormant"),
        (750, 445, 9, 470, False, (), "dormant"),
        (750, 20, 9, 400, False, (), "dormant"),
        (320, 20, 9, None, False, ("last_ask",), "dormant"),
        (750, 20, 9, None, False, ("last_ask",), "suppressed"),
        (750, 10, 9, None, False, ("last_ask", "dormant"), "suppressed"),
        (750, 10, 9, None, True, ("last_ask", "dormant"), "cooling"),
        (750, 30, 9, None, False, ("last_ask", "dormant"), "cooling"),
        (750, 20, 9, None, False, ("cooling", "last_ask", "suppressed"), "dormant"),
    ],
)
def test_the_ladder(
    first: float | None,
    last: float | None,
    letters: int,
    asked: float | None,
    owned: bool,
    left_out: tuple[str, ...],
    stage: str,
) -> None:
    silence = Silence(ago(first), ago(last), letters, ago(asked), owned)
    assert stage_of(ladder(*left_out), silence, NOW) == stage


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32))
def test_sql_finds_the_stages_that_the_steps_for_one_person_give(database: Database, seed: int) -> None:
    world = World(Random(seed))
    ids, rules = world.store(database)
    owning = Owning("first_name", "team", ("team", "priya"))
    with database.write() as connection:
        found = connection.execute(found_stages(rules, world.ladder, owning)).mappings()
        stage = {row["customer"]: row["stage"] for row in found}
        for key, number in ids.items():
            expected = stage_of(world.ladder, world.silence(key), NOW)
            assert stage.get(number, Stage.ENGAGED) == expected, (key, world)
        moving = stages.lay_out(connection, found_stages(rules, world.ladder, owning))
        told = list(stages.moves(connection, None))
        after = {key: stage_of(world.ladder, world.silence(key), NOW) for key in ids}
        assert {(move.customer_id, move.before, move.after) for move in told} == {
            (key, world.kept.get(key, Stage.ENGAGED), after[key])
            for key in ids
            if after[key] != world.kept.get(key, Stage.ENGAGED)
        }
        assert moving == len(told)
        stages.take_effect(connection, NOW)
        assert stages.lay_out(connection, found_stages(rules, world.ladder, owning)) == 0
        standing = standing_stages(rules, world.ladder)
        kept = {row[0]: row[1] for row in connection.execute(select(standing.c.customer, standing.c.stage))}
        assert kept == {ids[key]: found for key, found in after.items() if found is not Stage.ENGAGED}
        asked = {row[0] for row in connection.execute(to_ask(rules, world.ladder))}
        assert asked == {ids[key] for key in ids if world.is_to_be_asked(key)}
        assert list(connection.execute(returning(rules, world.ladder))) == []
        named = {
            each["customer_id"] for each in world.people if each["fields"].get("first_name") in owning.names
        }
        changed = {key for key in ids if after[key] != world.kept.get(key, Stage.ENGAGED)}
        checked_on = set(connection.execute(select(tables.tasks.c.customer)).scalars())
        assert checked_on == {ids[key] for key in changed & named if after[key] is Stage.DORMANT}
        closed = set(connection.execute(select(tables.suppressions.c.reason)).scalars())
        ended = {key for key in changed if after[key] is Stage.SUPPRESSED}
        assert closed == ({"sunset"} if ended else set())
        events = select(tables.events.c.customer).where(tables.events.c.name == "stage_changed")
        assert len(list(connection.execute(events))) == moving


class World:
    """People with letters and events made up from a seed, and a ladder."""

    def __init__(self, random: Random) -> None:
        left_out = [name for name in STEPS if random.random() < 0.25][:3]
        self.ladder = ladder(*left_out, letters=random.choice([1, 3]))
        self.people = [
            person(
                f"c{number}",
                f"c{number}@mail.example",
                first_name=random.choice(["priya", "team", "no", None]),
            )
            for number in range(6)
        ]
        self.letters: dict[str, list[tuple[float, str, str]]] = {}
        self.kept: dict[str, Stage] = {}
        for each in self.people:
            key = each["customer_id"]
            days = random.sample(
                [3, 8, 30, 40, 90, 187, 200, 280, 310, 370, 480, 600, 740, 1000], random.randint(0, 12)
            )
            states = ["accepted", "delivered", "delivered", "bounced", "uncertain", "skipped"]
            self.letters[key] = [
                (day, random.choice(["news", "news", "ask", "invoice"]), random.choice(states))
                for day in days
            ]
            names = ["clicked", "order_placed", "opened", "clicked by machine"]
            for day in random.sample([2, 60, 250, 400, 700, 900], random.choice([0, 0, 1, 2])):
                name = random.choice(names)
                fields = {"machine": True} if name == "clicked by machine" else {}
                each["events"].append((name.split()[0], ago(day), fields))
            if random.random() < 0.3:
                self.kept[key] = random.choice(list(Stage)[1:])

    def signs(self, key: str) -> list[datetime]:
        found = next(each for each in self.people if each["customer_id"] == key)["events"]
        return [at for name, at, fields in found if name in ("clicked", "order_placed") and not fields]

    def since_sign(self, key: str) -> list[tuple[datetime, str]]:
        sign = max(self.signs(key), default=datetime(1999, 1, 1, tzinfo=UTC))
        found = [(NOW - timedelta(days=day), name, state) for day, name, state in self.letters[key]]
        return [
            (at, name)
            for at, name, state in found
            if at > sign and name != "invoice" and state in ("accepted", "delivered")
        ]

    def silence(self, key: str) -> Silence:
        letters = self.since_sign(key)
        answerable = [at for at, _ in letters if at <= NOW - timedelta(days=7)]
        name = next(each for each in self.people if each["customer_id"] == key)["fields"].get("first_name")
        return Silence(
            min((at for at, _ in letters), default=None),
            max(answerable, default=None),
            len(answerable),
            max((at for at, name in letters if name == "ask"), default=None),
            name in ("priya", "team"),
        )

    def is_to_be_asked(self, key: str) -> bool:
        silence = self.silence(key)
        if stage_of(self.ladder, silence, NOW) is not Stage.LAST_ASK or silence.first is None:
            return False
        left = [
            NOW - timedelta(days=day)
            for day, name, state in self.letters[key]
            if name == self.ladder.campaign and state not in ("bounced", "skipped")
        ]
        return not any(at > silence.first for at in left)

    def store(self, database: Database) -> tuple[dict[str, int], Any]:
        with database.write() as connection:
            for table in reversed(tables.metadata.sorted_tables):
                if table.name not in ("meta", "fields"):
                    connection.execute(table.delete())
        declared = put(database, self.people)
        with database.write() as connection:
            keys = select(tables.customers.c.customer_id, tables.customers.c.id)
            ids = {key: number for key, number in connection.execute(keys)}
            runs = {}
            for name, purpose in (("news", "marketing"), ("ask", "marketing"), ("invoice", "service")):
                row = {"campaign": name, "occurrence": "1", "state": "done", "as_of": NOW, "created_at": NOW}
                made = connection.execute(insert(tables.runs).values(purpose=purpose, **row))
                runs[name] = made.inserted_primary_key[0]
            for key, letters in self.letters.items():
                for place, (day, name, state) in enumerate(letters):
                    row = {"run": runs[name], "customer": ids[key], "step": str(place), "state": state}
                    connection.execute(insert(tables.deliveries).values(submitted_at=ago(day), **row))
            for key, stage in self.kept.items():
                first = NOW - timedelta(days=500)
                row = {
                    "customer": ids[key],
                    "stage": stage,
                    "since": NOW,
                    "silent_since": first,
                    "letters": 4,
                }
                connection.execute(insert(tables.stages).values(row))
        return ids, rules_for(database, declared, {}, as_of=NOW, zone=LONDON)
