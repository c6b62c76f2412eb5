"""Looking at a feed again and again: conditions, moves, failures, and what its owner is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler

import pytest

from engine.definitions.schema.feeds import Feed
from engine.errors import FeedUnreadable
from engine.flows.gather import states
from engine.model.duration import Duration, Unit
from engine.store.database import Database
from engine.store.posts import FeedState
from tests.gather.blog import NOON, Reader, feed_of
from tests.network.site import Page, Site, open_site


@pytest.fixture
def site() -> Iterator[Site]:
    with open_site() as running:
        yield running


def stubborn(body: bytes) -> Page:
    """A page whose server says "not modified" whenever it is asked with any condition at all."""

    def page(handler: BaseHTTPRequestHandler) -> None:
        unchanged = "If-None-Match" in handler.headers
        handler.send_response(304 if unchanged else 200)
        handler.send_header("ETag", '"for ever"')
        handler.send_header("Content-Length", "0" if unchanged else str(len(body)))
        handler.end_headers()
        if not unchanged:
            handler.wfile.write(body)

    return page


def test_every_seventh_look_is_without_condition_so_that_a_broken_etag_hides_nothing_for_ever(
    database: Database, site: Site
) -> None:
    site.pages["/feed"] = stubborn(feed_of(1))
    reader = Reader(database, site)
    reader.look()
    site.pages["/feed"] = stubborn(feed_of(1, 2))
    for _ in range(6):
        reader.look()
    assert reader.asked() == ["/feed", *["/feed*"] * 6]
    assert reader.news() == ["Post 1"]
    reader.look()
    assert reader.asked() == ["/feed"]
    assert reader.news() == ["Post 1", "Post 2"]
    reader.look()
    assert reader.asked() == ["/feed*"]


def test_an_unchanged_feed_keeps_its_number_of_posts_so_that_an_empty_one_is_a_fault(
    database: Database, site: Site
) -> None:
    site.pages["/feed"] = stubborn(feed_of(1, 2))
    reader = Reader(database, site)
    reader.look()
    reader.look()
    site.answer("/feed", feed_of())
    with pytest.raises(FeedUnreadable, match="no posts at all, but had 2 before"):
        reader.look()
    assert reader.news() == ["Post 1", "Post 2"]


def test_a_move_for_good_is_told_and_after_three_sights_the_new_address_is_asked(
    database: Database, site: Site
) -> None:
    site.answer("/new", feed_of(1))
    site.answer("/feed", status=301, Location="/new")
    reader = Reader(database, site)
    for _ in range(3):
        (notice,) = reader.look()
        assert f"has moved for good to {site.root}/new" in notice
        assert reader.asked() == ["/feed", "/new"]
    site.pages.pop("/feed")
    site.answer("/new", feed_of(1, 2))
    assert len(reader.look()) == 1
    assert reader.asked() == ["/new"]
    assert reader.news() == ["Post 1", "Post 2"]
    reader.moves_to("/new")
    assert reader.look() == []
    assert (reader.state.url, reader.state.moved_to) == (f"{site.root}/new", None)
    assert reader.news() == ["Post 1", "Post 2"]


@pytest.mark.parametrize("status", [302, 303, 307])
def test_a_move_for_now_is_followed_and_not_remembered(database: Database, site: Site, status: int) -> None:
    site.answer("/new", feed_of(1))
    site.answer("/feed", status=status, Location="/new")
    reader = Reader(database, site)
    assert [reader.look() for _ in range(4)] == [[]] * 4
    assert reader.asked() == ["/feed", "/new"] * 4
    assert reader.state.moved_to is None


def test_a_redirect_that_is_taken_back_is_forgotten(database: Database, site: Site) -> None:
    site.answer("/new", feed_of(1))
    site.answer("/feed", status=308, Location="/new")
    reader = Reader(database, site)
    reader.look()
    reader.look()
    site.answer("/feed", feed_of(1))
    assert reader.look() == []
    assert (reader.state.moved_to, reader.state.moved_seen) == (None, 0)


def test_when_the_old_address_dies_early_the_new_one_is_known(database: Database, site: Site) -> None:
    site.answer("/new", feed_of(1))
    site.answer("/feed", status=301, Location="/new")
    reader = Reader(database, site)
    reader.look()
    site.answer("/feed", status=404)
    reader.asked()
    assert "has moved" in reader.look()[0]
    assert reader.asked() == ["/feed", "/new"]


def test_when_the_new_address_dies_the_one_in_the_file_is_asked_again(database: Database, site: Site) -> None:
    site.answer("/new", feed_of(1))
    site.answer("/feed", status=301, Location="/new")
    reader = Reader(database, site)
    for _ in range(3):
        reader.look()
    site.answer("/new", b"<html><body>parked</body></html>", Content_Type="text/html")
    site.answer("/feed", feed_of(1, 2))
    reader.asked()
    assert reader.look() == []
    assert reader.asked() == ["/new", "/feed"]
    assert (reader.news(), reader.state.moved_to) == (["Post 1", "Post 2"], None)


def test_a_feed_that_is_gone_is_an_error_with_its_remedy(database: Database, site: Site) -> None:
    site.answer("/feed", feed_of(1))
    reader = Reader(database, site)
    reader.look()
    site.answer("/feed", status=410)
    with pytest.raises(FeedUnreadable, match="the feed `blog` cannot be read.*410") as caught:
        reader.look()
    assert "config/feeds.yaml" in caught.value.help
    assert (reader.state.gone, reader.news()) == (True, ["Post 1"])
    assert not states.is_due(reader.state, reader.feed, NOON + timedelta(days=365))
    site.answer("/feed", feed_of(1, 2))
    reader.look()
    assert (reader.state.gone, reader.news()) == (False, ["Post 1", "Post 2"])


def test_a_feed_that_keeps_failing_says_since_when(database: Database, site: Site) -> None:
    site.answer("/feed", feed_of(1))
    reader = Reader(database, site)
    reader.look()
    site.answer("/feed", status=404)
    messages = []
    for _ in range(4):
        with pytest.raises(FeedUnreadable) as caught:
            reader.look()
        messages.append(caught.value.message)
    assert ["times since" in message for message in messages] == [False, False, True, True]
    assert "failed 4 times since 2027-01-05 13:00 UTC, last read 2027-01-05 12:00 UTC" in messages[-1]
    site.answer("/feed", feed_of(1))
    reader.look()
    assert (reader.state.failures, reader.state.failing_since, reader.state.failure) == (0, None, None)


def test_a_site_that_does_not_answer_is_no_failure_while_the_last_look_is_fresh(
    database: Database, site: Site
) -> None:
    site.answer("/feed", feed_of(1))
    reader = Reader(database, site, check_every="3 hours")
    reader.look()
    site.answer("/feed", status=503)
    for _ in range(2):
        (notice,) = reader.look()
        assert "answered 503" in notice
        assert "what was read 2027-01-05 12:00 UTC is used (check_every: 3 hours)" in notice
    assert reader.state.succeeded_at == NOON
    with pytest.raises(FeedUnreadable, match="503"):
        reader.look()


@pytest.mark.parametrize(
    ("status", "body"),
    [(404, b""), (410, b""), (401, b""), (200, b"<html></html>"), (200, b""), (200, feed_of())],
)
def test_an_answer_that_is_no_feed_is_a_failure_however_fresh_the_last_look(
    database: Database, site: Site, status: int, body: bytes
) -> None:
    site.answer("/feed", feed_of(1))
    reader = Reader(database, site, check_every="3 hours")
    reader.look()
    site.answer("/feed", body, status=status)
    with pytest.raises(FeedUnreadable):
        reader.look()


def test_another_address_in_the_file_starts_afresh_but_announces_nothing_twice(
    database: Database, site: Site
) -> None:
    site.answer("/feed", feed_of(1, 2), ETag='"1"')
    reader = Reader(database, site)
    reader.look()
    site.answer("/feed", status=404)
    with pytest.raises(FeedUnreadable):
        reader.look()
    site.answer("/other", feed_of(1, 2, 3))
    reader.moves_to("/other")
    reader.asked()
    reader.look()
    assert reader.asked() == ["/other"], "no validator of the old address"
    assert reader.state.failures == 0
    assert reader.news() == ["Post 1", "Post 2", "Post 3"]


def test_a_flood_is_held_and_its_owner_told_each_time_until_it_is_settled(
    database: Database, site: Site
) -> None:
    site.answer("/feed", feed_of(*range(1, 11)))
    reader = Reader(database, site)
    reader.look()
    undated = feed_of(*range(301, 311)).replace(b"<pubDate>", b"<x>").replace(b"</pubDate>", b"</x>")
    site.answer("/feed", undated)
    (first,) = reader.look()
    assert "10 of 10 posts look new at once" in first
    assert "--release" in first
    (second,) = reader.look()
    assert "10 posts wait because too many looked new at once" in second
    assert len(reader.news()) == 10


def test_the_time_of_the_next_look() -> None:
    feed = Feed.model_validate({"url": "https://blog.example/feed", "check_every": "30 minutes"})
    state = FeedState("blog", feed.url)
    assert states.is_due(state, feed, NOON), "never looked at"
    state = FeedState("blog", feed.url, checked_at=NOON, succeeded_at=NOON)
    half = timedelta(minutes=30)
    assert [states.is_due(state, feed, NOON + half * n) for n in (0.9, 1)] == [False, True]
    for failures, pause in (
        (1, 2 * half),
        (2, 4 * half),
        (3, 8 * half),
        (9, timedelta(days=1)),
        (400, timedelta(days=1)),
    ):
        state = FeedState("blog", feed.url, checked_at=NOON, failures=failures)
        moments = (NOON + pause - timedelta(seconds=1), NOON + pause * (1 + states.SPREAD))
        assert [states.is_due(state, feed, moment) for moment in moments] == [False, True]
    monthly = feed.model_copy(update={"check_every": Duration(1, Unit.MONTH)})
    state = FeedState("blog", monthly.url, checked_at=NOON, failures=5)
    assert states.is_due(state, monthly, NOON + timedelta(days=31) * (1 + states.SPREAD))
    assert not states.is_due(state, monthly, NOON + timedelta(days=30))


def test_feeds_that_failed_together_do_not_come_back_together() -> None:
    feed = Feed.model_validate({"url": "https://blog.example/feed", "check_every": "30 minutes"})
    found = [FeedState(f"f{n}", feed.url, checked_at=NOON, failures=1) for n in range(200)]
    due = [
        sum(states.is_due(state, feed, NOON + timedelta(minutes=minute)) for state in found)
        for minute in (60, 65, 70, 75)
    ]
    assert due == sorted(due)
    assert due[0] < 20 < due[1] < 120 < due[2] < due[3] == 200
