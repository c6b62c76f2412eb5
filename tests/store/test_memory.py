"""Runs, variants, posts and a customer's history: what is kept, kept once, and read back in order."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from engine.model.post import Post
from engine.model.words import Reason, State
from engine.store import events, history, posts, runs, subscriptions, variants, workers
from engine.store.counts import counts
from engine.store.database import Database
from engine.store.ledger import call, closing, discarding, plan, queue
from engine.store.posts import FeedState, NewPost
from tests.builders import NOW, TOPIC, add_customers, add_run

POST = Post(
    feed="blog",
    identity="post-1",
    id="1",
    url="https://blog.example/1",
    title="Ünïcode & <tags>",
    summary="short",
    content="<p>long</p>",
    image="",
    author="Ada",
    published=NOW,
    topics=("coffee", "tea"),
)


def test_an_occurrence_has_one_run_however_often_it_is_asked_for(database: Database) -> None:
    later = NOW + timedelta(hours=1)
    with database.write() as connection:
        first, created = runs.get_or_create(connection, "digest", "2027-01", as_of=NOW, now=NOW)
        again, created_again = runs.get_or_create(connection, "digest", "2027-01", as_of=later, now=later)
        other, _ = runs.get_or_create(connection, "digest", "2027-02", as_of=later, now=later)
        assert (created, created_again) == (True, False)
        assert again == first
        assert [run.id for run in runs.recent(connection, "digest")] == [other.id, first.id]
        assert runs.find(connection, "digest", "2027-03") is None


def test_a_run_moves_only_along_its_states_and_only_once(database: Database) -> None:
    with database.write() as connection:
        run, _ = runs.get_or_create(connection, "digest", "2027-01", as_of=NOW, now=NOW)
        assert runs.change(connection, run.id, runs.PLANNING, runs.READY, NOW)
        assert not runs.change(connection, run.id, runs.PLANNING, runs.READY, NOW)
        with pytest.raises(ValueError, match="cannot go from cancelled"):
            runs.change(connection, run.id, runs.CANCELLED, runs.SENDING, NOW)
        found = runs.get(connection, run.id)
    assert found is not None
    assert (found.state, found.planned_at) == (runs.READY, NOW)


def test_what_a_run_was_planned_from_is_history_once_it_is_open(database: Database) -> None:
    with database.write() as connection:
        run, _ = runs.get_or_create(connection, "digest", "2027-01", as_of=NOW, now=NOW)
        described = {"revision": "abc", "provider": "outbox", "snapshot": {"blog": [1, 2]}, "requested": 7}
        runs.describe(connection, run.id, **described)
        runs.change(connection, run.id, runs.PLANNING, runs.READY, NOW)
        runs.describe(connection, run.id, revision="other", provider="smtp", snapshot={}, requested=0)
        found = runs.get(connection, run.id)
    assert found is not None
    assert (found.revision, found.provider, found.snapshot, found.requested) == (
        "abc",
        "outbox",
        {"blog": [1, 2]},
        7,
    )


def test_a_plan_is_thrown_away_only_before_anything_was_sent(database: Database) -> None:
    add_customers(database, 3)
    run, _ = add_run(database, state=runs.READY)
    with database.write() as connection:
        assert discarding.discard(connection, run)
        assert runs.get(connection, run) is None
    run, _ = add_run(database, state=runs.SENDING)
    with database.write() as connection:
        assert not discarding.discard(connection, run)
        assert counts(connection, run).pending == 3


def test_posts_are_remembered_once_and_revised_in_place(database: Database) -> None:
    new = NewPost(POST, "guid-1", POST.url, "title", "content", NOW, announce=True)
    with database.write() as connection:
        posts.save_feed(connection, FeedState("blog", "https://blog.example/feed", etag='"1"'))
        posts.save_feed(
            connection, FeedState("blog", "https://blog.example/feed", etag='"2"', entries=4, checked_at=NOW)
        )
        assert posts.add(connection, [new, new]) == 1
        assert posts.add(connection, [replace(new, first_seen=NOW + timedelta(days=9))]) == 0
        (known,) = posts.known(connection, "blog")
        assert (known.first_seen, known.published, known.announce, known.held) == (NOW, NOW, True, None)
        assert posts.by_ids(connection, [known.id]) == {known.id: POST}
        edited = replace(POST, title="Better", published=None)
        posts.revise(connection, known.id, NewPost(edited, "guid-2", POST.url, "t", "c", NOW, announce=False))
        (again,) = posts.known(connection, "blog")
        assert (again.guid, again.announce, again.held, again.published) == ("guid-2", True, None, None)
        assert posts.by_ids(connection, [known.id, 999]) == {known.id: edited}
        feed = posts.feed(connection, "blog")
    assert feed is not None
    assert (feed.etag, feed.entries, feed.checked_at) == ('"2"', 4, NOW)


def test_only_what_may_be_sent_at_a_moment_is_read_with_its_words(database: Database) -> None:
    day = timedelta(days=1)
    told = [
        NewPost(replace(POST, identity="fine"), None, None, None, None, NOW),
        NewPost(replace(POST, identity="baseline"), None, None, None, None, NOW, announce=False),
        NewPost(replace(POST, identity="held"), None, None, None, None, NOW, held="flood"),
        NewPost(replace(POST, identity="later"), None, None, None, None, NOW + day),
        NewPost(replace(POST, identity="old", published=NOW - 9 * day), None, None, None, None, NOW),
        NewPost(replace(POST, identity="undated", published=None), None, None, None, None, NOW - day),
    ]
    with database.write() as connection:
        posts.save_feed(connection, FeedState("blog", "https://blog.example/feed"))
        posts.add(connection, told)
        found = [post.identity for _, post, _ in posts.news(connection, "blog", NOW)]
        recent = [post.identity for _, post, _ in posts.news(connection, "blog", NOW, NOW - 2 * day)]
    assert found == ["old", "fine", "undated"]
    assert recent == ["fine", "undated"]


def test_a_person_settles_what_is_held(database: Database) -> None:
    later = NOW + timedelta(days=2)
    held = [
        NewPost(replace(POST, identity=f"p{number}"), None, None, None, None, NOW, announce=False, held=why)
        for number, why in enumerate(["flood", "flood", "future"])
    ]
    with database.write() as connection:
        posts.save_feed(connection, FeedState("blog", "https://blog.example/feed"))
        posts.add(connection, held)
        assert posts.waiting(connection, "blog") == {"flood": 2, "future": 1}
        assert posts.settle(connection, "blog", "flood", announce=True, now=later) == 2
        known = {
            post.identity: (post.announce, post.held, post.first_seen)
            for post in posts.known(connection, "blog")
        }
        assert known == {
            "p0": (True, None, later),
            "p1": (True, None, later),
            "p2": (False, "future", NOW),
        }
        assert posts.settle(connection, "blog", "future", announce=False, now=later) == 1
        assert posts.waiting(connection, "blog") == {}
        assert [post.announce for post in posts.known(connection, "blog") if post.identity == "p2"] == [False]


def test_a_variant_is_made_once_and_knows_its_posts(database: Database) -> None:
    with database.write() as connection:
        posts.save_feed(connection, FeedState("blog", "https://blog.example/feed"))
        posts.add(connection, [NewPost(POST, None, None, None, None, NOW)])
        (known,) = posts.known(connection, "blog")
        run, _ = runs.get_or_create(connection, "digest", "2027-01", as_of=NOW, now=NOW)
        variant = variants.get_or_create(connection, run.id, "k", b"\x00program", "Hello", [known.id], NOW)
        assert variants.get_or_create(connection, run.id, "k", b"other", "Other", [], NOW) == variant
        stored = variants.get(connection, variant)
        assert stored is not None
        assert (stored.program, stored.subject) == (b"\x00program", "Hello")
        assert variants.posts_of(connection, [variant, 77]) == {variant: frozenset({known.id})}
        assert variants.of_run(connection, run.id) == [(variant, "k", "Hello", 0)]


def test_the_numbers_of_a_run_add_up_whatever_its_states(database: Database) -> None:
    people = add_customers(database, len(State))
    run, _ = add_run(database)
    from engine.store import tables

    with database.write() as connection:
        table = tables.deliveries
        for person, state in zip(people, State, strict=True):
            values = {"state": str(state), "reason": Reason.CAP if state == State.SKIPPED else None}
            connection.execute(table.update().where(table.c.customer == person).values(**values))
        total = counts(connection, run)
    assert total.selected == len(State)
    assert (total.accepted, total.pending, total.failed, total.uncertain, total.held_out) == (4, 4, 1, 1, 1)
    assert total.skipped == {"cap": 1, "expired": 1, "cancelled": 1}


def test_history_is_everything_about_one_person_newest_first(database: Database) -> None:
    ada, bob = add_customers(database, 2)
    run, variant = add_run(database)
    hours = [NOW + timedelta(hours=number) for number in range(6)]
    with workers.sign_on(database, NOW) as worker, database.write() as connection:
        claim = queue.claim(connection, run, variant, 2, worker, hours[1])
        letters = [(row, b"", f"k{row.delivery}") for row in claim.rows]
        intent = call.intend(connection, claim, "outbox", call.Consent(TOPIC), letters, hours[1])
        accepted = [(row.delivery, "id") for row in claim.rows]
        call.settle(connection, claim, intent.call, accepted, [], call.Ending("accepted"), hours[2])
        events.record(connection, ada, "opened", hours[3], {"with": "a mail program"}, "1", "postmark")
        events.record(connection, ada, "clicked", hours[4], {}, "2", "postmark")
        events.record(connection, bob, "clicked", hours[4], {}, "3", "postmark")
        subscriptions.leave(connection, ada, TOPIC, "reader page", hours[5])
    with database.read() as connection:
        lines = history.history(connection, ada)
        assert [(line.at, line.kind, line.what) for line in lines] == [
            (hours[5], "consent", "left"),
            (hours[4], "event", "clicked"),
            (hours[3], "event", "opened"),
            (hours[1], "delivery", "accepted"),
            (NOW, "consent", "imported"),
        ]
        assert (lines[2].detail, lines[3].campaign, lines[3].run) == (
            "with a mail program",
            "monthly-digest",
            str(run),
        )
        page = history.history(connection, ada, limit=2)
        rest = history.history(connection, ada, before=page[-1].at)
    assert page + rest == lines


def test_a_late_run_expires_and_a_finished_one_closes(database: Database) -> None:
    add_customers(database, 2)
    run, _ = add_run(database)
    with database.write() as connection:
        assert not closing.finish(connection, run, NOW)
        assert closing.expire(connection, run, NOW) == 2
        assert closing.finish(connection, run, NOW)
        assert counts(connection, run).skipped == {"expired": 2}
        assert plan.profiles(connection, run) == []
