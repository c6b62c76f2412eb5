"""Which posts stand in whose letter: unseen by this very person, matching, enough of them, and never one twice."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest

from tests.acceptance.conftest import Desk

START = datetime(2026, 11, 23, 9, tzinfo=UTC)
FIRST, SECOND, THIRD = (f"{START + timedelta(days=7 * week):%Y-%m-%dT%H:%M:%S+00:00}" for week in range(3))


def item(number: int, topics: str = "", *, days: int | None = None, **changes: str) -> dict[str, Any]:
    """Post `number`, dated so many days before the first letter (its number counts down if not said)."""
    ago = 60 - number if days is None else days
    return {
        "id": f"guid-{number}",
        "url": f"https://blog.reading.example/{number}",
        "title": f"Post {number}",
        "content_text": f"About {number}, at some length.",
        "date_published": (START - timedelta(days=ago)).isoformat(),
        "tags": topics.split(),
        **changes,
    }


def publish(desk: Desk, *items: dict[str, Any]) -> None:
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "Blog", "items": items}
    desk.write("config/feed.xml", json.dumps(feed))


def choice(desk: Desk, written: str) -> None:
    """Replaces how the campaign picks its posts."""
    before = "{ feed: blog, since: last send, pick: 5, at_least: 1, if_fewer: skip }"
    desk.edit("campaigns/digest.yaml", before, f"{{ feed: blog, {written} }}")


def send(desk: Desk, when: str) -> tuple[dict[str, str], dict[str, int]]:
    """The numbers of the posts in each new letter by the reader's name, and who was skipped why."""
    before = set(desk.letters())
    answer = desk.json("send", "digest", now=when)
    read = {}
    for path in set(desk.letters()) - before:
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        body = message.get_body(("html",))
        assert body is not None
        name = message["To"].addresses[0].username
        read[name] = " ".join(re.findall(r"Post (\d+)</a>", body.get_content()))
    return read, {reason: number for reason, number in answer["skipped"].items() if "posts" in reason}


@pytest.fixture
def blog(desk: Desk) -> Desk:
    desk.filled()
    desk.edit("config/senders.yaml", "account-owner: { from_field: account_owner, otherwise: team }\n", "")
    desk.edit("campaigns/digest.yaml", "sender: account-owner", "sender: team")
    return desk


EVERYBODY = ("ana", "bjorn", "nameless")


def test_everybody_gets_what_they_have_not_seen_whatever_others_saw(blog: Desk) -> None:
    publish(blog, item(1), item(2))
    assert send(blog, FIRST) == (dict.fromkeys(EVERYBODY, "2 1"), {})
    blog.write("late.csv", "customer_id,E-mail,topics\nc9,late@mail.example,newsletter\n")
    blog.json("import", "customers", "late.csv")
    publish(blog, item(3), item(2), item(1))
    assert send(blog, SECOND) == ({**dict.fromkeys(EVERYBODY, "3"), "late": "3 2 1"}, {})
    assert send(blog, THIRD) == ({}, {"no_new_posts": 4})


def test_only_letters_that_left_count_as_seen(blog: Desk) -> None:
    publish(blog, item(1))
    assert blog.json("send", "digest", "--limit", "1", now=FIRST)["accepted"] == 1
    publish(blog, item(2), item(1))
    read, _ = send(blog, SECOND)
    assert sorted(read.values()) == ["2", "2 1", "2 1"]


@pytest.mark.parametrize(
    "changed",
    [
        {"id": "another"},
        {"title": "Post 1 again"},
        {"date_published": START.isoformat()},
        {"url": "http://www.blog.reading.example/1/?utm_source=feed", "id": "another"},
        {"id": "another", "title": "Better", "content_text": "Rewritten"},
    ],
    ids=["guid", "title", "date", "address", "all but the page"],
)
def test_a_post_in_new_clothes_is_not_announced_again(blog: Desk, changed: dict[str, str]) -> None:
    publish(blog, item(1), item(0))
    send(blog, FIRST)
    publish(blog, {**item(1), **changed}, item(0))
    assert send(blog, SECOND) == ({}, {"no_new_posts": 3})


def test_interests_choose_and_who_has_none_gets_everything(blog: Desk) -> None:
    choice(blog, "match: interests, pick: 2")
    publish(blog, item(4, "Tea"), item(3, "BOOKS"), item(2, "coffee music"), item(1, "books"))
    # Ana likes coffee and books, Björn books; the nameless one never said.
    assert send(blog, FIRST)[0] == {"ana": "3 2", "bjorn": "3 1", "nameless": "4 3"}
    assert send(blog, SECOND) == ({"ana": "1", "nameless": "2 1"}, {"no_new_posts": 1})


@pytest.mark.parametrize(
    ("if_fewer", "first", "skipped"),
    [
        ("skip", {"nameless": "2 1"}, {"too_few_posts": 1, "no_new_posts": 1}),
        ("send", {"ana": "1", "bjorn": "", "nameless": "2 1"}, {}),
    ],
)
def test_too_few_posts_skip_or_send(
    blog: Desk, if_fewer: str, first: dict[str, str], skipped: dict[str, int]
) -> None:
    choice(blog, f"match: interests, at_least: 2, if_fewer: {if_fewer}")
    blog.edit("campaigns/digest.yaml", 'preheader: "{{ posts[0].title }}"', "preheader: News")
    publish(blog, item(2, "tea"), item(1, "coffee"))
    assert send(blog, FIRST) == (first, skipped)


def test_posts_too_old_or_not_of_these_days_are_left_out(blog: Desk) -> None:
    blog.edit("config/feeds.yaml", "backfill: 9", "backfill: 9, max_age: 30 days")
    publish(blog, item(3, days=1), item(2, days=29), item(1, days=31))
    assert send(blog, FIRST)[0] == dict.fromkeys(EVERYBODY, "3 2")
    publish(blog, item(5, days=-7), item(4, days=28))
    assert send(blog, SECOND)[0] == dict.fromkeys(EVERYBODY, "5"), "the fourth is 35 days old by then"


def test_a_span_instead_of_the_last_send_shows_seen_posts_only_once(blog: Desk) -> None:
    choice(blog, "since: 10 days, pick: 5")
    publish(blog, item(2), item(1))
    assert send(blog, FIRST)[0] == dict.fromkeys(EVERYBODY, "2 1")
    publish(blog, item(3), item(2), item(1))
    assert send(blog, SECOND)[0] == dict.fromkeys(EVERYBODY, "3")


def test_a_post_from_the_future_waits_for_its_day(blog: Desk) -> None:
    publish(blog, item(2, days=-10), item(1))
    assert send(blog, FIRST)[0] == dict.fromkeys(EVERYBODY, "1")
    assert send(blog, SECOND) == ({}, {"no_new_posts": 3})
    assert send(blog, THIRD)[0] == dict.fromkeys(EVERYBODY, "2")


def test_at_the_first_read_only_the_newest_few_are_news(blog: Desk) -> None:
    blog.edit("config/feeds.yaml", "backfill: 9", "backfill: 1")
    publish(blog, item(3), item(2), item(1))
    assert send(blog, FIRST)[0] == dict.fromkeys(EVERYBODY, "3")
    publish(blog, item(4), item(3), item(2), item(1))
    assert send(blog, SECOND)[0] == dict.fromkeys(EVERYBODY, "4")
