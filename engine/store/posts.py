"""What is known of each feed and its posts: enough to tell a new post from an old one in new clothes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, bindparam, func, select, text, update

from engine.model.post import Post
from engine.store import bulk, tables
from engine.store.types import from_microseconds, to_microseconds

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class FeedState:
    """How a feed was found when it was last looked at.

    `baseline_at`: when it was first read. `validator_uses`: how often in a row the validators were asked with.
    `moved_to`: where it said it moved for good, and `moved_seen` how often in a row it said so. `failures`: in a
    row, the first of them at `failing_since`, the last at `failed_at` with the words `failure`. `gone`: the last
    answer was that it is gone for good.
    """

    feed: str
    url: str
    etag: str | None = None
    last_modified: str | None = None
    checked_at: datetime | None = None
    succeeded_at: datetime | None = None
    failed_at: datetime | None = None
    failure: str | None = None
    baseline_at: datetime | None = None
    entries: int | None = None
    validator_uses: int = 0
    moved_to: str | None = None
    moved_seen: int = 0
    failures: int = 0
    failing_since: datetime | None = None
    gone: bool = False


@dataclass(frozen=True, slots=True)
class KnownPost:
    """What tells a post from others, and how it stands; its words are read by `by_ids` and `news`.

    `announce`: whether it may be sent at all (a baseline post may not); `held`: why it waits for somebody.
    """

    id: int
    identity: str
    guid: str | None
    link: str | None
    title_hash: str | None
    content_hash: str | None
    first_seen: datetime
    published: datetime | None
    announce: bool
    held: str | None


@dataclass(frozen=True, slots=True)
class NewPost:
    """A post to remember; `post.feed` and `post.identity` name it for ever."""

    post: Post
    guid: str | None
    link: str | None
    title_hash: str | None
    content_hash: str | None
    first_seen: datetime
    announce: bool = True
    held: str | None = None


def feed(connection: Connection, name: str) -> FeedState | None:
    """What is known of a feed; None before it was ever looked at."""
    columns = [tables.feeds.c[item.name] for item in fields(FeedState)]
    row = connection.execute(select(*columns).where(tables.feeds.c.feed == name)).first()
    return None if row is None else FeedState(*row)


def save_feed(connection: Connection, state: FeedState) -> None:
    """Writes down how a feed was found."""
    values = asdict(state)
    table = tables.feeds
    if not connection.execute(update(table).where(table.c.feed == state.feed).values(values)).rowcount:
        connection.execute(table.insert().values(values))


def known(connection: Connection, feed: str) -> list[KnownPost]:
    """Every post the feed has ever had, the one seen last first."""
    table = tables.posts
    query = select(*_KNOWN).where(table.c.feed == feed).order_by(table.c.first_seen.desc(), table.c.id.desc())
    return [KnownPost(*row) for row in connection.execute(query)]


def news(
    connection: Connection, feed: str, until: datetime, oldest: datetime | None = None
) -> list[tuple[int, Post, datetime]]:
    """The feed's posts that may be sent at a moment: row number, post, and since when it is news, newest first.

    `oldest`: posts dated before it are left out; the date is the feed's, else when the post was first seen.
    """
    table = tables.posts
    query = select(table.c.id, table.c.body, table.c.first_seen).where(
        table.c.feed == feed, table.c.announce, table.c.held.is_(None), table.c.first_seen <= until
    )
    if oldest is not None:
        query = query.where(func.coalesce(table.c.published, table.c.first_seen) >= oldest)
    found = connection.execute(query.order_by(table.c.first_seen.desc(), table.c.id.desc()))
    return [(number, read_post(body), seen) for number, body, seen in found]


def newest(connection: Connection, feeds: Sequence[str]) -> dict[str, datetime]:
    """Since when the newest post of each of these feeds is news; feeds without any are missing."""
    found = connection.execute(_NEWEST, {"feeds": sorted(feeds)})
    return {row[0]: from_microseconds(row[1]) for row in found if row[1] is not None}


def by_ids(connection: Connection, ids: Iterable[int]) -> dict[int, Post]:
    """Posts as they were last seen, by row number."""
    table = tables.posts
    found = bulk.select_among(connection, (table.c.id, table.c.body), table.c.id, sorted(set(ids)))
    return {number: read_post(body) for number, body in found}


def add(connection: Connection, posts: Sequence[NewPost]) -> int:
    """Remembers posts whose (feed, identity) is new, and leaves the others alone; how many were new."""
    names = ("feed", "identity", "guid", "link", "title_hash", "content_hash")
    more = ("first_seen", "published", "announce", "held", "body")
    columns = tuple(tables.posts.c[name] for name in (*names, *more))
    rows = [
        (
            *(new.post.feed, new.post.identity, new.guid, new.link, new.title_hash, new.content_hash),
            *(to_microseconds(new.first_seen), _microseconds(new.post.published), new.announce, new.held),
            write_post(new.post),
        )
        for new in posts
    ]
    return bulk.insert_rows(connection, columns, rows)


def revise(connection: Connection, id: int, new: NewPost) -> None:
    """A known post as it looks now. When it was first seen, and whether it may be sent, stay as they were."""
    table = tables.posts
    values = {
        "guid": new.guid,
        "link": new.link,
        "title_hash": new.title_hash,
        "content_hash": new.content_hash,
        "published": new.post.published,
        "body": write_post(new.post),
    }
    connection.execute(update(table).where(table.c.id == id).values(values))


def waiting(connection: Connection, feed: str) -> dict[str, int]:
    """How many posts of the feed wait, by the reason they are held for."""
    table = tables.posts
    counted = select(table.c.held, func.count()).where(table.c.feed == feed, table.c.held.is_not(None))
    return {row[0]: row[1] for row in connection.execute(counted.group_by(table.c.held))}


def settle(connection: Connection, feed: str, held: str, *, announce: bool, now: datetime) -> int:
    """A person's word on the posts held for this reason: news from now on, or known and never sent; how many."""
    table = tables.posts
    values: dict[str, Any] = {"announce": announce, "held": None}
    if announce:
        values["first_seen"] = now
    chosen = update(table).where(table.c.feed == feed, table.c.held == held)
    return connection.execute(chosen.values(values)).rowcount


def decide(connection: Connection, id: int, announce: bool, held: str | None, first_seen: datetime) -> None:
    """Whether a post may be sent now, why it waits, and since when it counts as news."""
    table = tables.posts
    values = {"announce": announce, "held": held, "first_seen": first_seen}
    connection.execute(update(table).where(table.c.id == id).values(values))


def write_post(post: Post) -> str:
    """A post as the JSON text that is stored."""
    return json.dumps(asdict(post), ensure_ascii=False, default=lambda moment: moment.isoformat())


def read_post(body: str) -> Post:
    """The post of a stored JSON text."""
    values = json.loads(body)
    published = values["published"]
    values["published"] = datetime.fromisoformat(published) if published else None
    values["topics"] = tuple(values["topics"])
    return Post(**values)


# In the words of the index of news, so that each feed is one look into it.
_NEWEST = text("""
SELECT f.feed,
    (SELECT max(p.first_seen) FROM posts p WHERE p.feed = f.feed AND p.announce AND p.held IS NULL)
FROM feeds f WHERE f.feed IN :feeds
""").bindparams(bindparam("feeds", expanding=True, type_=Text))

_KNOWN = [tables.posts.c[item.name] for item in fields(KnownPost)]


def _microseconds(moment: datetime | None) -> int | None:
    return None if moment is None else to_microseconds(moment)
