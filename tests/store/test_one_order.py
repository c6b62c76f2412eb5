"""A receipt and news of the same letters at once: neither waits for the other in a circle."""

from __future__ import annotations

import random
import threading

import pytest

from engine.model.words import Reason, State
from engine.store import workers
from engine.store.database import open_database
from engine.store.ledger import call, closing, holding, queue
from engine.store.ledger.call import Consent, Ending, Receipt
from tests.builders import NOW, TOPIC, add_customers, add_run, states

ROUNDS = 20


@pytest.mark.postgres
@pytest.mark.parametrize("seed", range(3))
def test_receipts_and_news_of_the_same_letters_never_wait_in_a_circle(postgres_url: str, seed: int) -> None:
    chance = random.Random(seed)
    told = threading.Barrier(2)
    broken: list[BaseException] = []
    with open_database(postgres_url) as database, open_database(postgres_url) as other:
        add_customers(database, 40)

        def hear(numbers: list[int]) -> None:
            try:
                with other.write() as connection:
                    told.wait()
                    holding.hold(connection, numbers)
                    for number in chance.sample(numbers, len(numbers)):
                        closing.hear(connection, number, State.DELIVERED, NOW)
            except BaseException as error:
                broken.append(error)

        for number in range(ROUNDS):
            run, variant = add_run(database, occurrence=f"round-{number}")
            with workers.sign_on(database, NOW) as worker:
                _settle_beside(database, run, variant, worker, chance, told, hear)
            assert broken == []
            with database.read() as connection:
                found = states(connection, run)
            # Whoever was heard of before the refusal was written down was not refused after all.
            assert set(found) <= {"accepted", "delivered", "failed"}
            assert found["delivered"] >= 20


def _settle_beside(database, run, variant, worker, chance, told, hear) -> None:  # type: ignore[no-untyped-def]
    with database.write() as connection:
        claim = queue.claim(connection, run, variant, 500, worker, NOW)
    letters = [(row, b"slots", f"key-{row.delivery}") for row in claim.rows]
    with database.write() as connection:
        intent = call.intend(connection, claim, "outbox", Consent(TOPIC), letters, NOW)
    numbers = [row.delivery for row in claim.rows]
    chance.shuffle(numbers)
    refused, heard = numbers[:10], chance.sample(numbers, 30)
    news = threading.Thread(target=hear, args=(heard,))
    news.start()
    with database.write() as connection:
        told.wait()
        accepted = [(number, f"id-{number}") for number in numbers[10:]]
        others = [Receipt(number, State.FAILED, Reason.REFUSED_BY_PROVIDER) for number in refused]
        call.settle(connection, claim, intent.call, accepted, others, Ending("accepted"), NOW)
    news.join()
