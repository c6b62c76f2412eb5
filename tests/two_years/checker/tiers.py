"""Tiers: each is what was spent within a year, worked out from the orders anew; nobody falls within three months."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from tests.two_years.checker.days import months_later
from tests.two_years.checker.ledger import Event, Ledger

KEPT = timedelta(days=89)
"""Three months are at least so long."""


def tiers(ledger: Ledger) -> Iterator[str]:
    """Every change has a reason, follows on the one before, and is what the orders known by then say."""
    orders, changes = ledger.events_of("order_placed"), ledger.events_of("tier_changed")
    (score,) = ledger.tiers["score"]
    names = ["silver", "gold", "platinum"]
    for person in ledger.customers.values():
        tier, since = "", None
        for change in changes.get(person.id, ()):
            name = f"{person.key} becomes {change.fields['to']} at {change.at}"
            if change.fields.get("from", "") != tier or change.fields["to"] == tier:
                yield f"{name}, from {change.fields.get('from')}, and was {tier or 'nothing'}"
            if not change.fields.get("reason"):
                yield f"{name} without a reason"
            spent = amounts(orders.get(person.id, []), change.at)
            if change.fields["to"] not in {names[_band(score["bands"], amount)] for amount in spent}:
                yield f"{name} and spent {sorted(spent)}"
            falls = tier and names.index(change.fields["to"]) < names.index(tier)
            if falls and since is not None and change.at < since + KEPT:
                yield f"{name}, so soon after {since}"
            tier, since = change.fields["to"], change.at
        if person.tier != tier:
            yield f"{person.key} is {person.tier or 'nothing'}, and became {tier or 'nothing'} at last"


def amounts(orders: list[Event], at: datetime) -> set[float]:
    """What may have been known at a moment of the year before: a month's orders come in on the first of the next."""
    month = at.date().replace(day=1)
    known = [month, months_later(month, -1)] if at.day == 1 else [month]
    return {
        sum(
            order.fields["amount"]
            for order in orders
            if order.at < _midnight(until) and order.at.date() >= year_before(at.date()) + timedelta(days=off)
        )
        for until in known
        for off in (0, 1)
    }


def year_before(day: date) -> date:
    """The same day a year earlier."""
    return (
        day.replace(year=day.year - 1, day=28)
        if (day.month, day.day) == (2, 29)
        else day.replace(year=day.year - 1)
    )


def _band(limits: list[float], amount: float) -> int:
    return sum(amount >= limit for limit in limits)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
