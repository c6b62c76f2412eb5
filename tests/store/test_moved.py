"""How far a plan's people have moved: counted set-wise, held against counting them one by one."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Select, case, delete, func, select, update

from engine.model.words import Reason, State
from engine.store import tables
from engine.store.database import Database
from engine.store.ledger.moved import Moved, moved
from tests.builders import add_customers, add_run

PEOPLE = 6
THEN = st.sampled_from(["planned", "excluded", "unsubscribed", "no_new_posts", "missing_value", ""])
NOW = st.sampled_from(["planned", "skipped", "held_out", ""])
EVERYBODY = st.lists(st.tuples(THEN, NOW), min_size=PEOPLE, max_size=PEOPLE)
LETTERLESS = {"no_new_posts", "missing_value"}


def slowly(people: list[tuple[str, str]]) -> Moved:
    """One by one: who is planned now and was not, who was and is not; whom no letter was for has not moved."""
    joined = sum(now == "planned" and then != "planned" and then not in LETTERLESS for then, now in people)
    left = sum(now != "planned" and then == "planned" for then, now in people)
    return Moved(sum(then == "planned" for then, _ in people), joined, left)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(people=EVERYBODY)
def test_the_share_that_moved_is_what_counting_them_gives(
    database: Database, people: list[tuple[str, str]]
) -> None:
    with database.read() as connection:
        known = list(connection.execute(select(tables.customers.c.id)).scalars())
        so_far = connection.execute(select(func.count()).select_from(tables.runs)).scalar_one()
    numbers = sorted(known) or add_customers(database, PEOPLE)
    run, _ = add_run(database, occurrence=f"try {so_far}", people=numbers)
    with database.write() as connection:
        for number, (then, _) in zip(numbers, people, strict=True):
            this = (tables.deliveries.c.run == run) & (tables.deliveries.c.customer == number)
            if then == "":
                connection.execute(delete(tables.deliveries).where(this))
            elif then != "planned":
                gone = {"state": State.SKIPPED, "reason": Reason(then), "due_at": None}
                connection.execute(update(tables.deliveries).where(this).values(gone))
        chosen = [(number, now) for number, (_, now) in zip(numbers, people, strict=True) if now]
        found = moved(connection, run, audience(chosen))
    assert found == slowly(people)


def audience(chosen: list[tuple[int, str]]) -> Select[Any]:
    """What the audience's own SELECT would give."""
    table = tables.customers
    state = case(*((table.c.id == number, now) for number, now in chosen), (table.c.id < 0, ""), else_="")
    return select(table.c.id.label("customer"), state.label("state")).where(
        table.c.id.in_([number for number, _ in chosen])
    )


def test_nobody_planned_and_somebody_now_is_everybody() -> None:
    assert Moved(0, 1, 0).share == 1
    assert Moved(0, 0, 0).share == 0
    assert Moved(10, 1, 1).share == 0.2
