"""Accounts in SQL: which customers belong together, and who of them gets the one letter of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, literal, or_, select

from engine.audience.conditions import People
from engine.audience.contact import field_text
from engine.audience.portable import bytewise
from engine.audience.rulebook import Rulebook
from engine.definitions.schema.customers import Accounts
from engine.model.words import SKIPPED_STATES, Reason, State
from engine.store import tables

OUT = tuple(sorted(SKIPPED_STATES))


def account_of(people: People, accounts: Accounts, rules: Rulebook) -> ColumnElement[Any]:
    """The account of each row of `people`; "" where somebody belongs to none."""
    return func.trim(field_text(people, accounts.by, rules))


def contacts(rules: Rulebook, run: int, accounts: Accounts, prefer: Sequence[str]) -> Select[Any]:
    """Everybody of an account who may get the run's letter: `delivery`, `place` among them, and who is first, `told`.

    First comes whoever has the letter already, then roles in the order of `prefer`, then the lower customer key. A
    person who is held out stands for the account like any other: what is measured is the account.
    """
    people, delivery = rules.customers, tables.deliveries
    role = field_text(people, accounts.role, rules) if accounts.role is not None else literal("")
    still_open = delivery.c.state.in_((State.PLANNED, State.HELD_OUT))
    wanted = {word: place for place, word in reversed(list(enumerate(prefer)))}
    rank: ColumnElement[int] = literal(0)
    if wanted:
        rank = case(*((role == word, place) for word, place in wanted.items()), else_=len(prefer))
    order = (case((still_open, 1), else_=0), rank, bytewise(people.c.customer_id, rules.dialect))
    window: dict[str, Any] = {"partition_by": account_of(people, accounts, rules), "order_by": order}
    named = people.c.customer_id.concat(case((role != "", literal(" (").concat(role).concat(")")), else_=""))
    told = case(
        (delivery.c.state == State.HELD_OUT, named.concat(" stands for the account and is held out")),
        else_=literal("the account's letter goes to ").concat(named),
    )
    return (
        select(
            delivery.c.id.label("delivery"),
            func.row_number().over(**window).label("place"),
            func.first_value(told).over(**window).label("told"),
        )
        .join_from(delivery, people, people.c.id == delivery.c.customer)
        .where(delivery.c.run == run, account_of(people, accounts, rules) != "", _has_or_may())
    )


def deserted(rules: Rulebook, run: int, accounts: Accounts) -> Select[Any]:
    """Deliveries that were skipped for somebody else of their account, where nobody of it gets the letter."""
    people, delivery = rules.customers, tables.deliveries
    account = account_of(people, accounts, rules)
    joined = delivery.join(people, people.c.id == delivery.c.customer)
    served = (
        select(account.label("account"))
        .select_from(joined)
        .where(delivery.c.run == run, account != "", _has_or_may())
        .distinct()
        .subquery("served")
    )
    return (
        select(delivery.c.id)
        .select_from(joined.outerjoin(served, served.c.account == account))
        .where(
            delivery.c.run == run,
            delivery.c.reason == str(Reason.ONE_PER_ACCOUNT),
            served.c.account.is_(None),
        )
    )


def _has_or_may() -> ColumnElement[bool]:
    """The delivery's person may get the letter, has it, or had this occurrence's letter before."""
    delivery = tables.deliveries
    return or_(delivery.c.state.not_in(OUT), delivery.c.reason == str(Reason.ALREADY_SENT))


def people_beside(
    connection: Connection, rules: Rulebook, accounts: Accounts, customer: int
) -> tuple[int, ...]:
    """The row numbers of the others of a customer's account."""
    people, own = rules.customers, rules.customers.alias()
    account = account_of(people, accounts, rules)
    theirs = select(account_of(own, accounts, rules)).where(own.c.id == customer).scalar_subquery()
    query = select(people.c.id).where(and_(account == theirs, account != "", people.c.id != customer))
    return tuple(connection.execute(query.order_by(people.c.id)).scalars())
