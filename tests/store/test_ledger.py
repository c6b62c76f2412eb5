"""The ledger: claimed once, intended before the call, settled once, and every number adds up."""

from __future__ import annotations

import itertools
import threading
from datetime import timedelta

import pytest
from sqlalchemy import literal, select, update

from engine.errors import LeaseLost, StoreError
from engine.model.words import Reason, State
from engine.store import codes, persons, runs, subscriptions, suppressions, tables, variants, workers
from engine.store import letters as sent_letters
from engine.store.counts import counts
from engine.store.database import Database
from engine.store.ledger import call, closing, plan, queue, recovery
from engine.store.ledger.call import Consent, Ending, Receipt
from engine.store.ledger.queue import Claim
from engine.store.ledger.transitions import NEXT, QUEUED, may_become, sources
from tests.builders import NOW, TOPIC, add_customers, add_run, states

NEWSLETTER = Consent(TOPIC)
OK = Ending("accepted", 200)


def letters(claim: Claim) -> list[tuple[queue.Claimed, bytes, str]]:
    return [(row, b"slots", f"key-{row.delivery}-{row.attempt}") for row in claim.rows]


def claimed(database: Database, run: int, variant: int, worker: workers.Worker, size: int = 500) -> Claim:
    with database.write() as connection:
        return queue.claim(connection, run, variant, size, worker, NOW)


def intended(database: Database, claim: Claim) -> call.Intent:
    with database.write() as connection:
        return call.intend(connection, claim, "outbox", NEWSLETTER, letters(claim), NOW)


def test_a_delivery_is_claimed_intended_and_accepted(database: Database) -> None:
    add_customers(database, 3)
    run, variant = add_run(database)
    with workers.sign_on(database, NOW) as worker:
        claim = claimed(database, run, variant, worker)
        assert [row.attempt for row in claim.rows] == [0, 0, 0]
        intent = intended(database, claim)
        with database.read() as connection:
            assert states(connection, run) == {"submitting": 3}
        with database.write() as connection:
            accepted = [(row.delivery, f"id-{row.delivery}") for row in claim.rows]
            assert call.settle(connection, claim, intent.call, accepted, [], OK, NOW) == ()
            assert closing.finish(connection, run, NOW)
    with database.read() as connection:
        row = connection.execute(select(tables.deliveries)).mappings().first()
        evidence = connection.execute(select(tables.calls)).mappings().one()
        total = counts(connection, run)
        kept = {
            delivery: letter.slots
            for delivery, letter in sent_letters.of_call(connection, intent.call).items()
        }
    assert row is not None
    assert (row["state"], row["attempt"], row["lease"]) == ("accepted", 1, None)
    assert kept == dict.fromkeys([row.delivery for row in claim.rows], b"slots")
    assert row["provider_id"] == f"id-{row['id']}"
    assert (evidence["messages"], evidence["status"], evidence["outcome"]) == (3, 200, "accepted")
    assert (total.accepted, total.selected) == (3, 3)


@pytest.mark.parametrize(("before", "after"), list(itertools.product(State, State)))
def test_the_table_of_transitions_keeps_its_promises(before: State, after: State) -> None:
    allowed = may_become(before, after)
    assert allowed == (before in sources(after))
    left_the_house = {State.ACCEPTED, State.DELIVERED, State.BOUNCED, State.COMPLAINED}
    if before in left_the_house and after in {
        State.PLANNED,
        State.CLAIMED,
        State.SUBMITTING,
        State.RETRY_WAIT,
    }:
        assert not allowed, "an accepted letter never goes back towards the queue"
    if before == State.SUBMITTING and after in {State.PLANNED, State.CLAIMED}:
        assert not allowed, "a call that may have been made is never simply made again"
    if after == State.SUBMITTING:
        assert allowed == (before == State.CLAIMED)
    if after == State.CLAIMED:
        assert allowed == (before in QUEUED)
    if before == after:
        assert not allowed


def test_every_state_is_in_the_table() -> None:
    assert set(NEXT) == set(State)


def test_only_a_run_that_is_being_sent_can_be_claimed_from(database: Database) -> None:
    add_customers(database, 2)
    run, variant = add_run(database, state=runs.READY)
    with workers.sign_on(database, NOW) as worker:
        assert len(claimed(database, run, variant, worker)) == 0
        with database.write() as connection:
            runs.change(connection, run, runs.READY, runs.SENDING, NOW)
        assert len(claimed(database, run, variant, worker, 1)) == 1
        with database.write() as connection:
            runs.change(connection, run, runs.SENDING, runs.PAUSED, NOW)
        assert len(claimed(database, run, variant, worker)) == 0


def test_a_pause_between_claim_and_intent_stops_the_call(database: Database) -> None:
    add_customers(database, 2)
    run, variant = add_run(database)
    with workers.sign_on(database, NOW) as worker:
        claim = claimed(database, run, variant, worker)
        with database.write() as connection:
            runs.change(connection, run, runs.SENDING, runs.PAUSED, NOW)
        assert intended(database, claim).call == 0
        with database.write() as connection:
            assert queue.release(connection, claim, NOW) == 2
            assert states(connection, run) == {"planned": 2}


def test_the_variants_that_are_due_come_round_from_any_of_them(database: Database) -> None:
    people = add_customers(database, 4)
    with database.write() as connection:
        run, _ = runs.get_or_create(connection, "c", "o", as_of=NOW, now=NOW)
        table = tables.customers
        everybody = select(
            table.c.id.label("customer"), literal("planned").label("state"), table.c.email.label("profile")
        )
        plan.freeze(connection, run.id, everybody.where(table.c.id.in_(people)), NOW)
        made = [variants.get_or_create(connection, run.id, key, b"", "", [], NOW) for key in "abcd"]
        profiles = sorted(profile for profile, _ in plan.profiles(connection, run.id))
        plan.assign(connection, run.id, [plan.Choice(*pair) for pair in zip(profiles, made, strict=True)])
        assert list(queue.due_variants(connection, run.id, NOW)) == made
        assert list(queue.due_variants(connection, run.id, NOW, made[2])) == [*made[2:], *made[:2]]
        assert list(queue.due_variants(connection, run.id, NOW, made[3] + 1)) == made
        assert list(queue.due_variants(connection, run.id, NOW - timedelta(seconds=1))) == []
        found = [list(chunk) for chunk in persons.planned(connection, run.id, 3)]
        assert found == [made[:3], made[3:]]
        assert sum(map(len, next(persons.planned(connection, run.id, 9)).values())) == 4


def test_nothing_is_due_before_its_time(database: Database) -> None:
    (person,) = add_customers(database, 1)
    later = NOW + timedelta(hours=3)
    with database.write() as connection:
        run, _ = runs.get_or_create(connection, "c", "o", as_of=NOW, now=NOW)
        audience = select(
            literal(person).label("customer"),
            literal("planned").label("state"),
            literal(later, tables.deliveries.c.due_at.type).label("due_at"),
        )
        plan.freeze(connection, run.id, audience, NOW)
        variant = variants.get_or_create(connection, run.id, "v", b"", "", [], NOW)
        plan.assign(connection, run.id, [plan.Choice("", variant)])
        plan.open_run(connection, run.id, NOW)
        runs.change(connection, run.id, runs.READY, runs.SENDING, NOW)
        assert list(queue.due_variants(connection, run.id, NOW)) == []
        assert queue.next_due(connection, run.id) == later
        assert list(queue.due_variants(connection, run.id, later)) == [variant]
    with workers.sign_on(database, NOW) as worker, database.write() as connection:
        assert len(queue.claim(connection, run.id, variant, 9, worker, NOW)) == 0
        assert len(queue.claim(connection, run.id, variant, 9, worker, later)) == 1


def test_freezing_twice_adds_nobody_twice(database: Database) -> None:
    add_customers(database, 4)
    run, _ = add_run(database, state=runs.PLANNING)
    assert add_run(database, state=runs.PLANNING)[0] == run
    with database.read() as connection:
        assert states(connection, run) == {"planned": 4}


def test_half_a_plan_is_never_opened(database: Database) -> None:
    add_customers(database, 2)
    run, variant = add_run(database, state=runs.PLANNING)
    with pytest.raises(StoreError, match="2 planned deliveries"), database.write() as connection:
        plan.open_run(connection, run, NOW)
    with database.write() as connection:
        plan.assign(connection, run, [plan.Choice("everybody", variant)])
        assert plan.open_run(connection, run, NOW)
        assert not plan.open_run(connection, run, NOW)


def test_each_profile_gets_its_letter_or_its_reason(database: Database) -> None:
    people = add_customers(database, 6)
    with database.write() as connection:
        run, _ = runs.get_or_create(connection, "c", "o", as_of=NOW, now=NOW)
        table = tables.customers
        profile = (table.c.id % 2).cast(tables.deliveries.c.profile.type)
        audience = select(
            table.c.id.label("customer"), literal("planned").label("state"), profile.label("profile")
        ).where(table.c.id.in_(people))
        plan.freeze(connection, run.id, audience, NOW)
        assert sorted(plan.profiles(connection, run.id)) == [("0", 3), ("1", 3)]
        variant = variants.get_or_create(connection, run.id, "v", b"", "", [], NOW)
        none_new = plan.Choice("1", reason=Reason.NO_NEW_POSTS, detail="nothing since May")
        plan.assign(connection, run.id, [plan.Choice("0", variant), none_new])
        assert plan.profiles(connection, run.id) == []
        assert counts(connection, run.id).skipped == {"no_new_posts": 3}
        assert states(connection, run.id) == {"planned": 3, "skipped": 3}
        assert [row[3] for row in variants.of_run(connection, run.id)] == [3]


def test_who_left_after_the_plan_gets_nothing(database: Database) -> None:
    people = add_customers(database, 5)
    run, variant = add_run(database)
    with workers.sign_on(database, NOW) as worker:
        claim = claimed(database, run, variant, worker)
        with database.write() as connection:
            subscriptions.leave(connection, people[0], TOPIC, "reader page", NOW)
            from engine.model.address import address_hash

            suppressions.add(connection, address_hash("C2@Example.org"), "all", "hard_bounce", "test", NOW)
            connection.execute(tables.customers.delete().where(tables.customers.c.id == people[2]))
            connection.execute(
                update(tables.customers).where(tables.customers.c.id == people[3]).values(email=None)
            )
        intent = intended(database, claim)
        by_customer = {row.delivery: row.customer for row in claim.rows}
        assert {by_customer[delivery]: reason for delivery, reason in intent.stopped.items()} == {
            people[0]: Reason.UNSUBSCRIBED,
            people[1]: Reason.SUPPRESSED,
            people[2]: Reason.LEFT_AUDIENCE,
            people[3]: Reason.NO_ADDRESS,
        }
        with database.read() as connection:
            assert states(connection, run) == {"submitting": 1, "skipped": 4}
            assert connection.execute(select(tables.calls.c.messages)).scalar_one() == 1


def test_a_service_letter_reaches_who_left_the_marketing(database: Database) -> None:
    people = add_customers(database, 2, topic=None)
    with database.write() as connection:
        subscriptions.leave_all(connection, people[0], "reader page", NOW)
        service = Consent("", marketing=False)
        assert call.look(connection, people, service, NOW) == {}
        assert call.look(connection, people, NEWSLETTER, NOW) == dict.fromkeys(people, Reason.UNSUBSCRIBED)


def test_a_batch_that_was_taken_over_is_not_called(database: Database) -> None:
    add_customers(database, 3)
    run, variant = add_run(database)
    with workers.sign_on(database, NOW) as slow, workers.sign_on(database, NOW) as quick:
        claim = claimed(database, run, variant, slow)
        late = NOW + queue.LEASE + timedelta(seconds=1)
        with database.write() as connection:
            assert recovery.recover(connection, database.path, late).queued == 3
        with database.write() as connection:
            assert len(queue.claim(connection, run, variant, 1, quick, late)) == 1
        with pytest.raises(LeaseLost):
            intended(database, claim)
        with database.read() as connection:
            assert states(connection, run) == {"claimed": 1, "planned": 2}


def test_receipts_of_every_kind_find_their_state(database: Database) -> None:
    add_customers(database, 5)
    run, variant = add_run(database)
    later = NOW + timedelta(minutes=7)
    with workers.sign_on(database, NOW) as worker:
        claim = claimed(database, run, variant, worker)
        intent = intended(database, claim)
        first, second, third, fourth, fifth = (row.delivery for row in claim.rows)
        with database.write() as connection:
            others = [
                Receipt(second, State.FAILED, Reason.REFUSED_BY_PROVIDER, "no such mailbox"),
                Receipt(third, State.RETRY_WAIT, detail="429", due_at=later),
                Receipt(fourth, State.UNCERTAIN, detail="the answer was cut off"),
                Receipt(fifth, State.UNCERTAIN),
            ]
            assert call.settle(connection, claim, intent.call, [(first, "one")], others, OK, NOW) == ()
            assert not closing.finish(connection, run, NOW)
            total = counts(connection, run)
            assert (total.accepted, total.failed, total.pending, total.uncertain) == (1, 1, 1, 2)
            assert total.selected == 5
        with database.write() as connection:
            again = queue.claim(connection, run, variant, 5, worker, later)
            kept = sent_letters.of_delivery(connection, third)
            assert [(row.delivery, row.attempt, row.call) for row in again.rows] == [(third, 1, intent.call)]
            assert kept == (b"slots", f"key-{third}-0")
        with database.write() as connection:
            late = call.settle(connection, claim, intent.call, [(fourth, "found")], [], OK, NOW)
            assert late == (), "the late answer of the same call is evidence"
            assert (
                closing.resolve(connection, [fifth], State.ACCEPTED, "seen in the provider's log", NOW) == 1
            )
            assert counts(connection, run).uncertain == 0


def test_a_receipt_with_somebody_elses_lease_changes_nothing(database: Database) -> None:
    add_customers(database, 1)
    run, variant = add_run(database)
    with workers.sign_on(database, NOW) as worker:
        claim = claimed(database, run, variant, worker)
        intent = intended(database, claim)
        stranger = Claim(run, variant, "somebody.1", claim.rows)
        with database.write() as connection:
            delivery = claim.rows[0].delivery
            assert call.settle(connection, stranger, intent.call, [(delivery, "x")], [], OK, NOW) == (
                delivery,
            )
            failed = [Receipt(delivery, State.FAILED)]
            assert call.settle(connection, stranger, intent.call, [], failed, OK, NOW) == (delivery,)
            assert states(connection, run) == {"submitting": 1}


def test_a_webhook_before_the_answer_is_not_overwritten_by_it(database: Database) -> None:
    add_customers(database, 1)
    run, variant = add_run(database)
    with workers.sign_on(database, NOW) as worker:
        claim = claimed(database, run, variant, worker)
        intent = intended(database, claim)
        delivery = claim.rows[0].delivery
        with database.write() as connection:
            assert closing.hear(connection, delivery, State.DELIVERED, NOW)
            assert call.settle(connection, claim, intent.call, [(delivery, "its-id")], [], OK, NOW) == ()
            row = connection.execute(select(tables.deliveries)).mappings().one()
    assert (row["state"], row["provider_id"]) == ("delivered", "its-id")


@pytest.mark.parametrize(
    "order", list(itertools.permutations([State.DELIVERED, State.BOUNCED, State.COMPLAINED]))
)
def test_news_in_any_order_ends_the_same(database: Database, order: tuple[State, ...]) -> None:
    add_customers(database, 1)
    run, variant = add_run(database)
    with workers.sign_on(database, NOW) as worker:
        claim = claimed(database, run, variant, worker)
        intended(database, claim)
        for state in order:
            with database.write() as connection:
                closing.hear(connection, claim.rows[0].delivery, state, NOW)
        with database.read() as connection:
            assert states(connection, run) == {"complained": 1}


def test_a_letter_that_was_heard_of_is_not_tried_again(database: Database) -> None:
    add_customers(database, 1)
    run, variant = add_run(database)
    with workers.sign_on(database, NOW) as worker:
        claim = claimed(database, run, variant, worker)
        intent = intended(database, claim)
        delivery = claim.rows[0].delivery
        with database.write() as connection:
            later = [Receipt(delivery, State.RETRY_WAIT, due_at=NOW)]
            call.settle(connection, claim, intent.call, [], later, OK, NOW)
            assert closing.hear(connection, delivery, State.DELIVERED, NOW)
            assert queue.next_due(connection, run) is None
            assert queue.claim(connection, run, variant, 1, worker, NOW).rows == []
            assert states(connection, run) == {"delivered": 1}


def test_cancelling_ends_what_has_not_left_and_frees_its_codes(database: Database) -> None:
    add_customers(database, 4)
    run, variant = add_run(database)
    with workers.sign_on(database, NOW) as worker:
        with database.write() as connection:
            codes.load(connection, "spring", ["A", "B", "C", "D"])
            assert codes.reserve(connection, run, "spring", NOW).reserved == 4
        sent = claimed(database, run, variant, worker, 1)
        intended(database, sent)
        held = claimed(database, run, variant, worker, 1)
        with database.write() as connection:
            assert closing.cancel(connection, run, NOW) == 3
            assert codes.free(connection, "spring") == 3
        assert intended(database, held).call == 0
        with database.write() as connection:
            accepted = [(sent.rows[0].delivery, "id")]
            assert call.settle(connection, sent, 1, accepted, [], OK, NOW) == ()
            assert states(connection, run) == {"accepted": 1, "cancelled": 3}


def test_the_dead_lose_their_claims_and_the_living_keep_theirs(database: Database) -> None:
    add_customers(database, 6)
    run, variant = add_run(database)
    living = workers.sign_on(database, NOW)
    dead = workers.sign_on(database, NOW)
    kept, lost = (claimed(database, run, variant, worker, 2) for worker in (living, dead))
    intended(database, kept)
    last = claimed(database, run, variant, dead, 2)
    intended(database, last)
    dead.close()
    much_later = NOW + timedelta(days=3)
    with database.write() as connection:
        found = recovery.recover(connection, database.path, much_later)
        assert (found.queued, found.uncertain) == (2, 2)
        assert states(connection, run) == {"planned": 2, "submitting": 2, "uncertain": 2}
    with database.write() as connection:
        again = recovery.recover(connection, database.path, much_later)
        assert (again.queued, again.uncertain, again.workers) == (0, 0, 0)
        assert workers.living(connection, database.path) == [living.boot]
    living.close()
    assert lost.rows


def test_threads_that_claim_at_once_never_share_a_delivery(database: Database) -> None:
    add_customers(database, 400)
    run, variant = add_run(database)
    taken: list[list[int]] = [[], [], [], []]

    def take(place: int) -> None:
        with workers.sign_on(database, NOW) as worker:
            while batch := claimed(database, run, variant, worker, 7).rows:
                taken[place] += [row.delivery for row in batch]

    threads = [threading.Thread(target=take, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    everything = list(itertools.chain.from_iterable(taken))
    assert len(everything) == len(set(everything)) == 400
