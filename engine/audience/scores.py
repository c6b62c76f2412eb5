"""What the scoreboard counts, by each customer's own person: one statement a number, whatever the number of customers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, case, distinct, func, or_, select
from sqlalchemy.sql.selectable import Subquery

from engine.audience.contact import field_text
from engine.audience.owning import Owning, owner_of
from engine.audience.rulebook import Rulebook
from engine.model.scoreboard import Score
from engine.model.task import TaskState
from engine.store import tables
from engine.store.touches_by_people import ANSWERS

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True)
class Question:
    """What is asked. `before`, `since`: where the period before and this one begin; both end with the next, this one
    with `until`. `purchase`: the event's name. `tier`: the field that holds it."""

    rules: Rulebook
    owning: Owning | None
    tier: str
    purchase: str
    before: datetime
    since: datetime
    until: datetime


def scores(connection: Connection, question: Question, names: Collection[str]) -> list[Score]:
    """Everybody's score but for floors: of all `names`, and whoever else has a customer, a task or a touch."""
    found: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for name in names:
        found[name] = {}
    for owner, tier, customers in connection.execute(_customers(question)):
        found[owner].setdefault("tiers", {})[tier] = customers
    for query, numbers in (
        (_purchases(question), ("bought_before", "retained", "bought", "bought_again")),
        (_answers(question), ("answered",)),
        (_tasks(question), ("open", "overdue", "done", "in_time", "expired")),
        (_touches(question), ("touches",)),
    ):
        for owner, *counted in connection.execute(query):
            found[owner or ""] |= {
                name: int(number or 0) for name, number in zip(numbers, counted, strict=True)
            }
    return [Score(owner, **numbers) for owner, numbers in sorted(found.items(), key=_by_name)]


def _by_name(item: tuple[str, Any]) -> tuple[bool, str]:
    return not item[0], item[0]


def _owned(question: Question) -> Subquery:
    people = question.rules.customers.alias()
    return select(
        people.c.id.label("customer"),
        owner_of(people, question.owning, question.rules).label("owner"),
        field_text(people, question.tier, question.rules).label("tier"),
    ).subquery("owned")


def _customers(question: Question) -> Any:
    owned = _owned(question)
    query = select(owned.c.owner, owned.c.tier, func.count()).group_by(owned.c.owner, owned.c.tier)
    return query.order_by(owned.c.owner, owned.c.tier)


def _purchases(question: Question) -> Any:
    event, owned = tables.events.alias(), _owned(question)
    now = event.c.at >= question.since
    bought = (
        select(event.c.customer, _many(~now).label("then"), _many(now).label("now"))
        .where(
            event.c.name == question.purchase,
            event.c.at >= question.before,
            event.c.at <= question.until,
        )
        .group_by(event.c.customer)
        .subquery("bought")
    )
    then = bought.c.then > 0
    return (
        select(
            owned.c.owner,
            _many(then),
            _many(and_(then, bought.c.now > 0)),
            _many(bought.c.now > 0),
            _many(bought.c.now > 1),
        )
        .join_from(bought, owned, owned.c.customer == bought.c.customer)
        .group_by(owned.c.owner)
    )


def _answers(question: Question) -> Any:
    event, owned = tables.events.alias(), _owned(question)
    in_time = event.c.at.between(question.since, question.until)
    return (
        select(owned.c.owner, func.count(distinct(event.c.customer)))
        .join_from(event, owned, owned.c.customer == event.c.customer)
        .where(event.c.name.in_(ANSWERS), in_time)
        .group_by(owned.c.owner)
    )


def _tasks(question: Question) -> Any:
    task = tables.tasks.alias()
    is_open = task.c.state == TaskState.OPEN
    closed = task.c.closed_at.between(question.since, question.until)
    done = and_(task.c.state == TaskState.DONE, closed)
    return select(
        task.c.owner,
        _many(is_open),
        _many(and_(is_open, task.c.due_at < question.until)),
        _many(done),
        _many(and_(done, or_(task.c.due_at.is_(None), task.c.closed_at <= task.c.due_at))),
        _many(and_(task.c.state == TaskState.EXPIRED, closed)),
    ).group_by(task.c.owner)


def _touches(question: Question) -> Any:
    touch = tables.touches.alias()
    in_time = touch.c.at.between(question.since, question.until)
    return select(touch.c.by, func.count()).where(in_time).group_by(touch.c.by)


def _many(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))
