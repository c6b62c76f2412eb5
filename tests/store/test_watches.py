"""Watches, open runs and the newest posts: what a look at the calendars reads and writes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update

from engine.store import posts, runs, tables, watches
from engine.store.database import Database
from engine.store.ledger import discarding
from engine.store.watches import Watch
from tests.builders import NOW, add_customers, add_run
from tests.store.test_memory import POST

HOUR = timedelta(hours=1)


def watch(campaign: str, **more: object) -> Watch:
    return Watch(campaign, NOW, NOW + HOUR, "r1", NOW - HOUR, **more)  # type: ignore[arg-type]


def test_a_watch_comes_back_as_it_was_kept(database: Database) -> None:
    first, second = watch("digest", problem="no feed", problem_at=NOW, tries=2), watch("note")
    with database.write() as connection:
        watches.keep(connection, [first, second])
        watches.keep(connection, [Watch("note", NOW + HOUR, None, "r2", NOW)])
    with database.read() as connection:
        found = watches.every(connection)
    assert found == {"digest": first, "note": Watch("note", NOW + HOUR, None, "r2", NOW)}


def test_a_look_moves_the_named_campaigns_alone(database: Database) -> None:
    with database.write() as connection:
        watches.keep(connection, [watch("a"), watch("b"), watch("c")])
        watches.look(connection, ["a", "c"], NOW + HOUR)
        watches.forget(connection, ["c", "nobody"])
    with database.read() as connection:
        assert {name: found.looked_at for name, found in watches.every(connection).items()} == {
            "a": NOW + HOUR,
            "b": NOW,
        }


def test_a_missed_occurrence_is_a_run_with_its_reason(database: Database) -> None:
    with database.write() as connection:
        assert runs.miss(connection, "digest", "2027-01", NOW, "nobody was awake", NOW + HOUR)
        assert not runs.miss(connection, "digest", "2027-01", NOW, "again", NOW + HOUR)
        found = runs.find(connection, "digest", "2027-01")
        assert found is not None
        assert (found.state, found.reason, found.due_at) == (runs.MISSED, "nobody was awake", NOW)
        assert runs.waiting(connection) == []
        assert runs.states_of(connection, "digest", ["2027-01", "2027-02"]) == {"2027-01": runs.MISSED}
        assert runs.last_planned(connection, ["digest"]) == {}


def test_an_open_run_says_when_its_next_letter_is_due(database: Database) -> None:
    add_customers(database, 3)
    run, _ = add_run(database, occurrence="first")
    add_run(database, occurrence="second", state=runs.DONE)
    empty, _ = add_run(database, occurrence="third", people=[])
    with database.write() as connection:
        table = tables.deliveries
        connection.execute(update(table).where(table.c.run == run).values(due_at=NOW + HOUR))
        connection.execute(update(table).where(table.c.run == run, table.c.customer == 2).values(due_at=NOW))
        assert runs.take_up(connection, run, NOW)
        assert not runs.take_up(connection, run, NOW + HOUR)
        found = {waiting.run: waiting for waiting in runs.waiting(connection)}
        assert runs.last_planned(connection, ["monthly-digest", "other"]) == {"monthly-digest": NOW}
    assert set(found) == {run, empty}
    assert (found[run].next_at, found[run].due_at, found[run].state) == (NOW, NOW, runs.SENDING)
    assert found[empty].next_at is None


def test_a_missed_plan_may_be_thrown_away_and_made_again(database: Database) -> None:
    add_customers(database, 2)
    run, _ = add_run(database, state=runs.READY)
    with database.write() as connection:
        assert runs.change(connection, run, runs.READY, runs.MISSED, NOW)
        assert discarding.discard(connection, run)
        assert runs.find(connection, "monthly-digest", "2027-01") is None


def test_only_posts_that_may_be_sent_are_news(database: Database) -> None:
    def new(identity: str, seen: datetime, **more: Any) -> posts.NewPost:
        return posts.NewPost(replace(POST, identity=identity), None, None, None, None, seen, **more)

    with database.write() as connection:
        for feed in ("blog", "empty"):
            posts.save_feed(connection, posts.FeedState(feed, "https://blog.example/feed"))
        posts.add(
            connection,
            [
                new("old", NOW - HOUR),
                new("news", NOW),
                new("baseline", NOW + HOUR, announce=False),
                new("flood", NOW + HOUR, held="flood"),
            ],
        )
        assert posts.newest(connection, ["blog", "empty", "unknown"]) == {"blog": NOW}
        assert posts.newest(connection, []) == {}
