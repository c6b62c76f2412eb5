"""Feeds from a real server, through the real command: bad ones are said, good ones are read once and remembered."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import pytest

from tests.acceptance.conftest import Desk, feed
from tests.network.site import Site, open_site

FIRST = "2026-11-23T09:00:00+00:00"
NEXT_DAY = "2026-11-24T09:00:00+00:00"


@pytest.fixture
def site() -> Iterator[Site]:
    with open_site() as running:
        yield running


@pytest.fixture
def online(desk: Desk, site: Site) -> Desk:
    """The workspace with its people, its feed on the site."""
    desk.filled()
    desk.edit("config/project.yaml", "provider: outbox\n", "provider: outbox\nallow_private_networks: true\n")
    desk.edit("config/feeds.yaml", "url: config/feed.xml", f"url: {site.root}/feed")
    site.answer("/feed", feed("The third post", "The second post", "The first post").encode(), ETag='"1"')
    return desk


def newest(number: int, text: str) -> bytes:
    """The feed cut to its first entries, as blogs do."""
    head, *items = text.removesuffix("</channel></rss>").split("<item>")
    return ("<item>".join([head, *items[:number]]) + "</channel></rss>").encode()


def test_a_run_that_was_begun_goes_on_without_its_feed(online: Desk, site: Site) -> None:
    assert online.json("send", "digest", "--limit", "1")["pending"] == 2
    site.answer("/feed", status=500)
    assert online.json("plan", "digest")["pending"] == 2
    assert online.json("why", "ana@mail.example", "digest")["decision"] == "send"
    assert online.json("send", "digest")["accepted"] == 3
    assert len(site.asked) == 1


def test_a_plan_asks_but_remembers_nothing(online: Desk, site: Site) -> None:
    for _ in range(2):
        assert online.json("plan", "digest")["pending"] == 3
    assert ["if-none-match" in headers for _, headers in site.asked] == [False, False]
    assert [line["state"] for line in online.json("feeds")] == ["never read"]
    site.answer("/feed", status=404)
    assert online.run("plan", "digest").code == 1
    assert [line["state"] for line in online.json("feeds")] == ["never read"]


@pytest.mark.parametrize(
    ("body", "headers", "words"),
    [
        (gzip.compress(bytes(100_000_000), 9, mtime=0), {"Content_Encoding": "gzip"}, "more than 5 MB"),
        (feed("A post")[:-60].encode(), {}, "broke off"),
        (b"<!doctype html><html><body>Welcome</body></html>", {"Content_Type": "text/html"}, "web page"),
        (("<rss><channel>" + "<item><title>x</title></item>" * 100_000).encode(), {}, "20000 entries"),
        (b"", {}, "empty page"),
    ],
    ids=["gzip bomb", "truncated", "html", "100,000 entries", "empty"],
)
def test_what_is_no_feed_stops_the_send_with_its_reason_and_nothing_is_lost(
    online: Desk, site: Site, body: bytes, headers: dict[str, str], words: str
) -> None:
    site.answer("/feed", body, **headers)
    answer = online.run("send", "digest")
    assert answer.code == 1
    assert words in answer.err
    assert "help:" in answer.err
    assert (online.letters(), online.json("runs")) == ([], [])
    site.answer("/feed", feed("The first post").encode())
    assert online.json("send", "digest")["accepted"] == 3


def test_a_feed_that_is_gone_names_the_remedy_and_the_state_is_shown(online: Desk, site: Site) -> None:
    online.json("send", "digest")
    site.answer("/feed", status=410)
    answer = online.run("send", "digest", now=NEXT_DAY)
    assert answer.code == 1
    assert "config/feeds.yaml" in answer.err
    shown = online.run("feeds")
    assert "gone for good" in shown.out
    site.asked.clear()
    assert online.run("feeds", "--read", now="2027-11-24T09:00:00+00:00").code == 1
    assert site.asked == [], "what is gone for good is not asked for by itself"
    site.answer("/feed", feed("The fourth post").encode())
    assert online.json("feeds", "blog", "--read", now="2027-11-24T09:00:00+00:00")[0]["state"] == "read"


def test_a_feed_that_moved_is_read_and_its_new_address_told(online: Desk, site: Site) -> None:
    site.answer("/new", feed("The first post").encode())
    site.answer("/feed", status=301, Location="/new")
    for verb in ("plan", "send"):
        assert f"has moved for good to {site.root}/new" in online.run(verb, "digest").out
    assert online.json("feeds")[0]["moved_to"] == f"{site.root}/new"


def test_feeds_are_looked_at_when_their_time_has_come(online: Desk, site: Site) -> None:
    online.edit("config/feeds.yaml", "backfill: 9", "backfill: 9, check_every: 2 hours")
    assert online.json("feeds", "--read", now=FIRST)[0]["news"] == 3
    assert online.json("feeds", "--read", now="2026-11-23T10:59:00+00:00")[0]["news"] == 3
    assert len(site.asked) == 1
    five = ["The fifth post", "The fourth post", "The third post", "The second post", "The first post"]
    site.answer("/feed", newest(2, feed(*five[1:])))
    assert online.json("feeds", "--read", now="2026-11-23T11:00:00+00:00")[0]["news"] == 4
    site.answer("/feed", newest(1, feed(*five)))
    letter = online.json("send", "digest", now=NEXT_DAY)
    assert letter["accepted"] == 3
    assert online.json("feeds", "blog")[0]["posts"][0]["title"] == five[0]
    assert online.json("feeds", "blog")[0]["news"] == 5, (
        "posts that left the feed between two letters are kept"
    )


def test_a_flood_waits_for_a_persons_word(online: Desk, site: Site) -> None:
    online.json("send", "digest")
    old = [f"Old post {number}" for number in range(12)]
    flood = feed(*old).replace("blog.reading.example/", "blog.reading.example/again/").replace("pubDate", "x")
    # Too little is known of a feed with three posts to call anything a flood, so it gets some history first.
    site.answer("/feed", feed(*(f"Post {number}" for number in range(8))).encode())
    online.json("feeds", "blog", "--read", now=NEXT_DAY)
    site.answer("/feed", flood.encode())
    (line,) = online.json("feeds", "blog", "--read", now=NEXT_DAY)
    assert line["waiting"] == {"too many new posts at once": 12}
    assert {post["title"] for post in line["posts"][:12]} == set(old)
    assert "--release" in online.run("plan", "digest", now=NEXT_DAY).out
    before = line["news"]
    assert online.run("feeds", "blog", "--release", "--dismiss").code == 2
    assert online.json("feeds", "blog", "--release", now=NEXT_DAY)[0]["news"] == before + 12
    assert "--release" not in online.run("plan", "digest", now=NEXT_DAY).out


def test_an_unknown_feed_is_named(online: Desk) -> None:
    answer = online.run("feeds", "blgo", "--read")
    assert answer.code == 2
    assert "did you mean `blog`?" in answer.err
