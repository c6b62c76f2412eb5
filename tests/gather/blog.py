"""A blog on loopback and a newsletter that reads it: one look after another, each remembered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from engine.definitions.schema.feeds import Feed
from engine.flows.gather import reading, remembering
from engine.store import posts as memory
from engine.store.database import Database
from tests.network.site import Site

NOON = datetime(2027, 1, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def feed_of(*numbers: int) -> bytes:
    """An RSS feed with these posts, the newest first."""
    items = "".join(
        f"<item><title>Post {number}</title><guid isPermaLink='false'>g{number}</guid>"
        f"<link>https://blog.example/{number}</link><description>About {number}, at some length.</description>"
        f"<pubDate>{NOON - timedelta(days=100 - number):%d %b %Y %H:%M:%S} GMT</pubDate></item>"
        for number in sorted(numbers, reverse=True)
    )
    return (
        "<rss version='2.0'><channel><title>Blog</title><link>https://blog.example/</link>"
        f"{items}</channel></rss>"
    ).encode()


class Reader:
    """Reads one feed as `send` does. `now` is the moment of the next look; it moves on by `step`."""

    def __init__(self, database: Database, site: Site, path: str = "/feed", **options: object) -> None:
        self.database = database
        self.site = site
        self.feed = Feed.model_validate({"url": site.root + path, "backfill": 100, **options})
        self.now = NOON
        self.step = HOUR

    def look(self) -> list[str]:
        """One look, remembered; the notices for the feed's owner. Raises FeedUnreadable."""
        feeds, at = {"blog": self.feed}, self.now
        self.now += self.step
        found = reading.read(self.database, feeds, root=Path(), allow_private=True, now=at, remember=True)
        with self.database.write() as connection:
            return remembering.record(connection, found, feeds, at)

    def moves_to(self, path: str) -> None:
        """The marketer writes another address into config/feeds.yaml."""
        self.feed = self.feed.model_copy(update={"url": self.site.root + path})

    @property
    def state(self) -> memory.FeedState:
        """What is stored of the feed."""
        with self.database.read() as connection:
            found = memory.feed(connection, "blog")
        assert found is not None
        return found

    def news(self) -> list[str]:
        """The titles of all posts that may be sent, the oldest first."""
        with self.database.read() as connection:
            offered = remembering.announceable(connection, "blog", self.feed, self.now)
        return [post.title for _, post, _ in sorted(offered, key=lambda one: one[1].published or one[2])]

    def asked(self) -> list[str]:
        """The paths asked for since the last call; `*` marks questions with a condition."""
        asked = [path + ("*" if "if-none-match" in headers else "") for path, headers in self.site.asked]
        self.site.asked.clear()
        return asked
