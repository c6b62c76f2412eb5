"""Budgets: who may still get a gift is what a slow count of everything given says, and two plans at once share one."""

from __future__ import annotations

import itertools
import random
import threading
from datetime import timedelta

import pytest
from sqlalchemy import case, func, literal, select, union_all

from engine.store import budgets, codes, tables
from engine.store.budgets import Budget, Given, Limit
from engine.store.database import Database
from tests.builders import NOW, add_customers, add_run

YEAR = (NOW - timedelta(days=4), NOW + timedelta(days=361))
TIERS = ("platinum", "gold", "silver")


def reserve(database: Database, run: int, budget: Budget, worth: float, tiers: dict[int, str]) -> int:
    """Lays the budget out and gives what it allows; how many got theirs."""
    rows = [
        select(literal(person).label("customer"), literal(tier).label("tier"))
        for person, tier in tiers.items()
    ]
    count = itertools.count()
    with database.write() as connection:
        budgets.lay_out(connection, run, "gift", budget, worth, union_all(*rows).subquery().select())
        done = codes.reserve(
            connection,
            run,
            "gift",
            NOW,
            make=lambda n, out: [f"{run}-{next(count)}" for _ in range(n)],
            worth=worth,
        )
        assert sum(budgets.barred(connection).values()) == done.unaffordable
        return done.reserved


def expected(
    tiers: dict[int, str], before: list[tuple[int, str, float]], budget: Budget, worth: float
) -> set[int]:
    """One by one: the tiers in their order, everybody in theirs."""
    given, order = list(before), [*budget.tiers, ""]

    def fits(limit: Limit, mine: list[tuple[int, str, float]], person: int) -> bool:
        own = sum(who == person for who, _, _ in given)
        return (
            (limit.each is None or own < limit.each)
            and (limit.at_most is None or len(mine) < limit.at_most)
            and (limit.spend is None or sum(paid for _, _, paid in mine) + worth <= limit.spend + 1e-9)
        )

    chosen = set()
    for person, tier in sorted(tiers.items(), key=lambda item: (order.index(budget.key(item[1])), item[0])):
        key = budget.key(tier)
        limit = budget.tiers.get(key, budget.otherwise)
        mine = [each for each in given if budget.key(each[1]) == key]
        if fits(limit, mine, person) and fits(budget.overall, given, person):
            given.append((person, tier, worth))
            chosen.add(person)
    return chosen


@pytest.mark.parametrize("seed", range(4))
def test_the_budget_reaches_as_far_as_a_count_one_by_one(database: Database, seed: int) -> None:
    chance = random.Random(seed)
    people = add_customers(database, 14)
    tiers = {person: chance.choice([*TIERS, "bronze", ""]) for person in people}

    def limit() -> Limit:
        return Limit(
            chance.choice([None, None, 1, 2]), chance.choice([None, 3, 8]), chance.choice([None, 0.35, 30.0])
        )

    overall = Limit(chance.choice([None, 2]), chance.choice([None, 9, 15]), chance.choice([None, 1.0, 70.0]))
    budget = Budget(*YEAR, overall, {tier: limit() for tier in TIERS}, limit())
    before: list[tuple[int, str, float]] = []
    for number in range(3):
        asked = sorted(chance.sample(people, k=10))
        worth = chance.choice([0.1, 5.0, 12.0, 0.0])
        run, _ = add_run(database, occurrence=f"o{number}", people=asked)
        wanted = expected({person: tiers[person] for person in asked}, before, budget, worth)
        assert reserve(database, run, budget, worth, tiers) == len(wanted)
        table = tables.codes
        with database.read() as connection:
            rows = select(table.c.customer, table.c.tier, table.c.worth).where(table.c.code.like(f"{run}-%"))
            found = [tuple(row) for row in connection.execute(rows) if row.customer is not None]
        assert {person for person, _, _ in found} == wanted
        before += found
    with database.read() as connection:
        spent = budgets.total(budgets.given(connection, budget))
    assert spent.gifts == len(before)
    assert spent.worth == pytest.approx(sum(worth for _, _, worth in before))


def test_what_is_not_sent_gives_its_share_back_and_another_year_is_another_budget(database: Database) -> None:
    people = add_customers(database, 3)
    tiers = dict.fromkeys(people, "gold")
    budget = Budget(*YEAR, Limit(spend=24), {"gold": Limit(each=1)})
    run, _ = add_run(database)
    assert reserve(database, run, budget, 12, tiers) == 2
    with database.write() as connection:
        assert budgets.given(connection, budget) == {"gold": Given(2, 24.0)}
        later = Budget(YEAR[1], YEAR[1] + timedelta(days=365), Limit(), {})
        assert budgets.given(connection, later) == {}
        table = tables.deliveries
        first = (
            connection.execute(select(tables.codes.c.delivery).order_by(tables.codes.c.id)).scalars().first()
        )
        assert first is not None
        connection.execute(table.update().where(table.c.id == first).values(state="failed"))
        codes.release_deliveries(connection, [first])
        assert budgets.given(connection, budget) == {"gold": Given(1, 12.0)}
    again, _ = add_run(database, occurrence="2027-02")
    assert reserve(database, again, budget, 12, tiers) == 1


def test_two_plans_at_once_do_not_overspend(database: Database) -> None:
    people = add_customers(database, 30)
    tiers = dict.fromkeys(people, "gold")
    budget = Budget(*YEAR, Limit(each=1, at_most=20), {})
    numbers = [add_run(database, occurrence=f"o{place}")[0] for place in range(3)]
    given: list[int] = []
    threads = [
        threading.Thread(target=lambda run=run: given.append(reserve(database, run, budget, 1.0, tiers)))  # type: ignore[misc]
        for run in numbers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(given) == 20


def test_whose_turn_is_first_is_given_first_and_who_had_one_is_not_asked(database: Database) -> None:
    people = add_customers(database, 6)
    budget = Budget(*YEAR, Limit(at_most=3), {"gold": Limit(at_most=1)})
    first, _ = add_run(database, people=people[:1])
    assert reserve(database, first, budget, 1, dict.fromkeys(people, "silver")) == 1
    run, _ = add_run(database, occurrence="2027-02", people=people)
    delivery = tables.deliveries
    tiers = select(
        tables.customers.c.id.label("customer"),
        case((tables.customers.c.id > people[3], "gold"), else_="silver").label("tier"),
    )
    backwards = select(
        delivery.c.id, func.row_number().over(order_by=delivery.c.id.desc()).label("place")
    ).where(delivery.c.run == run)
    with database.write() as connection:
        (had,) = connection.execute(codes.had_one(run, "gift", "customer")).scalars()
        budgets.lay_out(connection, run, "gift", budget, 1, tiers, one_per="customer", order=backwards)
        assert budgets.barred(connection) == {("gold", "tier"): 1, ("", "all"): 2}
        barred = [
            connection.execute(budgets.barred_by(*limit)).scalars().all()
            for limit in (("gold", "tier"), ("", "all"))
        ]
        rows = select(delivery.c.id).where(delivery.c.run == run).order_by(delivery.c.id)
        ids = list(connection.execute(rows).scalars())
    assert had == ids[0]
    assert [sorted(each) for each in barred] == [[ids[4]], ids[1:3]]
