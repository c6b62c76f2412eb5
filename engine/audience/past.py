"""Past letters in SQL, and what people did: which rows are touches, counted for each person."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, func, or_, select, type_coerce
from sqlalchemy.sql.selectable import NamedFromClause, Subquery

from engine.audience.clocks import Times
from engine.model.words import Reason
from engine.store import tables
from engine.store.touches import TOUCHED, WAITING


def left_at(delivery: NamedFromClause) -> ColumnElement[int]:
    """When the letter left, in microseconds."""
    return type_coerce(delivery.c.submitted_at, BigInteger)


def touched(
    delivery: NamedFromClause, runs: Collection[int], since: int | None, only: int | None
) -> list[ColumnElement[bool]]:
    """The row is a letter of these runs that has left, or may have, at `since` (microseconds) or after it.

    A task that an owner got by a campaign `by: owner` is one, too; the label of its run says that it does not count.
    """
    reached = or_(delivery.c.state.in_(TOUCHED), delivery.c.reason == Reason.OWNER_TASK.value)
    found: list[ColumnElement[bool]] = [delivery.c.run.in_(sorted(runs)), reached]
    found.append(left_at(delivery) >= since if since is not None else delivery.c.submitted_at.is_not(None))
    if only is not None:
        found.append(delivery.c.customer == only)
    return found


def letters_since(runs: Collection[int], times: Times, place: int, only: int | None) -> Select[Any]:
    """The customer of every such letter since the moment of their own zone that `times` has at `place`."""
    delivery = tables.deliveries.alias()
    query = select(delivery.c.customer).where(*touched(delivery, runs, times.lowest[place], only))
    if not times.varies[place]:
        return query
    person = tables.customers.alias()
    source: Any = delivery.join(person, person.c.id == delivery.c.customer)
    for table, condition in times.joins(person.c.time_zone):
        source = source.outerjoin(table, condition)
    return query.select_from(source).where(left_at(delivery) >= times.moment(place))


def by_people_since(kinds: Collection[str], times: Times, place: int, only: int | None) -> Select[Any]:
    """The customer of everything people did of these kinds since the moment in `times`."""
    touch = tables.touches.alias()
    query = select(touch.c.customer).where(*made_by_people(touch, kinds, times.lowest[place], only))
    if not times.varies[place]:
        return query
    person = tables.customers.alias()
    source: Any = touch.join(person, person.c.id == touch.c.customer)
    for table, condition in times.joins(person.c.time_zone):
        source = source.outerjoin(table, condition)
    return query.select_from(source).where(type_coerce(touch.c.at, BigInteger) >= times.moment(place))


def made_by_people(
    touch: NamedFromClause, kinds: Collection[str], since: int | None, only: int | None
) -> list[ColumnElement[bool]]:
    """The row is a touch by people of these kinds at `since` (microseconds) or after it."""
    found: list[ColumnElement[bool]] = [touch.c.kind.in_(sorted(kinds))]
    if since is not None:
        found.append(type_coerce(touch.c.at, BigInteger) >= since)
    if only is not None:
        found.append(touch.c.customer == only)
    return found


def waiting_before(runs: Collection[int], times: Times, place: int, only: int | None) -> Select[Any]:
    """The customer of every letter of these runs that has not left and is due before the moment in `times`."""
    delivery, person = tables.deliveries.alias(), tables.customers.alias()
    source: Any = delivery.join(person, person.c.id == delivery.c.customer)
    for table, condition in times.joins(person.c.time_zone):
        source = source.outerjoin(table, condition)
    due = func.coalesce(type_coerce(delivery.c.due_at, BigInteger), 0)
    query = (
        select(delivery.c.customer)
        .select_from(source)
        .where(delivery.c.run.in_(sorted(runs)), delivery.c.state.in_(WAITING), due < times.moment(place))
    )
    return query if only is None else query.where(delivery.c.customer == only)


def latest(
    runs: Sequence[int],
    since: int | None,
    place: int,
    only: int | None,
    name: str,
    among: Select[tuple[int]] | None = None,
) -> Subquery:
    """Each customer with the moment `at` of the place-th latest of these letters (1: the latest).

    `among`: of these customers alone.
    """
    delivery = tables.deliveries.alias()
    at = left_at(delivery)
    chosen = touched(delivery, runs, since, only)
    if among is not None:
        chosen.append(delivery.c.customer.in_(among))
    if place == 1:
        return (
            select(delivery.c.customer, func.max(at).label("at"))
            .where(*chosen)
            .group_by(delivery.c.customer)
            .subquery(name)
        )
    rank = func.row_number().over(partition_by=delivery.c.customer, order_by=at.desc()).label("rank")
    ranked = select(delivery.c.customer, at.label("at"), rank).where(*chosen).subquery()
    return select(ranked.c.customer, ranked.c.at).where(ranked.c.rank == place).subquery(name)
