"""Consent: an import fills in what is open, a person's own word stands, an address stays suppressed."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from engine.model.address import address_hash
from engine.store import customers, subscriptions, suppressions, tables
from engine.store.database import Database
from engine.store.ledger import call
from tests.builders import NOW, TOPIC, add_customers


def imported(database: Database, *pairs: tuple[int, str]) -> int:
    with database.write() as connection:
        return subscriptions.subscribe_imported(connection, pairs, "people.csv", NOW)


def topics(database: Database, customer: int) -> dict[str, bool]:
    with database.read() as connection:
        return subscriptions.topics(connection, customer)


def test_an_import_subscribes_whom_nobody_asked_yet(database: Database) -> None:
    ada, bob = add_customers(database, 2, topic=None)
    assert imported(database, (ada, "news"), (ada, "news"), (bob, "offers")) == 2
    assert imported(database, (ada, "news"), (ada, "offers")) == 1
    assert topics(database, ada) == {"news": True, "offers": True}


def test_an_import_never_brings_back_who_left(database: Database) -> None:
    (ada,) = add_customers(database, 1, topic="news")
    with database.write() as connection:
        subscriptions.leave(connection, ada, "news", "reader page", NOW)
    assert imported(database, (ada, "news")) == 0
    assert topics(database, ada) == {"news": False}


def test_who_left_is_not_brought_back_under_another_key(database: Database) -> None:
    (ada,) = add_customers(database, 1, topic="news")
    with database.write() as connection:
        subscriptions.leave(connection, ada, "news", "reader page", NOW)
        again = customers.upsert(connection, (), ("customer_id", "email"), [("new", "C1@EXAMPLE.org")], NOW)
    (twin,) = again.customers
    assert imported(database, (twin, "news"), (twin, "offers")) == 1
    assert topics(database, twin) == {"offers": True}


def test_who_left_everything_is_not_signed_up_for_anything(database: Database) -> None:
    (ada,) = add_customers(database, 1, topic="news")
    with database.write() as connection:
        subscriptions.leave_all(connection, ada, "reader page", NOW)
    assert imported(database, (ada, "offers")) == 0


def test_an_import_never_lifts_a_suppression(database: Database) -> None:
    (ada,) = add_customers(database, 1, topic=None)
    with database.write() as connection:
        assert suppressions.add(
            connection, address_hash("c1@example.org"), "all", "hard_bounce", "postmark", NOW
        )
        assert not suppressions.add(connection, address_hash("c1@example.org"), "all", "other", "x", NOW)
    add_customers(database, 1, topic="news")
    with database.read() as connection:
        kept = suppressions.of_address(connection, address_hash("c1@example.org"))
        assert [(item.scope, item.reason) for item in kept] == [("all", "hard_bounce")]
        assert suppressions.of_customers(connection, [ada], NOW) == {ada: frozenset({"all"})}


def test_coming_back_is_the_persons_own_word_and_lifts_only_their_own_leaving(database: Database) -> None:
    (ada,) = add_customers(database, 1, topic="news")
    address = address_hash("c1@example.org")
    with database.write() as connection:
        subscriptions.leave_all(connection, ada, "reader page", NOW)
        suppressions.add(connection, address, "all", "complaint", "postmark", NOW)
        subscriptions.join(connection, ada, "news", "reader page", NOW)
        left = [(item.scope, item.reason) for item in suppressions.of_address(connection, address)]
        log = (
            connection.execute(select(tables.consent.c.action).order_by(tables.consent.c.id)).scalars().all()
        )
    assert left == [("all", "complaint")]
    assert log == ["imported", "left", "joined"]


def test_a_pause_ends_by_itself_everywhere_it_is_read(database: Database) -> None:
    (ada,) = add_customers(database, 1)
    address, end = address_hash("c1@example.org"), NOW + timedelta(days=60)
    with database.write() as connection:
        assert suppressions.add(connection, address, "marketing", "paused", "reader page", NOW, until=end)
    newsletter = call.Consent(TOPIC)
    with database.read() as connection:
        (kept,) = suppressions.of_address(connection, address)
        assert kept.until == end
        for moment, stopped in ((end - timedelta(seconds=1), True), (end, False)):
            assert bool(suppressions.of_address(connection, address, moment=moment)) is stopped
            assert bool(suppressions.of_customers(connection, [ada], moment)) is stopped
            assert bool(call.look(connection, [ada], newsletter, moment)) is stopped
    with database.write() as connection:
        wanted = [(ada, "offers")]
        assert subscriptions.subscribe_imported(connection, wanted, "people.csv", NOW) == 0
        assert subscriptions.subscribe_imported(connection, wanted, "people.csv", end) == 1


def test_a_pause_gives_way_to_what_lasts_longer_and_to_nothing_else(database: Database) -> None:
    soon, late = NOW + timedelta(days=30), NOW + timedelta(days=90)

    def standing() -> tuple[str, object]:
        with database.read() as connection:
            (kept,) = suppressions.of_address(connection, "hash")
        return kept.reason, kept.until

    def add(reason: str, until: datetime | None) -> bool:
        with database.write() as connection:
            return suppressions.add(connection, "hash", "marketing", reason, "test", NOW, until=until)

    assert add("paused", late)
    assert not add("soft_bounces", soon)
    assert standing() == ("paused", late)
    assert add("unsubscribed", None)
    assert not add("paused", late)
    assert standing() == ("unsubscribed", None)


def test_a_scope_nobody_knows_is_a_mistake(database: Database) -> None:
    with pytest.raises(ValueError, match="no scope"), database.write() as connection:
        suppressions.add(connection, "hash", "newsletter", "x", "x", NOW)
