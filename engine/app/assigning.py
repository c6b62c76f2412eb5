"""Wiring for customers' own people: who has how many, who is given to whom, and one given by hand."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from engine.app.desk import Desk
from engine.app.owners import sender_name
from engine.app.people import find_customer, rulebook
from engine.app.touching import words
from engine.audience import assigning as asking
from engine.audience.owning import Owning, owning_of
from engine.definitions.covering import present
from engine.errors import Refused
from engine.flows.assign import assigning
from engine.model.owners import OwnerLine, OwnerMove, OwnersReport
from engine.store import owner_moves, task_times, turns
from engine.store.owner_moves import Move

if TYPE_CHECKING:
    from sqlalchemy import Connection

SHOWN = 20
"""So many people who get somebody are named, where nobody asks for all."""

LATELY = timedelta(days=30)
"""Whoever was handed over since then is named to their new person."""

MOST_NEW = 200
TURN = ("owners",)


def look(desk: Desk) -> OwnersReport:
    """Everybody's customers as they are now."""
    owning = _owning(desk)
    with desk.database.read() as connection:
        return _report(desk, connection, owning)


def of_one(desk: Desk, name: str) -> OwnersReport:
    """One sender's line, and the customers they got lately, the newest first."""
    owning, whose = _owning(desk), sender_name(desk, name)
    with desk.database.read() as connection:
        found = _report(desk, connection, owning)
        new = owner_moves.handed_over(connection, whose, desk.now - LATELY, MOST_NEW)
    people = []
    for customer_id, email, at, fields in new:
        told = json.loads(fields)
        people.append(
            OwnerMove(
                customer_id, email, told.get("from", ""), told.get("to", ""), told.get("reason", ""), at
            )
        )
    own = [line for line in found.owners if line.name == whose]
    mine = [move for move in people if move.after == whose]
    return OwnersReport(owning.from_field, own, found.unassigned, False, 0, mine)


def preview(desk: Desk, *, people: int | None = SHOWN) -> OwnersReport:
    """Who would be given to whom; nothing is kept. Refused where no rule says so."""
    owning = _assigned(desk)
    with desk.trial() as connection:
        found = _laid_out(desk, connection, owning, people, applied=False)
    return found


def apply(desk: Desk, *, people: int | None = SHOWN) -> OwnersReport:
    """The same, and it takes effect: each is an event, and open tasks go along."""
    owning = _assigned(desk)
    rules = rulebook(desk, desk.now)
    with turns.alone(desk.database, *TURN), desk.database.write() as connection:
        found = _laid_out(desk, connection, owning, people, applied=True)
        if found.moving:
            column = rules.columns[owning.from_field].column
            owner_moves.apply(
                connection, desk.now, owning.otherwise, customers=rules.customers, column=column
            )
        return found


def keep_up(desk: Desk) -> list[str]:
    """What the daemon does: whoever has nobody by now is given somebody; told in a sentence.

    Once it is done there is nobody left: twice is as good as once.
    """
    owner, owning = desk.workspace.account_owner, owning_of(desk.workspace)
    if owner is None or owning is None or not owner.assigns:
        return []
    with desk.database.read() as connection:
        rules = rulebook(desk, desk.now)
        if not asking.count(connection, rules, asking.waiting(rules, owning, owner.only, "", ())):
            return []
    report = apply(desk, people=0)
    who = "customer was" if report.moving == 1 else "customers were"
    return [f"{report.moving:,} {who} given a person of their own"] if report.moving else []


def give(desk: Desk, email: str, name: str, because: str) -> OwnerMove:
    """One customer to one sender, by hand. Their open tasks go along."""
    owning, whose = _owning(desk), sender_name(desk, name)
    said = f"by hand: {words(because, 'the reason')}"
    customer, rules = find_customer(desk, email), rulebook(desk, desk.now)
    if owning.from_field not in rules.columns:
        raise Refused(
            f"`{owning.from_field}` is no field of a customer's own", help="see config/senders.yaml"
        )
    written = customer.fields.get(owning.from_field)
    before = str(written) if written in owning.names else ""
    if before != whose:
        column = rules.columns[owning.from_field].column
        with desk.database.write() as connection:
            owner_moves.lay_out(connection)
            owner_moves.add_rows(connection, [Move(customer.id, before, whose, said)])
            owner_moves.apply(
                connection, desk.now, owning.otherwise, customers=rules.customers, column=column
            )
    return OwnerMove(customer.customer_id, customer.email or "", before, whose, said, desk.now)


def _laid_out(
    desk: Desk, connection: Connection, owning: Owning, people: int | None, *, applied: bool
) -> OwnersReport:
    owner = desk.workspace.account_owner
    assert owner is not None
    rules = rulebook(desk, desk.now)
    assigning.lay_out(
        connection, rules, owning, owner, desk.workspace.senders, desk.workspace.customers.accounts
    )
    found = _report(desk, connection, owning, owner_moves.gains(connection))
    moving = sum(line.gets for line in found.owners)
    named = owner_moves.listed(connection, people) if people != 0 else []
    moves = [OwnerMove(*move) for move in named]
    return OwnersReport(owning.from_field, found.owners, found.unassigned, applied, moving, moves)


def _report(
    desk: Desk, connection: Connection, owning: Owning, gains: dict[str, int] | None = None
) -> OwnersReport:
    rules, tier = rulebook(desk, desk.now), desk.workspace.tiers.field
    tiers: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for name, value, number in asking.owned(connection, rules, owning, tier if tier in rules.columns else ""):
        tiers[name][value] = number
    tasks = {each.owner: each.open for each in task_times.waiting(connection, desk.now, desk.now)}
    unassigned = asking.count(connection, rules, asking.waiting(rules, owning, None, "", ()))
    senders, today = desk.workspace.senders, desk.now.astimezone(desk.zone).date()
    lines = []
    for name, sender in senders.items():
        cover = present(senders, name, today)
        lines.append(
            OwnerLine(
                name,
                sender.name,
                sum(tiers[name].values()),
                tiers[name] if tier in rules.columns else {},
                (gains or {}).get(name, 0),
                tasks.get(name, 0),
                cover if cover != name else "",
                sender.at_most.number if sender.at_most is not None else None,
            )
        )
    return OwnersReport(owning.from_field, lines, unassigned)


def _owning(desk: Desk) -> Owning:
    owning = owning_of(desk.workspace)
    if owning is None:
        raise Refused(
            "`account-owner` is not set up",
            help="add `account-owner: { from_field: …, otherwise: … }` to config/senders.yaml",
        )
    return owning


def _assigned(desk: Desk) -> Owning:
    owning, owner = _owning(desk), desk.workspace.account_owner
    if owner is None or not owner.assigns:
        place = desk.workspace.place("account-owner", "from_field")
        raise Refused(
            "nothing says to whom customers are assigned",
            help=f"add `assign: fewest customers` to `account-owner` ({place.where}),"
            " or `touchbase assign EMAIL NAME` by hand",
        )
    return owning
