"""Fair rotation: who had theirs longest ago comes first, never had comes before that, and the lot is the occurrence's."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import insert, select, update

from engine.audience.rotation import Rotation, had_lately, longest_waiting
from engine.store import codes, tables, touches_by_people
from engine.store.database import Database
from tests.builders import NOW, add_customers, add_run


def customers_of(database: Database, chosen: object) -> list[int]:
    table = tables.deliveries
    with database.read() as connection:
        ids = connection.execute(chosen).scalars().all()  # type: ignore[call-overload]
        rows = dict(connection.execute(select(table.c.id, table.c.customer)).all())
    return [rows[number] for number in ids]


def dialect(database: Database) -> str:
    return database.engine.dialect.name


def test_a_few_get_it_in_turn_until_everybody_had_theirs(database: Database) -> None:
    people = add_customers(database, 6)
    had: list[set[int]] = []
    for number in range(4):
        run, _ = add_run(database, campaign="panel", occurrence=f"o{number}", people=people)
        rotation = Rotation(run, "panel", f"o{number}")
        picked = customers_of(database, longest_waiting(rotation, 2, dialect(database)))
        assert picked == customers_of(database, longest_waiting(rotation, 2, dialect(database)))
        had.append(set(picked))
        table = tables.deliveries
        with database.write() as connection:
            here = update(table).where(table.c.run == run)
            connection.execute(
                here.where(table.c.customer.not_in(picked)).values(state="skipped", due_at=None)
            )
            sent = here.where(table.c.customer.in_(picked))
            connection.execute(sent.values(state="accepted", submitted_at=NOW + timedelta(days=number)))
    assert had[0] | had[1] | had[2] == set(people)
    assert had[3] == had[0]


def test_equals_are_drawn_by_another_lot_each_time(database: Database) -> None:
    people = add_customers(database, 40)
    run, _ = add_run(database, campaign="panel", people=people)
    lots = {
        tuple(customers_of(database, longest_waiting(Rotation(run, "panel", name), 5, dialect(database))))
        for name in ("a", "b", "c", "d")
    }
    assert len(lots) == 4


def test_a_gift_is_a_code_with_a_worth_or_what_a_person_gave(database: Database) -> None:
    ada, bob, eve, joe = people = add_customers(database, 4)
    gift, _ = add_run(database, campaign="cake", people=[ada])
    other, _ = add_run(database, campaign="sale", people=[bob])
    made = iter("ABCDEF")
    with database.write() as connection:
        for run, offer in ((gift, "cake"), (other, "sale")):
            codes.reserve(
                connection,
                run,
                offer,
                NOW - timedelta(days=40),
                make=lambda n, out: [next(made) for _ in range(n)],
            )
        touches_by_people.record(connection, eve, "gift", NOW - timedelta(days=10), "A book", NOW)
        touches_by_people.record(connection, joe, "call", NOW - timedelta(days=1), "Hello", NOW)
    run, _ = add_run(database, campaign="surprise", people=people)
    rotation = Rotation(run, "surprise", "2027", ("cake",), NOW - timedelta(days=20))
    assert customers_of(database, had_lately(rotation)) == [eve]
    assert set(customers_of(database, longest_waiting(rotation, 2, dialect(database)))) == {bob, joe}
    assert customers_of(database, longest_waiting(rotation, 4, dialect(database)))[2:] == [ada, eve]
    with database.write() as connection:
        connection.execute(
            insert(tables.touches).values(customer=joe, kind="gift", at=NOW, text="", recorded_at=NOW)
        )
    assert set(customers_of(database, had_lately(rotation))) == {eve, joe}
