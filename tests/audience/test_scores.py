"""The scoreboard against a slow count: one customer, one event, one task after the other."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from engine.audience.owning import Owning
from engine.audience.scores import Question, scores
from engine.model.scoreboard import Score, together
from engine.store import tables
from engine.store.database import Database
from tests.audience.people import NOW, person, put, rules_for

DAY = timedelta(days=1)
BEFORE, SINCE = NOW - 20 * DAY, NOW - 10 * DAY
MOMENTS = [
    *(NOW - days * DAY for days in (0, 1, 5, 9, 10, 11, 15, 19, 20, 21, 40)),
    SINCE - timedelta(microseconds=1),
    BEFORE - timedelta(microseconds=1),
    NOW + timedelta(microseconds=1),
]
SENDERS = ("ada", "bob", "team")


def count(
    people: list[dict[str, Any]], tasks: list[dict[str, Any]], touches: list[dict[str, Any]], owner: str
) -> Score:
    """One person's score, the long way."""
    mine = [
        p
        for p in people
        if (p["fields"]["first_name"] if p["fields"]["first_name"] in SENDERS else "team") == owner
    ]
    tiers: dict[str, int] = {}
    before = retained = bought = again = answered = 0
    for each in mine:
        tier = each["fields"]["tier"] or ""
        tiers[tier] = tiers.get(tier, 0) + 1
        orders = [at for name, at, _ in each["events"] if name == "order"]
        then = [at for at in orders if BEFORE <= at < SINCE]
        now = [at for at in orders if SINCE <= at <= NOW]
        before += bool(then)
        retained += bool(then) and bool(now)
        bought += bool(now)
        again += len(now) >= 2
        answered += any(
            name in ("answered", "replied") and SINCE <= at <= NOW for name, at, _ in each["events"]
        )
    own = [task for task in tasks if (task["owner"] or "") == owner]
    closed = [task for task in own if task["closed_at"] and SINCE <= task["closed_at"] <= NOW]
    done = [task for task in closed if task["state"] == "done"]
    return Score(
        owner,
        tiers,
        open=sum(task["state"] == "open" for task in own),
        overdue=sum(
            task["state"] == "open" and task["due_at"] is not None and task["due_at"] < NOW for task in own
        ),
        done=len(done),
        in_time=sum(task["due_at"] is None or task["closed_at"] <= task["due_at"] for task in done),
        expired=sum(task["state"] == "expired" for task in closed),
        touches=sum((touch["by"] or "") == owner and SINCE <= touch["at"] <= NOW for touch in touches),
        answered=answered,
        bought_before=before,
        retained=retained,
        bought=bought,
        bought_again=again,
    )


@pytest.mark.parametrize("seed", range(2))
def test_the_scoreboard_is_what_a_slow_count_says(database: Database, seed: int) -> None:
    chance = random.Random(seed)
    people = [
        person(
            f"c{number}",
            first_name=chance.choice([*SENDERS, "nobody-we-know", None]),
            tier=chance.choice(["gold", "silver", None]),
            events=[
                (
                    chance.choice(["order", "order", "answered", "replied", "opened"]),
                    chance.choice(MOMENTS),
                    {},
                )
                for _ in range(chance.randrange(7))
            ],
        )
        for number in range(25)
    ]
    declared = put(database, people)
    table = tables.customers
    with database.read() as connection:
        ids = list(connection.execute(select(table.c.id)).scalars())
    tasks = [
        {
            "customer": chance.choice(ids),
            "kind": "call",
            "title": "",
            "owner": chance.choice([*SENDERS, None, "left"]),
            "due_at": chance.choice([None, *MOMENTS]),
            "state": state,
            "made_by": "person",
            "created_at": BEFORE,
            "closed_at": None if state == "open" else chance.choice(MOMENTS),
        }
        for state in chance.choices(["open", "done", "done", "not_needed", "expired"], k=40)
    ]
    touches = [
        {"customer": chance.choice(ids), "kind": "call", "at": at, "by": by, "text": "", "recorded_at": NOW}
        for at, by in zip(
            chance.choices(MOMENTS, k=30), chance.choices(["ada", "bob", None], k=30), strict=True
        )
    ]
    with database.write() as connection:
        connection.execute(insert(tables.tasks), tasks)
        connection.execute(insert(tables.touches), touches)
    owning = Owning("first_name", "team", SENDERS)
    question = Question(rules_for(database, declared, {}), owning, "tier", "order", BEFORE, SINCE, NOW)
    with database.read() as connection:
        found = scores(connection, question, SENDERS)
        without = scores(connection, replace(question, owning=None), ())
    names = ["ada", "bob", "left", "team", ""]
    assert found == [count(people, tasks, touches, name) for name in names]
    everybody = together(found)
    assert together(without) == everybody
    assert without[-1].customers == 25
    assert everybody.customers == 25
    assert everybody.touches == sum(score.touches for score in found) > 0
    assert everybody.retention == round(everybody.retained / everybody.bought_before, 4)
