"""A call's letters stand in one row: each is found again, moves on when it is tried again, and goes when erased."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from engine.errors import StoreCorrupt
from engine.model.words import State
from engine.store import erasing, letters, schema, tables, workers
from engine.store.database import Database, open_database
from engine.store.ledger import call, queue
from engine.store.ledger.call import Consent, Ending, Receipt
from engine.store.letters import Kept, packed, unpacked
from tests.builders import NOW, TOPIC, add_customers, add_run
from tests.store.test_migrations import empty_url, plain_engine

__all__ = ["empty_url"]

LETTERS = st.lists(
    st.tuples(
        st.integers(1, 2**62), st.binary(max_size=40), st.text(st.characters(codec="utf-8"), max_size=9)
    ),
    unique_by=lambda letter: letter[0],
    max_size=6,
)
NEWSLETTER = Consent(TOPIC)


def packed_letters(some: list[tuple[int, bytes, str]]) -> bytes:
    return packed(*map(list, zip(*some, strict=True))) if some else packed([], [], [])


@given(LETTERS)
def test_what_is_packed_is_unpacked_in_its_order(some: list[tuple[int, bytes, str]]) -> None:
    found = unpacked(packed_letters(some))
    assert [(delivery, *kept) for delivery, kept in found.items()] == some


@given(LETTERS.filter(bool), st.data())
def test_letters_that_lost_bytes_are_never_read_as_others(
    some: list[tuple[int, bytes, str]], data: st.DataObject
) -> None:
    whole = packed_letters(some)
    part = whole[: data.draw(st.integers(0, len(whole) - 1))]
    with pytest.raises(StoreCorrupt):
        unpacked(part)


def sent(database: Database, claim: queue.Claim, words: bytes) -> call.Intent:
    """These claimed letters handed over, each with its number in its slots."""
    given = [
        (row, words + str(row.delivery).encode(), f"key-{row.delivery}.{row.attempt}") for row in claim.rows
    ]
    with database.write() as connection:
        return call.intend(connection, claim, "outbox", NEWSLETTER, given, NOW)


def test_a_letter_that_is_tried_again_moves_to_its_new_call(database: Database) -> None:
    add_customers(database, 3)
    run, variant = add_run(database)
    with workers.sign_on(database, NOW) as worker:
        with database.write() as connection:
            claim = queue.claim(connection, run, variant, 3, worker, NOW)
        first = sent(database, claim, b"first ")
        one, two, three = (row.delivery for row in claim.rows)
        later = NOW + timedelta(hours=1)
        waits = [Receipt(delivery, State.RETRY_WAIT, due_at=later) for delivery in (one, three)]
        with database.write() as connection:
            call.settle(connection, claim, first.call, [(two, "id")], waits, Ending("some"), NOW)
            again = queue.claim(connection, run, variant, 3, worker, later)
            assert letters.of_delivery(connection, one) == Kept(b"first %d" % one, f"key-{one}.0")
        second = sent(database, again, b"second ")
    with database.read() as connection:
        assert letters.of_calls(connection, [first.call, second.call, 99]) == {
            first.call: {two: Kept(b"first %d" % two, f"key-{two}.0")},
            second.call: {
                number: Kept(b"second %d" % number, f"key-{number}.1") for number in sorted((one, three))
            },
        }
        assert letters.of_delivery(connection, one) == Kept(b"second %d" % one, f"key-{one}.1")


def test_an_erased_letter_leaves_the_others_of_its_call(database: Database) -> None:
    customers = add_customers(database, 3)
    run, variant = add_run(database)
    with workers.sign_on(database, NOW) as worker:
        with database.write() as connection:
            claim = queue.claim(connection, run, variant, 3, worker, NOW)
        intent = sent(database, claim, b"for ")
    of = {row.customer: row.delivery for row in claim.rows}
    with database.write() as connection:
        assert erasing.erase(connection, [customers[1]], [], NOW).letters == 1
        kept = letters.of_call(connection, intent.call)
        assert kept == {
            of[number]: Kept(b"for %d" % of[number], f"key-{of[number]}.0")
            for number in (customers[0], customers[2])
        }
        assert letters.of_delivery(connection, of[customers[1]]) is None
        content = connection.execute(select(tables.letters.c.content)).scalar_one()
    assert b"for %d" % of[customers[1]] not in bytes(content)


def test_letters_of_an_older_database_move_to_their_calls(empty_url: str) -> None:
    engine = plain_engine(empty_url)
    with engine.begin() as connection:
        schema.upgrade(connection, "0014")
        for number, at, slots in (
            ("1", "7", b"\x00a"),
            ("2", "8", b"b"),
            ("3", "7", b"c\nd"),
            ("4", None, None),
        ):
            connection.execute(
                text(
                    "INSERT INTO deliveries (id, run, customer, state, call, slots, idempotency_key)"
                    " VALUES (:id, 1, :id, 'accepted', :call, :slots, :key)"
                ),
                {"id": int(number), "call": at and int(at), "slots": slots, "key": slots and f"k{number}"},
            )
    engine.dispose()
    with open_database(empty_url, create=False) as database, database.read() as connection:
        assert letters.of_calls(connection, [7, 8]) == {
            7: {1: Kept(b"\x00a", "k1"), 3: Kept(b"c\nd", "k3")},
            8: {2: Kept(b"b", "k2")},
        }
        assert [letters.of_delivery(connection, number) for number in (2, 4)] == [Kept(b"b", "k2"), None]
