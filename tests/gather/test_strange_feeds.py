"""Whatever JSON stands in a feed's entries, reading and remembering it breaks nothing, on either database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from engine.definitions.schema.feeds import Feed
from engine.flows.gather import reading, remembering
from engine.store import tables
from engine.store.database import Database
from tests.gather.blog import HOUR, NOON

ODD = [
    "\ud800",
    "a\x00b",
    "\ufeff",
    "\u202e",
    "x" * 3000,
    "https://[::1",
    "//",
    "http://\udcff.example/",
    "\x1f",
    "data:,x",
]
TEXT = st.one_of(
    st.sampled_from(ODD), st.text(max_size=20), st.sampled_from(["https://blog.example/1", "1", ""])
)
ANY = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)),
    max_leaves=5,
)
NAMES = (
    "id",
    "url",
    "external_url",
    "title",
    "summary",
    "content_html",
    "content_text",
    "image",
    "date_published",
)
ENTRY = st.fixed_dictionaries(
    {},
    optional={**{name: st.one_of(TEXT, ANY) for name in NAMES}, "tags": ANY, "author": ANY, "authors": ANY},
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(items=st.lists(ENTRY, max_size=4))
@example(items=[{"id": "\ud800", "url": "https://blog.example/\ud800", "title": "t", "tags": ["\ud800"]}])
@example(
    items=[{"id": 1.5, "url": "https://blog.example/a\x00b", "content_text": "\ud800", "image": "//\ud800"}]
)
@example(items=[{"title": "t", "author": {"name": "\ud800"}, "date_published": "9999-12-31T23:59:59-23:59"}])
@example(items=[{"title": "t", "date_published": "0001-01-01T00:00:00+14:00"}, {"summary": "\ud83d"}])
def test_any_entry_is_a_post_or_none_and_is_known_again(
    database: Database, tmp_path: Path, items: list[dict[str, Any]]
) -> None:
    with database.write() as connection:
        connection.execute(tables.posts.delete())
        connection.execute(tables.feeds.delete())
    (tmp_path / "feed.json").write_text(json.dumps({"version": "1.1", "items": items}), encoding="utf-8")
    feeds = {"blog": Feed(url="feed.json", backfill=1000)}
    counts = []
    for look in range(2):
        now = NOON + look * HOUR
        found = reading.read(database, feeds, root=tmp_path, allow_private=False, now=now, remember=True)
        with database.write() as connection:
            remembering.record(connection, found, feeds, now)
            offered = remembering.announceable(connection, "blog", feeds["blog"], now)
            counts.append(len(offered))
            for _, post, _ in offered:
                assert "\0" not in repr(post)
                repr(post).encode()
                post.title.encode(), post.url.encode(), post.content.encode()
    assert counts[0] == counts[1]
