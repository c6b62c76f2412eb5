"""Codes: nobody gets two, nobody shares one, what was not sent is free again."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from engine.errors import StoreError
from engine.model.words import Reason, State
from engine.store import codes, runs, tables, workers
from engine.store.codes import Reserved
from engine.store.counts import counts
from engine.store.database import Database
from engine.store.ledger import plan, queue
from tests.builders import NOW, add_customers, add_run


def maker(*, colliding: int = 0) -> Callable[[int, int], list[str]]:
    """Makes codes one after the other; the first so many are all the same."""
    count = itertools.count()
    return lambda number, out: [f"CODE-{max(0, next(count) - colliding)}" for _ in range(number)]


def reserve(database: Database, run: int, **options: object) -> Reserved:
    with database.write() as connection:
        return codes.reserve(connection, run, "spring", NOW, **options)  # type: ignore[arg-type]


def held(database: Database, run: int) -> dict[int, str]:
    with database.read() as connection:
        table = tables.deliveries
        deliveries = list(connection.execute(select(table.c.id).where(table.c.run == run)).scalars())
        return codes.of_deliveries(connection, "spring", deliveries)


def test_everybody_gets_a_code_of_their_own_and_keeps_it(database: Database) -> None:
    add_customers(database, 6)
    run, _ = add_run(database)
    make = maker(colliding=3)
    assert reserve(database, run, make=make) == Reserved(6, 0, 0)
    first = held(database, run)
    assert len(set(first.values())) == 6
    assert reserve(database, run, make=make) == Reserved(0, 0, 0)
    assert held(database, run) == first


def test_codes_for_many_are_given_out_a_part_at_a_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codes, "CHUNK", 3)
    people = add_customers(database, 10)
    run, _ = add_run(database)
    with database.write() as connection:
        codes.load(connection, "spring", ["A", "B", "C", "D"])
    asked: list[tuple[int, int]] = []

    def make(count: int, out: int) -> list[str]:
        asked.append((count, out))
        return [f"CODE-{len(asked)}-{place}" for place in range(count)]

    assert reserve(database, run, make=make, limit=9) == Reserved(9, 1, 0)
    given = held(database, run)
    assert list(given.values())[:4] == ["A", "B", "C", "D"]
    assert len(given) == len(set(given.values())) == 9 < len(people)
    assert asked == [(2, 9), (3, 9)]
    with database.read() as connection:
        assert codes.free(connection, "spring") == 0


def test_a_pool_that_runs_dry_says_how_many_went_without(database: Database) -> None:
    add_customers(database, 5)
    run, _ = add_run(database)
    with database.write() as connection:
        assert codes.load(connection, "spring", ["A", "B", "A", "C"]) == 3
        assert codes.load(connection, "spring", ["C", "D"]) == 1
        assert codes.load(connection, "autumn", ["A"]) == 1
    assert reserve(database, run) == Reserved(4, 1, 0)
    assert sorted(held(database, run).values()) == ["A", "B", "C", "D"]


def test_a_limit_counts_over_every_run(database: Database) -> None:
    people = add_customers(database, 6)
    first, _ = add_run(database, people=people[:4])
    second, _ = add_run(database, occurrence="2027-02", people=people)
    make = maker()
    assert reserve(database, first, make=make, limit=7) == Reserved(4, 0, 0)
    assert reserve(database, second, make=make, limit=7) == Reserved(3, 3, 0)


def test_one_per_customer_leaves_out_who_has_one(database: Database) -> None:
    people = add_customers(database, 4)
    first, _ = add_run(database, people=people[:3])
    second, _ = add_run(database, occurrence="2027-02", people=people)
    make = maker()
    reserve(database, first, make=make)
    assert reserve(database, second, make=make, one_per="customer") == Reserved(1, 0, 3)


def test_one_per_campaign_counts_the_letters_of_that_campaign(database: Database) -> None:
    people = add_customers(database, 4)
    first, _ = add_run(database, people=people[:3])
    again, _ = add_run(database, occurrence="2027-02", people=people)
    other, _ = add_run(database, campaign="win-back", people=people)
    make = maker()
    reserve(database, first, make=make, one_per="campaign")
    assert reserve(database, again, make=make, one_per="campaign") == Reserved(1, 0, 3)
    assert reserve(database, other, make=make, one_per="campaign") == Reserved(4, 0, 0)
    assert reserve(database, again, make=make, one_per="letter") == Reserved(3, 0, 0)


def test_who_had_a_code_and_who_came_too_late_are_told_apart(database: Database) -> None:
    people = add_customers(database, 4)
    first, _ = add_run(database, people=people[:2])
    second, _ = add_run(database, occurrence="2027-02", people=people, state=runs.PLANNING)
    reserve(database, first, make=maker())
    with database.write() as connection:
        codes.load(connection, "spring", ["LAST"])
    assert reserve(database, second, one_per="customer") == Reserved(1, 1, 2)
    with database.write() as connection:
        assert plan.skip_without_code(connection, second, "spring", "customer") == 3
        assert counts(connection, second).skipped == {"offer_taken": 2, "offer_exhausted": 1}


def test_a_code_remembers_when_it_ends(database: Database) -> None:
    add_customers(database, 1)
    run, _ = add_run(database)
    ends = NOW + timedelta(days=14)
    reserve(database, run, make=maker(), expires_at=ends)
    with database.read() as connection:
        assert connection.execute(select(tables.codes.c.expires_at)).scalar_one() == ends


def test_a_pattern_that_is_used_up_is_an_error_and_reserves_nothing(database: Database) -> None:
    add_customers(database, 3)
    run, _ = add_run(database)
    with pytest.raises(StoreError, match="hardly any codes left"):
        reserve(database, run, make=lambda number, out: ["ONLY"] * number)
    assert held(database, run) == {}


def test_who_goes_without_is_marked_or_skipped(database: Database) -> None:
    add_customers(database, 3)
    run, variant = add_run(database, state=runs.PLANNING)
    with database.write() as connection:
        codes.load(connection, "spring", ["A"])
    reserve(database, run)
    without = f"everybody{plan.without_code('spring')}"
    with database.write() as connection:
        assert plan.mark_without_code(connection, run, "spring") == 2
        assert plan.mark_without_code(connection, run, "spring") == 0
        assert plan.profiles(connection, run) == [(without, 2), ("everybody", 1)]
        plan.assign(connection, run, [plan.Choice("everybody", variant)])
        assert plan.skip_without_code(connection, run, "spring", "letter") == 2
        assert counts(connection, run).skipped == {"offer_exhausted": 2}


def test_a_code_is_free_again_when_its_letter_will_not_be_sent(database: Database) -> None:
    add_customers(database, 3)
    run, variant = add_run(database)
    reserve(database, run, make=maker())
    with workers.sign_on(database, NOW) as worker, database.write() as connection:
        claim = queue.claim(connection, run, variant, 2, worker, NOW)
        first, second = claim.rows
        assert codes.free(connection, "spring") == 0
        stopped = [
            (first.delivery, Reason.MISSING_VALUE, "no first name"),
            (second.delivery, Reason.HOLD, ""),
        ]
        assert queue.skip(connection, claim, stopped) == 2
        assert codes.free(connection, "spring") == 2
        assert queue.skip(connection, claim, stopped) == 0
    with database.write() as connection:
        table = tables.deliveries
        connection.execute(table.update().values(state=str(State.PLANNED), lease=None))
    assert reserve(database, run) == Reserved(2, 0, 0)
    assert len(set(held(database, run).values())) == 3


def test_plans_that_reserve_at_once_never_share_a_code(database: Database) -> None:
    people = add_customers(database, 60)
    numbers = [add_run(database, occurrence=f"o{place}", people=people)[0] for place in range(3)]
    with database.write() as connection:
        codes.load(connection, "spring", [f"C{number}" for number in range(150)])
    given: list[Reserved] = []
    threads = [
        threading.Thread(target=lambda run=run: given.append(reserve(database, run))) for run in numbers
    ]  # type: ignore[misc]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    every = [code for run in numbers for code in held(database, run).values()]
    assert sum(item.reserved for item in given) == len(every) == len(set(every)) == 150


def test_a_code_is_used_once_by_whoever_came_first(database: Database) -> None:
    ada, bob = add_customers(database, 2)
    run, _ = add_run(database, people=[ada, bob])
    reserve(database, run, make=maker())
    table = tables.codes
    people = tables.customers
    with database.write() as connection:
        (whose,) = connection.execute(select(table.c.customer).where(table.c.code == "CODE-0")).one()
        keys = dict(connection.execute(select(people.c.id, people.c.customer_id)).all())
        other = keys[bob if whose == ada else ada]
        told = [
            codes.Use("code-0", "nobody known", NOW + timedelta(hours=2)),
            codes.Use(" CODE-0", other, NOW + timedelta(hours=1)),
            codes.Use("CODE-7", other, NOW),
        ]
        assert codes.use(connection, "spring", told) == codes.Used(1, 1)
        assert codes.use(connection, "spring", [codes.Use("CODE-0", keys[whose], NOW)]) == codes.Used()
        state, used_at, used_by = connection.execute(
            select(table.c.state, table.c.used_at, table.c.used_by).where(table.c.code == "CODE-0")
        ).one()
    assert (state, used_at, keys[used_by]) == ("used", NOW + timedelta(hours=1), other)
