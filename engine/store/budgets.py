"""Budgets of generosity: who of a run may still get a gift, decided for everybody at once and with no other plan between.

What is spent is counted from the codes themselves: each knows what it was worth, and of which tier its customer was,
when it was reserved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import floor
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    MetaData,
    Select,
    Table,
    Text,
    and_,
    case,
    exists,
    func,
    insert,
    literal,
    select,
    text,
)

from engine.model.words import State
from engine.store import bulk, codes, tables

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

NO_LIMIT = 2**62
"""Stands for "as many as there are" in the tables of a plan."""
A_LITTLE = 1e-9
"""So that 10 gifts of 0.1 fit into 1, which binary fractions miss by a hair."""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many gifts to each customer, so many in all, and so much money in all; None is no limit."""

    each: int | None = None
    at_most: int | None = None
    spend: float | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """So many gifts, and what they were worth together."""

    gifts: int = 0
    worth: float = 0.0


@dataclass(frozen=True)
class Budget:
    """A budget in one period.

    `start`, `end`: the period, its end excluded. `overall`: what holds for all together. `tiers`: by tier, those
    first that come first; others fall under `otherwise`.
    """

    start: datetime
    end: datetime
    overall: Limit
    tiers: Mapping[str, Limit]
    otherwise: Limit = Limit()

    def key(self, tier: str | None) -> str:
        """The name of the tier's limit: itself, or "" for `otherwise`."""
        return tier if tier is not None and tier in self.tiers else ""


EACH, TIER, EACH_OF_ALL, ALL = "each", "tier", "each of all", "all"
"""Which limit bars somebody: their own or their tier's, under the tier's rule or under what holds for all."""


def given(connection: Connection, budget: Budget) -> dict[str, Given]:
    """What was given in the period, by tier ("" where none is known)."""
    code = tables.codes
    worth = func.sum(code.c.worth)
    query = select(code.c.tier, func.count(), worth).where(*_counting(code, budget)).group_by(code.c.tier)
    return {tier or "": Given(int(number), float(paid)) for tier, number, paid in connection.execute(query)}


def by_limit(budget: Budget, spent: Mapping[str, Given]) -> dict[str, Given]:
    """The same by the limit it falls under."""
    found: dict[str, Given] = {}
    for tier, each in spent.items():
        name = budget.key(tier)
        before = found.get(name, Given())
        found[name] = Given(before.gifts + each.gifts, before.worth + each.worth)
    return found


def total(spent: Mapping[str, Given]) -> Given:
    """All of it."""
    return Given(sum(each.gifts for each in spent.values()), sum(each.worth for each in spent.values()))


def room(limit: Limit, spent: Given, worth: float) -> int:
    """How many more gifts of that worth the limit allows."""
    ends = [NO_LIMIT]
    if limit.at_most is not None:
        ends.append(limit.at_most - spent.gifts)
    if limit.spend is not None and worth > 0:
        ends.append(floor((limit.spend - spent.worth) / worth + A_LITTLE))
    return max(0, min(ends))


def lay_out(
    connection: Connection,
    run: int,
    offer: str,
    budget: Budget,
    worth: float,
    tiers: Select[Any],
    *,
    one_per: str = "letter",
    order: Select[Any] | None = None,
) -> None:
    """Decides for every planned delivery of the run without a code of the offer whether the budget reaches for it.

    Args:
        tiers: a SELECT with a row for each customer, labelled `customer` and `tier`.
        one_per: a key of codes.HAD_ONE; whom it tells of an earlier code is not asked about.
        order: a SELECT with the `place` of each delivery's `id`, the first to be given first; else by their numbers.

    Nobody else gives anything of a budget away before this transaction ends. What is decided stands in `budgeted`
    for the rest of the connection: see `barred` and `codes.reserve`.
    """
    _one_at_a_time(connection)
    spent = given(connection, budget)
    connection.execute(text(_LIMITS))
    connection.execute(text(_BUDGETED))
    connection.execute(_limits.delete())
    connection.execute(_budgeted.delete())
    under = by_limit(budget, spent)
    rows = [
        (name, place, limit.each, room(limit, under.get(name, Given()), worth))
        for place, (name, limit) in enumerate([*budget.tiers.items(), ("", budget.otherwise)])
    ]
    bulk.insert_rows(connection, tuple(_limits.c), rows)
    left = room(budget.overall, total(spent), worth)
    decided = _decided(run, offer, budget, left, tiers, one_per, order)
    connection.execute(insert(_budgeted).from_select([column.name for column in _budgeted.c], decided))


def barred(connection: Connection) -> dict[tuple[str, str], int]:
    """How many the budget does not reach for, by the limit's tier ("" for `otherwise`) and which limit it is."""
    query = (
        select(_budgeted.c.rule, _budgeted.c.barred, func.count())
        .where(_budgeted.c.barred.is_not(None))
        .group_by(_budgeted.c.rule, _budgeted.c.barred)
    )
    return {(rule, which): int(number) for rule, which, number in connection.execute(query)}


def barred_by(rule: str, which: str) -> Select[tuple[int]]:
    """The deliveries one limit bars."""
    return select(_budgeted.c.delivery).where(_budgeted.c.rule == rule, _budgeted.c.barred == which)


def _decided(
    run: int,
    offer: str,
    budget: Budget,
    left: int,
    tiers: Select[Any],
    one_per: str,
    order: Select[Any] | None,
) -> Select[Any]:
    delivery, code, tier_of = tables.deliveries.alias("d"), tables.codes.alias(), tiers.subquery("tier_of")
    turn = order.subquery("turn") if order is not None else None
    had_one = text(f"NOT {codes.HAD_ONE[one_per]}")
    rule = case((tier_of.c.tier.in_(list(budget.tiers)), tier_of.c.tier), else_="")
    had = _had(budget)
    gifts = func.coalesce(had.c.gifts, 0)
    own = case(
        (and_(_limits.c.each.is_not(None), gifts >= _limits.c.each), EACH),
        *([(gifts >= budget.overall.each, EACH_OF_ALL)] if budget.overall.each is not None else []),
    )
    chosen = (
        select(
            delivery.c.id,
            tier_of.c.tier,
            _limits.c.name.label("rule"),
            _limits.c.place,
            _limits.c.room,
            (turn.c.place if turn is not None else delivery.c.id).label("turn"),
            own.label("barred"),
        )
        .join(tier_of, tier_of.c.customer == delivery.c.customer)
        .join(_limits, _limits.c.name == rule)
        .outerjoin(had, had.c.customer == delivery.c.customer)
        .where(
            delivery.c.run == run,
            delivery.c.state == State.PLANNED,
            ~exists(select(code.c.id).where(code.c.delivery == delivery.c.id, code.c.offer == offer)),
            had_one.bindparams(offer=offer) if ":offer" in had_one.text else had_one,
        )
    )
    if turn is not None:
        chosen = chosen.join(turn, turn.c.id == delivery.c.id)
    asked = chosen.subquery("asked")
    number = _numbered(asked, [asked.c.rule], [asked.c.turn])
    tiered = select(*asked.c, number.label("number")).subquery("tiered")
    why = case((tiered.c.barred.is_not(None), tiered.c.barred), (tiered.c.number > tiered.c.room, TIER))
    ended = select(
        tiered.c.id, tiered.c.tier, tiered.c.rule, tiered.c.place, tiered.c.turn, why.label("barred")
    ).subquery("ended")
    number = _numbered(ended, [], [ended.c.place, ended.c.turn])
    last = select(*ended.c, number.label("number")).subquery("last")
    at_last = case((last.c.barred.is_not(None), last.c.barred), (last.c.number > literal(left), ALL))
    return select(last.c.id, last.c.tier, last.c.rule, at_last.label("barred"))


def _numbered(rows: Any, groups: list[Any], order: list[Any]) -> ColumnElement[int]:
    """The place of each row that nothing bars among those of its group."""
    free = case((rows.c.barred.is_(None), 0), else_=1)
    return func.row_number().over(partition_by=[*groups, free], order_by=order)


def _had(budget: Budget) -> Any:
    code = tables.codes.alias()
    return (
        select(code.c.customer, func.count().label("gifts"))
        .where(*_counting(code, budget))
        .group_by(code.c.customer)
        .subquery("had")
    )


def _counting(code: Any, budget: Budget) -> list[ColumnElement[bool]]:
    return [
        code.c.worth.is_not(None),
        code.c.reserved_at >= budget.start,
        code.c.reserved_at < budget.end,
    ]


def _one_at_a_time(connection: Connection) -> None:
    """On PostgreSQL two plans that give something away queue here; SQLite has one writer anyway."""
    if not bulk.is_sqlite(connection):
        bulk.run(connection, "SELECT pg_advisory_xact_lock(hashtext(%s))", ("touchbase budget",))


_of_a_plan = MetaData()
_limits = Table(
    "limits_of_budget",
    _of_a_plan,
    Column("name", Text, primary_key=True),
    Column("place", Integer),
    Column("each", BigInteger),
    Column("room", BigInteger),
)
_budgeted = Table(
    "budgeted",
    _of_a_plan,
    Column("delivery", BigInteger, primary_key=True),
    Column("tier", Text),
    Column("rule", Text),
    Column("barred", Text),
)
_LIMITS = """
CREATE TEMPORARY TABLE IF NOT EXISTS limits_of_budget (name TEXT PRIMARY KEY, place INTEGER, each BIGINT, room BIGINT)
"""
_BUDGETED = """
CREATE TEMPORARY TABLE IF NOT EXISTS budgeted (delivery BIGINT PRIMARY KEY, tier TEXT, rule TEXT, barred TEXT)
"""
