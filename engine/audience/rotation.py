"""Fair rotation: of the people who may get a letter, those who had theirs longest ago.

Whoever never had one comes first. Ties are drawn by lot, the same lot whenever the occurrence is planned again: the
bucket of the mailbox in an experiment named after the occurrence (see engine.audience.holdout).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select, union_all
from sqlalchemy.sql.selectable import Subquery

from engine.audience.conditions import GIVEN_STATES
from engine.audience.holdout import bucket
from engine.model.touch import TouchKind
from engine.model.words import PENDING_STATES, State
from engine.store import tables
from engine.store.types import Moment

COUNTED = tuple(sorted({*GIVEN_STATES, *PENDING_STATES}))
"""Letters that were, may have been or will be sent."""


@dataclass(frozen=True)
class Rotation:
    """How a run's people are chosen.

    Attributes:
        run: of whose planned deliveries the choice is made.
        campaign, occurrence: name the run, and its lot.
        gifts: what counts is the last gift: a code of one of these offers, or a person's own touch. None: the last
            letter of the campaign.
        since: who had one since then is not to be chosen; None leaves nobody out.
    """

    run: int
    campaign: str
    occurrence: str
    gifts: tuple[str, ...] | None = None
    since: datetime | None = None


def had_lately(rotation: Rotation) -> Select[tuple[int]]:
    """The run's planned deliveries whose customers had one since `since`."""
    delivery, last = tables.deliveries.alias(), _last(rotation)
    return (
        select(delivery.c.id)
        .join(last, last.c.customer == delivery.c.customer)
        .where(*_planned(delivery, rotation), last.c.at >= rotation.since)
    )


def in_turn(rotation: Rotation, dialect: str) -> Select[tuple[int, int]]:
    """The run's planned deliveries and their `place`: 1 for whoever's last one lies furthest back."""
    delivery, people, last = tables.deliveries.alias(), tables.customers.alias(), _last(rotation)
    lot = bucket(people.c.address_hash, f"{rotation.campaign}\x1f{rotation.occurrence}", dialect)
    order = [last.c.at.asc().nulls_first(), lot, delivery.c.customer]
    return (
        select(delivery.c.id, func.row_number().over(order_by=order).label("place"))
        .join(people, people.c.id == delivery.c.customer)
        .outerjoin(last, last.c.customer == delivery.c.customer)
        .where(*_planned(delivery, rotation))
    )


def longest_waiting(rotation: Rotation, pick: int, dialect: str) -> Select[tuple[int]]:
    """The first `pick` of them."""
    placed = in_turn(rotation, dialect).subquery()
    return select(placed.c.id).where(placed.c.place <= pick).order_by(placed.c.place)


def _planned(delivery: Any, rotation: Rotation) -> list[Any]:
    return [delivery.c.run == rotation.run, delivery.c.state == State.PLANNED]


def _last(rotation: Rotation) -> Subquery:
    """Each customer's last one, outside the run."""
    parts = [_of_campaign(rotation)] if rotation.gifts is None else [_codes(rotation), _by_people()]
    every = union_all(*parts).subquery()
    return (
        select(every.c.customer, func.max(every.c.at, type_=Moment).label("at"))
        .group_by(every.c.customer)
        .subquery("last_one")
    )


def _of_campaign(rotation: Rotation) -> Select[Any]:
    delivery, run = tables.deliveries.alias(), tables.runs.alias()
    at = func.coalesce(delivery.c.submitted_at, run.c.as_of, type_=Moment).label("at")
    return (
        select(delivery.c.customer, at)
        .join_from(run, delivery, delivery.c.run == run.c.id)
        .where(run.c.campaign == rotation.campaign, run.c.id != rotation.run, delivery.c.state.in_(COUNTED))
    )


def _codes(rotation: Rotation) -> Select[Any]:
    code, delivery = tables.codes.alias(), tables.deliveries.alias()
    return (
        select(code.c.customer, code.c.reserved_at.label("at"))
        .join_from(code, delivery, delivery.c.id == code.c.delivery)
        .where(code.c.offer.in_(rotation.gifts or ()), delivery.c.run != rotation.run)
    )


def _by_people() -> Select[Any]:
    touch = tables.touches.alias()
    return select(touch.c.customer, touch.c.at).where(touch.c.kind == TouchKind.GIFT)
