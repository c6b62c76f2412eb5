"""The people of one account get one person, on both databases as in a slow loop."""

from __future__ import annotations

from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from engine.audience.account_owners import one_for_each
from engine.audience.owning import Owning
from engine.definitions.schema.customers import Accounts
from engine.store import owner_moves, tables
from engine.store.database import Database
from engine.store.owner_moves import Move
from tests.audience.people import NOW, person, put, rules_for

OWNING = Owning("tier", "team", ("team", "priya", "tomas"))
ACCOUNTS = Accounts.model_validate({"by": "first_name"})


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32))
def test_an_account_has_one_person(database: Database, seed: int) -> None:
    random = Random(seed)
    people = [
        person(
            f"{random.choice('kK')}{number}",
            f"p{number}@mail.example",
            first_name=random.choice(["a", "b", "c", None]),
            tier=random.choice(["priya", "tomas", "gone", None, None, None]),
        )
        for number in range(10)
    ]
    with database.write() as connection:
        connection.execute(tables.customers.delete())
    rules = rules_for(database, put(database, people), {}, as_of=NOW)
    given = {
        each["customer_id"]: random.choice(["priya", "tomas"])
        for each in people
        if each["fields"]["tier"] not in OWNING.names
    }
    with database.write() as connection:
        found = connection.execute(select(tables.customers.c.customer_id, tables.customers.c.id))
        ids = {row[0]: row[1] for row in found}
        owner_moves.lay_out(connection)
        rows = [Move(ids[key], "", name, "in turn") for key, name in given.items()]
        owner_moves.add_rows(connection, rows)
        owner_moves.change(connection, one_for_each(rules, OWNING, ACCOUNTS, owner_moves.moves))
        after = {move.customer_id: move.after for move in owner_moves.listed(connection, None)}
    in_order = sorted(people, key=lambda each: each["customer_id"].encode())
    expected = dict(given)
    for each in in_order:
        key, account = each["customer_id"], each["fields"]["first_name"]
        if key not in given or account is None:
            continue
        theirs = [other for other in in_order if other["fields"]["first_name"] == account]
        has = [other["fields"]["tier"] for other in theirs if other["fields"]["tier"] in OWNING.names]
        first = next(given[other["customer_id"]] for other in theirs if other["customer_id"] in given)
        expected[key] = has[0] if has else first
    assert after == expected
