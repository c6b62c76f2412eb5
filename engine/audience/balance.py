"""The balance of intents in SQL: whether a letter with the intent would be one too many among the last ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, false, func, or_, select, true
from sqlalchemy.sql.selectable import NamedFromClause, Subquery

from engine.audience.past import left_at, touched
from engine.model.contact import Label
from engine.model.duration import Duration, Unit
from engine.policy.rules import Balance
from engine.store import tables
from engine.store.touches import TOUCHED
from engine.store.types import to_microseconds

RECENT = Duration(4, Unit.MONTH)
"""Most people's last letters lie in this time: they are ranked together; only others are looked up one by one."""


def unbalanced(
    balance: Balance,
    past: Callable[[datetime | None], Mapping[int, Label]],
    moment: datetime,
    customer: ColumnElement[int],
    only: int | None,
) -> tuple[list[Subquery], ColumnElement[bool]]:
    """Whether the rule objects for the customer, and the subqueries to join by their `customer`.

    With `at_most: 1, of_last: 3` it objects where one of the last two letters had the intent. Of letters of one moment
    those with the intent are taken for the latest.
    """
    if balance.at_most == 0:
        return [], true()
    counting = {run: label.intent == balance.intent for run, label in past(None).items() if label.counts}
    since, before, first = RECENT.before(moment), balance.of_last - 1, balance.not_in_first
    lately = {run: counting[run] for run in past(since) if run in counting}
    recent = _lately(lately, to_microseconds(since), before, max(before, first), only)
    same = case(
        (recent.c.number >= before, recent.c.same >= balance.at_most),
        else_=_same_of_last(customer, counting, before) >= balance.at_most,
    )
    if not first:
        return [recent], same
    few = case((recent.c.number >= first, false()), else_=_number(customer, counting, first) < first)
    return [recent], or_(same, few)


def _lately(runs: Mapping[int, bool], since: int, before: int, most: int, only: int | None) -> Subquery:
    """Each customer's latest letters of this time: their `number`, and how many of the last ones had the `same` intent.

    `runs`: whether they had the intent.
    """
    delivery = tables.deliveries.alias()
    is_same = _is_same(delivery, runs)
    rank = func.row_number().over(
        partition_by=delivery.c.customer, order_by=(left_at(delivery).desc(), is_same.desc())
    )
    ranked = (
        select(delivery.c.customer, is_same.label("same"), rank.label("rank"))
        .where(*touched(delivery, runs, since, only))
        .subquery()
    )
    return (
        select(
            ranked.c.customer,
            func.count().label("number"),
            func.sum(case((ranked.c.rank <= before, ranked.c.same), else_=0)).label("same"),
        )
        .where(ranked.c.rank <= most)
        .group_by(ranked.c.customer)
        .subquery("latest_letters")
    )


def _is_same(delivery: NamedFromClause, runs: Mapping[int, bool]) -> ColumnElement[int]:
    return case((delivery.c.run.in_([run for run, same in runs.items() if same]), 1), else_=0)


def _same_of_last(customer: ColumnElement[int], runs: Mapping[int, bool], before: int) -> ColumnElement[int]:
    """How many of one person's last letters had the intent."""
    delivery = tables.deliveries.alias()
    is_same = _is_same(delivery, runs)
    last = (
        _of_one(delivery, customer, runs, is_same.label("same"))
        .order_by(left_at(delivery).desc(), is_same.desc())
        .limit(before)
        .subquery()
    )
    return select(func.coalesce(func.sum(last.c.same), 0)).select_from(last).scalar_subquery()


def _number(customer: ColumnElement[int], runs: Mapping[int, bool], most: int) -> ColumnElement[int]:
    """How many letters one person got; counted no further than `most`."""
    delivery = tables.deliveries.alias()
    found = _of_one(delivery, customer, runs, delivery.c.id).limit(most).subquery()
    return select(func.count()).select_from(found).scalar_subquery()


def _of_one(
    delivery: NamedFromClause,
    customer: ColumnElement[int],
    runs: Mapping[int, bool],
    wanted: ColumnElement[Any],
) -> Select[Any]:
    """One person's letters. They are found by the person: the sum keeps the databases from trying every run in turn."""
    found = [delivery.c.customer == customer, delivery.c.state.in_(TOUCHED)]
    found += [(delivery.c.run + 0).in_(list(runs)), delivery.c.submitted_at.is_not(None)]
    return select(wanted).select_from(delivery).where(*found).correlate_except(delivery)
