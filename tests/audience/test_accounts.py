"""One letter an account: SQL chooses as a slow loop over the people does, on both databases."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from engine.audience.accounts import contacts, deserted, people_beside
from engine.definitions.schema.customers import Accounts
from engine.model.words import Reason, State
from engine.store import tables
from engine.store.database import Database
from engine.store.ledger import one_of_several
from tests.audience.people import NOW, person, put, rules_for

ACCOUNTS = Accounts.model_validate({"by": "first_name", "role": "tier"})
PREFER = ("sponsor", "buyer")
ROLES = [*PREFER, "user", None]
STATES = [State.PLANNED, State.PLANNED, State.SKIPPED, State.HELD_OUT, State.ACCEPTED]
OUT = (State.SKIPPED, State.EXPIRED, State.CANCELLED)


def slow(people: list[dict[str, Any]]) -> dict[str, tuple[str, str]]:
    """Each person's state and detail after the choice, decided account by account."""
    after = {each["customer_id"]: (str(each["state"]), "") for each in people}
    for account in {each["fields"].get("first_name") for each in people} - {None, ""}:
        theirs = [each for each in people if each["fields"].get("first_name") == account]
        able = [each for each in theirs if each["state"] not in OUT or each["reason"] == "already_sent"]
        if not able:
            continue
        first = min(able, key=_place)
        role = first["fields"].get("tier")
        name = first["customer_id"] + (f" ({role})" if role else "")
        held = first["state"] is State.HELD_OUT
        told = (
            f"{name} stands for the account and is held out"
            if held
            else f"the account's letter goes to {name}"
        )
        for each in able:
            if each is not first and each["state"] is State.PLANNED:
                after[each["customer_id"]] = (str(State.SKIPPED), told)
    return after


def _place(each: dict[str, Any]) -> tuple[bool, int, bytes]:
    role = each["fields"].get("tier")
    open_still = each["state"] in (State.PLANNED, State.HELD_OUT)
    return open_still, PREFER.index(role) if role in PREFER else 9, each["customer_id"].encode()


def made(seed: int) -> list[dict[str, Any]]:
    random, people = Random(seed), []
    for number in range(random.randint(1, 14)):
        fields = {"first_name": random.choice(["a", "b", "c", None, ""]), "tier": random.choice(ROLES)}
        each = person(f"{random.choice('kK')}{number}", f"p{number}@mail.example", **fields)
        each["state"] = random.choice(STATES)
        each["reason"] = random.choice(["already_sent", "cap"]) if each["state"] is State.SKIPPED else None
        people.append(each)
    return people


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32))
def test_the_letter_of_each_account_goes_where_a_slow_loop_sends_it(database: Database, seed: int) -> None:
    people, table = made(seed), tables.deliveries
    with database.write() as connection:
        for every in (tables.deliveries, tables.customers):
            connection.execute(every.delete())
    declared = put(database, people)
    rules = rules_for(database, declared, {}, as_of=NOW)
    with database.write() as connection:
        keys = select(tables.customers.c.customer_id, tables.customers.c.id)
        ids = {key: number for key, number in connection.execute(keys)}
        rows = [
            {"run": 1, "customer": ids[each["customer_id"]], "state": each["state"], "reason": each["reason"]}
            for each in people
        ]
        connection.execute(insert(table), rows)
        one_of_several.skip_others(connection, 1, contacts(rules, 1, ACCOUNTS, PREFER))
        query = select(tables.customers.c.customer_id, table.c.state, table.c.detail, table.c.reason)
        found = connection.execute(query.join(table, table.c.customer == tables.customers.c.id)).all()
        assert {row[0]: (row[1], row[2] or "") for row in found} == slow(people)
        skipped = [row[0] for row in found if row[3] == str(Reason.ONE_PER_ACCOUNT)]
        assert list(connection.execute(deserted(rules, 1, ACCOUNTS))) == []
        connection.execute(table.update().values(state=State.SKIPPED).where(table.c.state != State.SKIPPED))
        connection.execute(table.update().values(reason="cap").where(table.c.reason == "already_sent"))
        connection.execute(
            table.update().values(reason="cap").where(table.c.reason.is_distinct_from("one_per_account"))
        )
        assert one_of_several.forget(connection, 1, deserted(rules, 1, ACCOUNTS)) == len(skipped)
        for each in people:
            account = each["fields"].get("first_name")
            beside = people_beside(connection, rules, ACCOUNTS, ids[each["customer_id"]])
            others = [
                ids[other["customer_id"]]
                for other in people
                if account and other["fields"].get("first_name") == account and other is not each
            ]
            assert beside == tuple(sorted(others))
