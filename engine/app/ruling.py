"""Wiring for `why`: the rules of contact for one person, each with its verdict, and when they may get the letter."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from engine.app.desk import Desk
from engine.app.people import rulebook
from engine.audience.clocks import known_zone
from engine.audience.stages import stages_of
from engine.audience.standing import standing
from engine.definitions.schema.campaign import Campaign
from engine.model.contact import Touch
from engine.model.report import Fact
from engine.policy.deciding import Facts, end_of_day
from engine.policy.explaining import explain
from engine.policy.rules import Rules, rules_for
from engine.store import stages, touches, touches_by_people
from engine.store.customers import Customer
from engine.store.deliveries import Delivery
from engine.store.types import from_microseconds

if TYPE_CHECKING:
    from sqlalchemy import Connection


def contact_facts(
    desk: Desk,
    connection: Connection,
    campaign: Campaign,
    customer: Customer,
    row: Delivery | None,
    moment: datetime,
) -> Iterator[Fact]:
    """Every rule that concerns the campaign, for one customer.

    A letter that has left is judged at the moment at which it left, on what had left before; any other one at
    `moment`, or when it is due.
    """
    rules = rules_for(desk.workspace, campaign)
    yield from _stage_facts(desk, connection, rules, customer, moment)
    if not rules.any:
        return
    left = row.submitted_at if row is not None else None
    due = left or max(row.due_at if row is not None and row.due_at is not None else moment, moment)
    facts = _facts(desk, connection, rules, customer, row.run if row is not None else 0, due)
    for found in explain(rules, facts, due):
        told = f" ({found.found})" if found.found else ""
        yield Fact(f"{found.words}{told}", found.passed, found.where)
        if found.until is not None:
            local = found.until.astimezone(facts.zone)
            yield Fact(f"may get it from {local:%a %d %b %Y %H:%M} on, {facts.zone} time", depth=1)


def _stage_facts(
    desk: Desk, connection: Connection, rules: Rules, customer: Customer, moment: datetime
) -> Iterator[Fact]:
    """The stage of sunset somebody is in, and since when."""
    kept = stages.of_customer(connection, customer.id) if rules.sunset is not None else None
    if kept is None or rules.sunset is None or kept.since > moment:
        return
    rung = rules.sunset.rungs.get(kept.stage)
    where = rung.where if rung is not None else ""
    if stages_of(connection, rulebook(desk, moment), rules.sunset, [customer.id]):
        words = f"{kept.stage.words} since {kept.since:%Y-%m-%d}: no sign of life since {kept.silent_since:%Y-%m-%d}"
        yield Fact(words, None, where)
    else:
        yield Fact(f"not {kept.stage.words} any more: a sign of life came", True, where)


def _facts(
    desk: Desk, connection: Connection, rules: Rules, customer: Customer, run: int, due: datetime
) -> Facts:
    segments = list(dict.fromkeys(hold.segment for hold in rules.holds))
    field = rules.cadence.by if rules.cadence is not None else ""
    people = standing(connection, rulebook(desk, due), [customer.id], field, segments)
    zone = known_zone(people[0].time_zone if people else "", desk.zone)
    labels = touches.recent_runs(connection, None)
    rows = touches.of_customers(connection, [customer.id], list(labels))
    past = [(Touch(from_microseconds(at), labels[number]), number) for _, at, number in rows]
    by_people = [
        Touch(touch.at, rules.people.label(touch.kind))
        for touch in touches_by_people.of_customers(connection, [customer.id])
        if touch.kind in rules.counted_kinds and touch.at <= due
    ]
    ahead = touches.unfinished_runs(connection, rules.ahead) if rules.ahead else {}
    waiting = touches.waiting_for(connection, [customer.id], list(ahead))
    end = end_of_day(due, zone)
    found = stages_of(connection, rulebook(desk, due), rules.sunset, [customer.id])
    return Facts(
        zone,
        desk.zone,
        [*(touch for touch, number in past if number != run and touch.at <= due), *by_people],
        [ahead[number] for _, at, number in waiting if number != run and (at is None or at < end)],
        people[0].value if people else "",
        [hold for hold in rules.holds if people and hold.segment in people[0].segments],
        found.get(customer.id, ""),
    )
