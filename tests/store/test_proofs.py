"""A proof that serves one event alone, in whichever process it is heard."""

from __future__ import annotations

import threading
from datetime import timedelta

from sqlalchemy import text

from engine.store import proofs
from engine.store.database import Database, open_database
from tests.builders import NOW


def spend(database: Database, proof: str, event: str, *, provider: str = "mailgun", days: int = 0) -> bool:
    with database.write() as connection:
        return proofs.spend(connection, provider, proof, event, NOW + timedelta(days=days))


def test_a_proof_serves_its_own_event_again_and_no_other(database: Database) -> None:
    assert spend(database, "p", "delivered 1")
    assert spend(database, "p", "delivered 1")
    assert not spend(database, "p", "complained 1")
    assert spend(database, "q", "complained 1")
    assert spend(database, "p", "complained 1", provider="another")


def test_any_text_is_a_proof(database: Database) -> None:
    for proof in ("", "\x00", "\ud800", "x" * 100_000, "\u00e9"):
        assert spend(database, proof, proof)
        assert not spend(database, proof, f"not {proof[:9]}")


def test_old_proofs_are_forgotten(database: Database) -> None:
    assert spend(database, "p", "one")
    assert spend(database, "q", "one", days=3)
    with database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM spent_proofs")).scalar() == 1


def test_of_several_events_that_bear_it_at_once_one_is_believed(database_url: str) -> None:
    barrier = threading.Barrier(8)
    believed: list[int] = []

    def hear(number: int) -> None:
        with open_database(database_url) as database:
            barrier.wait()
            if spend(database, "p", f"event {number}"):
                believed.append(number)

    threads = [threading.Thread(target=hear, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(believed) == 1
