"""A year's gifts, counted in a small world in which everything happens once."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

from sqlalchemy import insert, select, update

from engine.audience.generosity import Span, code_counts, tier_counts, without_gift
from engine.model.gift import CodeCounts
from engine.store import codes, tables, touches_by_people
from engine.store.database import Database
from tests.audience.people import KINDS, NOW, person, put, rules_for
from tests.builders import add_run

DAY = timedelta(days=1)
SPAN = Span(NOW - 30 * DAY, NOW + 30 * DAY, ("cake",))


def test_who_got_one_who_waits_for_one_and_what_became_of_the_codes(database: Database) -> None:
    names = ["left", "waits", "handed", "to-hand", "failed", "by-hand", "long-ago", "sale", "nobody"]
    tiers = dict(
        zip(names, ["gold", "gold", "gold", "gold", "gold", "silver", "gold", "silver", None], strict=True)
    )
    declared = put(database, [person(name, f"{name}@x.example", tier=tiers[name]) for name in names])
    rules = rules_for(database, declared, {})
    assert "tier" in KINDS
    with database.read() as connection:
        table = tables.customers
        ids = dict(connection.execute(select(table.c.customer_id, table.c.id)).all())

    def give(name: str, offer: str, state: str, at: timedelta, ends: timedelta | None = None) -> None:
        run, _ = add_run(database, campaign=f"{name} {offer} {at}", people=[ids[name]])
        with database.write() as connection:
            made = [f"{name}-{offer}-{at.days}"]
            expires = None if ends is None else NOW + ends
            codes.reserve(connection, run, offer, NOW + at, make=lambda n, out: made, expires_at=expires)
            here = update(tables.deliveries).where(tables.deliveries.c.run == run)
            connection.execute(here.values(state=state))
            codes.release(connection, run)

    give("left", "cake", "accepted", -3 * DAY, 9 * DAY)
    give("left", "cake", "delivered", -2 * DAY)
    give("left", "cake", "uncertain", -20 * DAY, -DAY)
    give("waits", "cake", "planned", -DAY)
    give("failed", "cake", "failed", -DAY)
    give("long-ago", "cake", "accepted", -31 * DAY)
    give("sale", "sale", "accepted", -DAY)
    for name, state in (("handed", "done"), ("to-hand", "open")):
        give(name, "cake", "planned", -DAY)
        with database.write() as connection:
            delivery = tables.deliveries
            mine = connection.execute(
                select(delivery.c.id).where(delivery.c.customer == ids[name])
            ).scalar_one()
            ended = {"state": "skipped", "reason": "owner_task"}
            connection.execute(update(delivery).where(delivery.c.id == mine).values(ended))
            task = {"customer": ids[name], "delivery": mine, "kind": "gift", "title": "", "state": state}
            connection.execute(insert(tables.tasks).values(**task, made_by="campaign", created_at=NOW))
    with database.write() as connection:
        touches_by_people.record(connection, ids["by-hand"], "gift", NOW - DAY, "A book", NOW)
        touches_by_people.record(connection, ids["nobody"], "call", NOW - DAY, "Hello", NOW)
        told = [codes.Use("left-cake--2", "sale", NOW - DAY), codes.Use("waits-cake--1", "waits", NOW)]
        assert codes.use(connection, "cake", told) == codes.Used(2, 1)
    with database.read() as connection:
        counted = {
            each.tier: (each.customers, each.got, each.waiting)
            for each in tier_counts(connection, rules, "tier", SPAN)
        }
        assert counted == {"gold": (6, 2, 2), "silver": (2, 1, 0), "": (1, 0, 0)}
        assert without_gift(connection, rules, "tier", SPAN, "gold", 9) == [
            "failed@x.example",
            "long-ago@x.example",
            "to-hand@x.example",
            "waits@x.example",
        ]
        assert len(without_gift(connection, rules, "tier", SPAN, "gold", 2)) == 2
        found: defaultdict[tuple[str, str], CodeCounts] = defaultdict(CodeCounts)
        for tier, offer, numbers in code_counts(connection, rules, "tier", SPAN, NOW + 10 * DAY):
            found[tier, offer] += numbers
    assert found == {
        ("gold", "cake"): CodeCounts(given=4, used=1, used_by_others=1, unused=2, expiring=1, expired=1),
        ("silver", "sale"): CodeCounts(given=1, unused=1),
    }
