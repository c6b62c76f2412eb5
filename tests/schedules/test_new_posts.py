"""A campaign that wakes up when a feed has a new post, and at most once a day."""

from __future__ import annotations

import pytest

from tests.acceptance.conftest import DIGEST, Desk, feed
from tests.schedules.test_running import once, sent

THREE = ("The third post", "The second post", "The first post")


@pytest.fixture
def posts(desk: Desk) -> Desk:
    desk.write("campaigns/digest.yaml", DIGEST + "schedule: { when: new posts, at_most: 1 per day }\n")
    desk.edit("campaigns/weekly.yaml", "status: active", "status: draft")
    desk.edit("config/feeds.yaml", "backfill: 9", "backfill: 9, check_every: 15 minutes")
    once(desk, "2026-11-23T08:00:00+00:00")
    return desk


def news(desk: Desk, *titles: str) -> None:
    desk.write("config/feed.xml", feed(*titles, *THREE))


def test_posts_from_before_the_watch_wake_nobody(posts: Desk) -> None:
    assert once(posts, "2026-11-23T09:00:00+00:00")["planned"] == []


def test_a_new_post_makes_a_letter_and_the_next_one_waits_for_the_next_day(posts: Desk) -> None:
    news(posts, "The fourth post")
    first = once(posts, "2026-11-23T09:00:00+00:00")
    assert (sent(first), first["planned"][0]["occurrence"]) == (5, "2026-11-23")
    assert once(posts, "2026-11-23T12:00:00+00:00")["planned"] == []
    news(posts, "The fifth post", "The fourth post")
    assert once(posts, "2026-11-23T15:00:00+00:00")["planned"] == []
    second = once(posts, "2026-11-24T00:05:00+00:00")
    assert (sent(second), second["planned"][0]["occurrence"]) == (5, "2026-11-24")
    assert once(posts, "2026-11-25T09:00:00+00:00")["planned"] == [], "nothing new on this day"


def test_what_comes_while_the_campaign_is_paused_goes_out_when_it_is_not(posts: Desk) -> None:
    posts.json("pause", "digest")
    news(posts, "The fourth post")
    report = once(posts, "2026-11-23T09:00:00+00:00")
    assert (report["planned"], report["missed"]) == ([], [])
    posts.json("resume", "digest")
    assert sent(once(posts, "2026-11-23T10:00:00+00:00")) == 5


def test_a_letter_that_cannot_be_made_waits_a_little_between_tries(posts: Desk) -> None:
    news(posts, "The fourth post")
    posts.edit("config/offers.yaml", "limit: 50", "limit: 50\n    until: 2026-11-01")
    report = once(posts, "2026-11-23T09:00:00+00:00", code=4)
    assert report["troubles"][0]["try_again_at"] == "2026-11-23T09:01:00+00:00"
    assert once(posts, "2026-11-23T09:00:30+00:00")["troubles"] == []
    posts.edit("config/offers.yaml", "    until: 2026-11-01", "")
    assert sent(once(posts, "2026-11-23T09:01:00+00:00")) == 5
