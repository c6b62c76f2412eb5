"""The balance of intents in SQL: whether a letter with the intent would be one too many among the last ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, case, false, func, or_, select, true
from sqlalchemy.sql.selectable import Subquery

from engine.audience.past import latest, left_at, touched
from engine.model.contact import Label
from engine.model.duration import Duration, Unit
from engine.policy.rules import Balance
from engine.store import tables
from engine.store.touches import TOUCHED
from engine.store.types import to_microseconds

RECENT = Duration(6, Unit.MONTH)
"""Most people's last letters lie in this time: they are counted together; only others are looked up one by one."""


def unbalanced(
    balance: Balance,
    past: Callable[[datetime | None], Mapping[int, Label]],
    moment: datetime,
    customer: ColumnElement[int],
    only: int | None,
) -> tuple[list[Subquery], ColumnElement[bool]]:
    """Whether the rule objects for the customer, and the subqueries to join by their `customer`.

    With `at_most: 1, of_last: 3` it objects where fewer than two other letters left since the last one with the
    intent. Of letters of one moment those with the intent are taken for the latest.
    """
    if balance.at_most == 0:
        return [], true()
    counting = {run: label for run, label in past(None).items() if label.counts}
    same = [run for run, label in counting.items() if label.intent == balance.intent]
    others = [run for run, label in counting.items() if label.intent != balance.intent]
    need = balance.of_last - balance.at_most
    last = latest(same, None, balance.at_most, only, "last_of_intent")
    since = RECENT.before(moment)
    recently = sorted(set(others) & set(past(since)))
    recent = _others_since(last, recently, to_microseconds(since), only)
    few = case(
        (last.c.at.is_(None), false()),
        (func.coalesce(recent.c.number, 0) >= need, false()),
        (last.c.at >= to_microseconds(since), true()),
        else_=_number(customer, others, last.c.at) < need,
    )
    if not balance.not_in_first:
        return [last, recent], few
    early = _number(customer, list(counting), None) < balance.not_in_first
    return [last, recent], or_(few, early)


def _others_since(last: Subquery, runs: list[int], since: int, only: int | None) -> Subquery:
    """How many other letters left since the last one with the intent, of those that left lately."""
    delivery = tables.deliveries.alias()
    return (
        select(delivery.c.customer, func.count().label("number"))
        .select_from(delivery.join(last, last.c.customer == delivery.c.customer))
        .where(*touched(delivery, runs, since, only), left_at(delivery) > last.c.at)
        .group_by(delivery.c.customer)
        .subquery("others_lately")
    )


def _number(
    customer: ColumnElement[int], runs: list[int], after: ColumnElement[int] | None
) -> ColumnElement[int]:
    """How many letters of these runs one person got. They are found by the person: the sum keeps the databases from
    trying every run in turn."""
    delivery = tables.deliveries.alias()
    found = [delivery.c.customer == customer, delivery.c.state.in_(TOUCHED)]
    found += [(delivery.c.run + 0).in_(runs), delivery.c.submitted_at.is_not(None)]
    if after is not None:
        found.append(left_at(delivery) > after)
    return (
        select(func.count()).select_from(delivery).where(*found).correlate_except(delivery).scalar_subquery()
    )
