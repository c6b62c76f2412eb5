"""Customers and their declared fields: counted exactly, found in any spelling, converted without loss."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from engine.model.address import address_hash, normalise_address
from engine.store import customers, fields, tables
from engine.store.customers import Upserted
from engine.store.database import Database
from tests.builders import NOW

KINDS = {
    "first_name": "text",
    "interests": "list",
    "lifetime_value": "number",
    "signed_up_at": "date",
    "active": "boolean",
    "tier": "one_of",
}
NAMES = ("customer_id", "email", *KINDS, "tags")
ADA = ("1", "ada@example.org", "Ada", ("coffee", "tea"), 12.5, date(2020, 2, 29), True, "gold", ("vip",))
BOB = ("2", "bob@example.org", None, (), None, None, None, None, None)


def upserted(database: Database, *rows: tuple[object, ...], names: tuple[str, ...] = NAMES) -> Upserted:
    declared = fields.ensure(database, KINDS, NOW)
    with database.write() as connection:
        return customers.upsert(connection, declared, names, rows, NOW)


def numbers(upsert: Upserted) -> tuple[int, int, int]:
    return upsert.added, upsert.updated, upsert.unchanged


def test_what_went_in_comes_out(database: Database) -> None:
    upserted(database, ADA, BOB)
    with database.read() as connection:
        (ada,) = customers.find(connection, fields.ensure(database, KINDS, NOW), "1")
    assert ada.email == "ada@example.org"
    assert ada.tags == ("vip",)
    assert ada.fields == dict(zip(KINDS, ADA[2:8], strict=True))


def test_a_second_import_changes_nothing_and_says_so(database: Database) -> None:
    first = upserted(database, ADA, BOB)
    assert numbers(first) == (2, 0, 0)
    second = upserted(database, BOB, ADA)
    assert numbers(second) == (0, 0, 2)
    assert second.customers == first.customers[::-1]


@pytest.mark.parametrize("place", range(1, len(ADA)))
def test_every_single_change_counts_as_one(database: Database, place: int) -> None:
    upserted(database, ADA, BOB)
    changed = list(ADA)
    changed[place] = None
    assert numbers(upserted(database, tuple(changed), BOB)) == (0, 1, 1)


def test_a_key_that_comes_twice_is_taken_in_order(database: Database) -> None:
    other = ("1", "ada@new.example", *ADA[2:])
    assert numbers(upserted(database, ADA, ADA, other)) == (1, 1, 1)
    with database.read() as connection:
        assert [c.email for c in customers.find(connection, (), "1")] == ["ada@new.example"]


def test_a_column_that_is_not_in_the_file_is_left_alone(database: Database) -> None:
    upserted(database, ADA)
    assert numbers(upserted(database, ("1", "Augusta"), names=("customer_id", "first_name"))) == (0, 1, 0)
    with database.read() as connection:
        (ada,) = customers.find(connection, fields.ensure(database, KINDS, NOW), "1")
    assert (ada.email, ada.fields["first_name"], ada.fields["tier"]) == ("ada@example.org", "Augusta", "gold")


def test_people_are_found_by_any_spelling_of_their_address(database: Database) -> None:
    upserted(database, ("1", "Jürgen@Bücher.example", *ADA[2:]), BOB)
    with database.read() as connection:
        for spelling in (
            "jürgen@bücher.example",
            " JÜRGEN@xn--bcher-kva.EXAMPLE ",
            "ju\u0308rgen@bücher.example",
        ):
            assert [c.customer_id for c in customers.find(connection, (), spelling)] == ["1"]
        assert customers.find(connection, (), "nobody@example.org") == []


def test_the_character_nul_never_reaches_the_database(database: Database) -> None:
    upserted(database, ("1\x00", "a\x00da@example.org", "A\x00da", ("te\x00a",), *ADA[4:]))
    with database.read() as connection:
        (ada,) = customers.find(connection, fields.ensure(database, KINDS, NOW), "ada@example.org")
    assert (ada.customer_id, ada.fields["first_name"], ada.fields["interests"]) == ("1", "Ada", ("tea",))


def test_the_kind_of_a_field_may_change_and_change_back(database: Database) -> None:
    as_text = fields.ensure(database, {"size": "text"}, NOW)
    rows = [("1", "42"), ("2", "about 40"), ("3", None), ("4", "7.5")]
    with database.write() as connection:
        customers.upsert(connection, as_text, ("customer_id", "size"), rows, NOW)

    def sizes(kind: str) -> list[object]:
        declared = fields.ensure(database, {"size": kind}, NOW)
        assert fields.ensure(database, {"size": kind}, NOW) == declared
        table = fields.customer_table(declared)
        with database.read() as connection:
            return list(
                connection.execute(select(table.c[declared[0].column]).order_by(table.c.id)).scalars()
            )

    assert sizes("number") == [42.0, None, None, 7.5]
    assert sizes("text") == ["42", "about 40", None, "7.5"]
    assert sizes("list") == [("42",), ("about 40",), (), ("7.5",)]


def test_dates_and_moments_change_into_each_other(database: Database) -> None:
    as_text = fields.ensure(database, {"seen": "text"}, NOW)
    rows = [("1", "2026-07-01T09:30:00+02:00"), ("2", "2026-07-02"), ("3", "soon")]
    with database.write() as connection:
        customers.upsert(connection, as_text, ("customer_id", "seen"), rows, NOW)

    def seen(kind: str) -> list[object]:
        declared = fields.ensure(database, {"seen": kind}, NOW)
        with database.read() as connection:
            found = customers.by_ids(connection, declared, [1, 2, 3])
        return [found[number].fields["seen"] for number in (1, 2, 3)]

    assert seen("moment") == [
        datetime(2026, 7, 1, 7, 30, tzinfo=UTC),
        datetime(2026, 7, 2, tzinfo=UTC),
        None,
    ]
    assert seen("date") == [date(2026, 7, 1), date(2026, 7, 2), None]
    assert seen("text")[2] == "soon"


def test_field_names_of_every_shape_get_a_column_of_their_own(database: Database) -> None:
    names = ["tier", "Tier", "TIER", "tier_as_text", "a" * 80, "größe", "select", 'drop "table"']
    declared = fields.ensure(database, dict.fromkeys(names, "text"), NOW)
    assert [field.name for field in declared] == names
    assert len({field.column.lower() for field in declared}) == len(names)
    row = ["1", *names]
    with database.write() as connection:
        customers.upsert(connection, declared, ("customer_id", *names), [row], NOW)
        (found,) = customers.find(connection, declared, "1")
    assert found.fields == dict(zip(names, names, strict=True))


def test_only_what_changed_gets_a_new_date(database: Database) -> None:
    upserted(database, ADA, BOB)
    later = NOW + timedelta(days=1)
    with database.write() as connection:
        customers.upsert(
            connection,
            (),
            ("customer_id", "email"),
            [("1", "x@example.org"), ("2", "bob@example.org")],
            later,
        )
        table = tables.customers
        assert connection.execute(select(func.count()).where(table.c.updated_at == later)).scalar() == 1


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.emails())
def test_an_address_is_equal_to_itself_in_capitals(address: str) -> None:
    local, _, domain = address.rpartition("@")
    assert address_hash(f"{local}@{domain.upper()}") == address_hash(address)
    assert normalise_address(normalise_address(address)) == normalise_address(address)


@pytest.mark.parametrize(
    "odd", ["", "@", "no address", "a@b@c", "x@-bad-.example", "x@" + "a" * 300, "\ud800@x.org"]
)
def test_a_text_that_is_no_address_has_a_hash_too(odd: str) -> None:
    assert len(address_hash(odd)) == 32
