"""Accounts as people look at them: how many there are, who is in each, and whose they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, Subquery, case, func, literal, or_, select

from engine.audience.accounts import account_of
from engine.audience.contact import field_text
from engine.audience.owning import Owning, owner_of
from engine.audience.portable import bytewise
from engine.audience.rulebook import Rulebook
from engine.definitions.schema.customers import Accounts


class Account(NamedTuple):
    """One account: its name ("" where none is known), how many people it has, and how many owners these have."""

    account: str
    name: str
    people: int
    owners: int


class Contact(NamedTuple):
    """One person of an account. Words are "" where nothing is known."""

    account: str
    customer: int
    customer_id: str
    email: str
    role: str
    owner: str


def accounts_listed(
    connection: Connection,
    rules: Rulebook,
    accounts: Accounts,
    owning: Owning | None,
    *,
    named: str = "",
    differing: bool = False,
    limit: int,
    skip: int = 0,
) -> list[Account]:
    """Accounts by name. `named`: those of that key or name. `differing`: those whose people have several owners."""
    person = _people(rules, accounts, owning)
    owners = func.count(person.c.owner.distinct())
    name = func.coalesce(func.max(person.c.name), "")
    query = (
        select(person.c.account, name.label("name"), func.count().label("people"), owners.label("owners"))
        .group_by(person.c.account)
        .order_by(func.lower(bytewise(name, rules.dialect)), bytewise(person.c.account, rules.dialect))
    )
    if differing:
        query = query.having(owners > 1)
    if named:
        query = query.having(or_(person.c.account == named, func.lower(name) == named.lower()))
    return [Account(*row) for row in connection.execute(query.limit(limit).offset(skip))]


def contacts_listed(
    connection: Connection,
    rules: Rulebook,
    accounts: Accounts,
    owning: Owning | None,
    among: Sequence[str],
    most: int,
    roles: Sequence[str] = (),
) -> list[Contact]:
    """The people of these accounts, by role in the order of `roles`; at most so many of each."""
    person = _people(rules, accounts, owning)
    ranks = [(person.c.role == role, place) for place, role in enumerate(roles)]
    rank = case(*ranks, else_=len(roles)) if ranks else literal(0)
    order = (rank, person.c.role == "", bytewise(person.c.customer_id, rules.dialect))
    place = func.row_number().over(partition_by=person.c.account, order_by=order).label("place")
    placed = select(person, place).where(person.c.account.in_(list(among))).subquery("placed")
    names = ("account", "customer", "customer_id", "email", "role", "owner")
    query = select(*(placed.c[name] for name in names)).where(placed.c.place <= most)
    return [Contact(*row) for row in connection.execute(query.order_by(placed.c.account, placed.c.place))]


def _people(rules: Rulebook, accounts: Accounts, owning: Owning | None) -> Subquery:
    people = rules.customers
    account = account_of(people, accounts, rules)
    query: Select[Any] = select(
        account.label("account"),
        people.c.id.label("customer"),
        people.c.customer_id,
        func.coalesce(people.c.email, "").label("email"),
        _word(rules, accounts.name).label("name"),
        _word(rules, accounts.role).label("role"),
        owner_of(people, owning, rules).label("owner"),
    ).where(account != "")
    return query.subquery("person")


def _word(rules: Rulebook, field: str | None) -> ColumnElement[Any]:
    return literal("") if field is None else func.trim(field_text(rules.customers, field, rules))
