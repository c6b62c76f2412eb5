"""Every real feed through the whole way into the store, on both databases: each entry once, and once only."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from engine.content.known import HELD_FUTURE
from engine.definitions.schema.feeds import Feed
from engine.errors import FeedUnreadable
from engine.flows.gather import reading, remembering
from engine.store import posts as memory
from engine.store.database import Database
from tests.content.test_feeds_corpus import NO_FEED, NO_POSTS
from tests.corpus import corpus_path
from tests.gather.blog import HOUR, NOON

pytestmark = pytest.mark.corpus


def test_each_entry_of_every_real_feed_is_remembered_once(database: Database) -> None:
    manifest = corpus_path("feeds", "MANIFEST.csv")
    with manifest.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    root, unreadable, counted = manifest.parents[1], set(), {}
    for number, row in enumerate(rows):
        path = Path(row["file"])
        name = f"feed-{number}"
        feeds = {name: Feed(url=str(path), backfill=10_000)}
        for look in range(2):
            now = NOON + look * HOUR
            try:
                found = reading.read(database, feeds, root=root, allow_private=False, now=now, remember=True)
            except FeedUnreadable:
                unreadable.add(path.name)
                continue
            with database.write() as connection:
                notices = remembering.record(connection, found, feeds, now)
                offered = remembering.announceable(connection, name, feeds[name], now)
                waiting = memory.waiting(connection, name)
            assert notices == []
            assert all(seen == NOON for _, _, seen in offered), path.name
            assert set(waiting) <= {HELD_FUTURE}
            counted[path.name] = len(offered) + sum(waiting.values())
    assert unreadable == set(NO_FEED)
    assert counted == {
        Path(row["file"]).name: 0 if Path(row["file"]).name in NO_POSTS else int(row["entries"])
        for row in rows
        if Path(row["file"]).name not in NO_FEED
    }
