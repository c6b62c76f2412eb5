"""The balance of intents in SQL: whether a letter with the intent would be one too many among the last ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    case,
    false,
    func,
    literal,
    or_,
    select,
    true,
    type_coerce,
    union_all,
)
from sqlalchemy.sql.selectable import NamedFromClause, Subquery

from engine.audience.past import left_at, made_by_people, touched
from engine.model.contact import Label
from engine.model.duration import Duration, Unit
from engine.policy.rules import Balance, ByPeople
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
    people: ByPeople,
) -> tuple[list[Subquery], ColumnElement[bool]]:
    """Whether the rule objects for the customer, and the subqueries to join by their `customer`.

    With `at_most: 1, of_last: 3` it objects where one of the last two touches had the intent. Of touches of one moment
    those with the intent are taken for the latest.
    """
    if balance.at_most == 0:
        return [], true()
    counting = {run: label.intent == balance.intent for run, label in past(None).items() if label.counts}
    since, before, first = RECENT.before(moment), balance.of_last - 1, balance.not_in_first
    every = _Counted(counting, people, people.intent == balance.intent)
    lately = {run: counting[run] for run in past(since) if run in counting}
    recent = _lately(replace(every, runs=lately), to_microseconds(since), before, max(before, first), only)
    same = case(
        (recent.c.number >= before, recent.c.same >= balance.at_most),
        else_=_same_of_last(customer, every, before) >= balance.at_most,
    )
    if not first:
        return [recent], same
    few = case((recent.c.number >= first, false()), else_=_number(customer, every, first) < first)
    return [recent], or_(same, few)


@dataclass(frozen=True, slots=True)
class _Counted:
    """What counts: runs and touches by people, each with whether it had the intent."""

    runs: Mapping[int, bool]
    people: ByPeople
    people_same: bool

    def is_same(self, delivery: NamedFromClause) -> ColumnElement[int]:
        """1 where the letter had the intent."""
        return case((delivery.c.run.in_([run for run, same in self.runs.items() if same]), 1), else_=0)


def _lately(counted: _Counted, since: int, before: int, most: int, only: int | None) -> Subquery:
    """Each customer's latest touches of this time: their `number`, and how many of the last had the `same` intent."""
    delivery = tables.deliveries.alias()
    letters = select(
        delivery.c.customer, left_at(delivery).label("at"), counted.is_same(delivery).label("same")
    ).where(*touched(delivery, counted.runs, since, only))
    found = _with_people(letters, counted, since, only)
    rank = func.row_number().over(
        partition_by=found.c.customer, order_by=(found.c.at.desc(), found.c.same.desc())
    )
    ranked = select(found.c.customer, found.c.same, rank.label("rank")).subquery()
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


def _with_people(letters: Select[Any], counted: _Counted, since: int, only: int | None) -> Subquery:
    if not counted.people.kinds:
        return letters.subquery()
    touch = tables.touches.alias()
    by_people = select(touch.c.customer, *_of_touch(touch, counted)).where(
        *made_by_people(touch, counted.people.kinds, since, only)
    )
    return union_all(letters, by_people).subquery()


def _of_touch(touch: NamedFromClause, counted: _Counted) -> tuple[ColumnElement[int], ColumnElement[int]]:
    """When it was, and whether it had the intent."""
    return type_coerce(touch.c.at, BigInteger).label("at"), literal(int(counted.people_same)).label("same")


def _same_of_last(customer: ColumnElement[int], counted: _Counted, before: int) -> ColumnElement[int]:
    """How many of one person's last touches had the intent."""
    last = _latest_of_one(customer, counted, before)
    return select(func.coalesce(func.sum(last.c.same), 0)).select_from(last).scalar_subquery()


def _number(customer: ColumnElement[int], counted: _Counted, most: int) -> ColumnElement[int]:
    """How many touches one person got; counted no further than `most`."""
    found = _latest_of_one(customer, counted, most, in_order=False)
    return select(func.count()).select_from(found).scalar_subquery()


def _latest_of_one(
    customer: ColumnElement[int], counted: _Counted, most: int, *, in_order: bool = True
) -> Subquery:
    """One person's latest touches. They are found by the person: the sum keeps the databases from trying every run in
    turn."""
    delivery = tables.deliveries.alias()
    left = [delivery.c.customer == customer, delivery.c.state.in_(TOUCHED)]
    left += [(delivery.c.run + 0).in_(list(counted.runs)), delivery.c.submitted_at.is_not(None)]
    letters = (
        select(left_at(delivery).label("at"), counted.is_same(delivery).label("same"))
        .select_from(delivery)
        .where(*left)
        .correlate_except(delivery)
    )
    found: Any = letters
    if counted.people.kinds:
        touch = tables.touches.alias()
        own = [touch.c.customer == customer, *made_by_people(touch, counted.people.kinds, None, None)]
        by_people = select(*_of_touch(touch, counted)).select_from(touch).where(*own).correlate_except(touch)
        every = union_all(letters, by_people).subquery()
        found = select(every.c.at, every.c.same).select_from(every)
    if in_order:
        columns = found.selected_columns
        found = found.order_by(columns["at"].desc(), columns["same"].desc())
    return found.limit(most).subquery()  # type: ignore[no-any-return]
