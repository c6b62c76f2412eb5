"""Whose customer somebody is: the SQL against the plain rule, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from engine.audience.owning import Owning, has_no_owner, owner_of
from engine.store import customers, fields
from engine.store.database import Database
from tests.audience.people import NOW, rules_for
from tests.builders import add_customers

OWNING = Owning("person", "team", ("team", "priya-shah", "tomas"))
WRITTEN = ["priya-shah", "tomas", "team", "Priya-Shah", " tomas", "gone", "", None]
PEOPLE = ["priya-shah", "tomas", "team", "team", "team", "team", "team", "team"]


@pytest.mark.parametrize("kind", ["text", "one_of"])
def test_unknown_and_missing_names_mean_otherwise(database: Database, kind: str) -> None:
    add_customers(database, len(WRITTEN), kinds={"person": kind}, values=[{"person": one} for one in WRITTEN])
    rules = rules_for(database, fields.ensure(database, {"person": kind}, NOW), {})
    people = rules.customers
    asked = select(
        people.c.customer_id, owner_of(people, OWNING, rules), has_no_owner(people, OWNING, rules)
    ).order_by(people.c.id)
    with database.read() as connection:
        rows = connection.execute(asked).all()
        kept = [customers.find(connection, rules.declared, row[0])[0].fields["person"] for row in rows]
    assert [row[1] for row in rows] == PEOPLE == [OWNING.person(value) for value in kept]
    assert [row[2] for row in rows] == [name not in OWNING.names for name in WRITTEN]


def test_where_nobody_has_a_person_of_their_own_there_is_no_name(database: Database) -> None:
    add_customers(database, 2)
    rules = rules_for(database, (), {})
    with database.read() as connection:
        assert set(connection.execute(select(owner_of(rules.customers, None, rules))).scalars()) == {""}


def test_a_field_that_is_not_declared_any_more_names_nobody(database: Database) -> None:
    add_customers(database, 1)
    rules = rules_for(database, (), {})
    with database.read() as connection:
        found = connection.execute(select(owner_of(rules.customers, OWNING, rules))).scalar_one()
    assert found == "team"
