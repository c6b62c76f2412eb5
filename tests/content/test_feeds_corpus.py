"""Real feeds, measured by others: every figure is met, or its exception is explained here."""

from __future__ import annotations

import ast
import csv
import html
import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from engine.content.entries import FeedDocument
from engine.content.feeds import read_feed
from engine.content.identity import Rules, recognise
from engine.content.posts import post_of, posts_of
from engine.content.text import MOST_TITLE, one_line, shortened
from engine.errors import FeedUnreadable
from engine.model.post import Post
from tests.content.test_identity import NOON
from tests.corpus import CORPUS, corpus_path

pytestmark = pytest.mark.corpus

# Files of the collection that are no whole feed, and what a person is told.
NO_FEED = {
    "feedparser-illformed-rss_incomplete_cdata.xml": "broke off",  # ends inside its only item's title
    "feedparser-illformed-rss_empty_document.xml": "not a feed",  # a comment and nothing else
    "gofeed-empty_feed.xml": "empty page",  # no bytes at all
    "gofeed-unknown_feed.xml": "not a feed",  # XML of another kind
}
# Entries with nothing but a category, an enclosure, a guid or a date: there is nothing to show of them.
NO_POSTS = {
    f"gofeed-rss_channel_item_{kind}.xml" for kind in ("category", "enclosure", "guid", "pubDate")
} | {"rsparser-authors.json"}
# Line noise in no encoding: which one is guessed for it has changed with chardet.
GUESSED = {"feedparser-encoding-bozo_linenoise.xml"}
# gofeed leaves the markup of an RSS title in; a title of ours is plain text.
MARKUP_IN_TITLES = {"<p>Item Title</p>": "Item Title"}


def manifest() -> list[dict[str, str]]:
    if CORPUS is None:
        return []
    with (CORPUS / "feeds" / "MANIFEST.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


ROWS = {Path(row["file"]).name: row for row in manifest()}
FEEDS = sorted(set(ROWS) - set(NO_FEED))


def content_of(name: str) -> bytes:
    return corpus_path(*ROWS[name]["file"].split("/")).read_bytes()


def document(name: str) -> FeedDocument:
    return read_feed(content_of(name), "", "https://feeds.example/feed")


def posts(name: str) -> list[Post]:
    return posts_of(document(name), "blog")


def every_post(name: str) -> list[Post]:
    """The posts, those with nothing to show included."""
    return [post_of(entry, document(name), "blog") for entry in document(name).entries]


@pytest.mark.parametrize("name", sorted(NO_POSTS))
def test_an_entry_with_nothing_to_show_is_no_post(name: str) -> None:
    corpus_path("feeds", "MANIFEST.csv")
    assert posts(name) == []
    assert len(every_post(name)) == int(ROWS[name]["entries"])


def test_the_collection_is_all_there() -> None:
    corpus_path("feeds", "MANIFEST.csv")
    assert len(ROWS) == 68


@pytest.mark.parametrize("name", FEEDS)
def test_a_feed_has_the_figures_of_the_manifest(name: str) -> None:
    row, entries = ROWS[name], document(name).entries
    guids = [entry.guid for entry in entries if entry.guid]
    measured = {
        "entries": len(entries),
        "no_id": len(entries) - len(guids),
        "no_date": sum(entry.published is None for entry in entries),
        "no_title": sum(not entry.title.value for entry in entries),
        "dup_id": len(guids) - len(set(guids)),
        "tags": sum(bool(entry.topics) for entry in entries),
    }
    assert measured == {figure: int(row[figure]) for figure in measured}
    # The manifest keeps the first sixty characters of a title.
    assert document(name).title[:60] == row["title"]


@pytest.mark.parametrize(("name", "finding"), NO_FEED.items())
def test_what_is_no_whole_feed_says_so(name: str, finding: str) -> None:
    corpus_path("feeds", "MANIFEST.csv")
    with pytest.raises(FeedUnreadable, match=finding):
        document(name)


@pytest.mark.parametrize("name", FEEDS)
def test_every_post_of_a_real_feed_is_clean(name: str) -> None:
    for post in posts(name):
        assert post.title == one_line(post.title)
        assert len(post.title) <= MOST_TITLE
        assert len(post.summary) <= 600
        if not name.endswith(
            ".json"
        ):  # there "Die Rückkehr von <i> und <b>" is a title to be taken literally
            assert "<" not in post.title or ROWS[name]["kind"] == "conformance"
        for address in (post.url, post.image):
            assert address == "" or address.startswith(("http://", "https://"))
        for name_, value in re.findall(r' (href|src)="([^"]*)"', post.content):
            assert value.startswith(("http://", "https://", "mailto:")), (name_, value)
        assert not re.search(r"<(script|style|iframe|form|object|svg)|\son\w+=", post.content)


@pytest.mark.parametrize("name", [name for name in FEEDS if ROWS[name]["kind"] == "whole"])
def test_real_blogs_give_posts_worth_sending(name: str) -> None:
    for post in posts(name):
        assert post.title
        assert post.url
        assert len(post.summary) > 10 or post.image  # one post is a film and nothing else


@pytest.mark.parametrize("name", [name for name in FEEDS if name not in NO_POSTS])
def test_every_entry_of_a_real_feed_is_news_once(name: str) -> None:
    found = posts(name)
    assert len(found) == int(ROWS[name]["entries"])
    first = recognise([], found, NOON, Rules(backfill=1000), first=True)
    assert len(first.new) + len(first.held) == len(found)
    known = [item.known for item in first.to_store()]
    assert len({post.identity for post in known}) == len(found)
    again = recognise(known, found[::-1], NOON)
    assert (again.new, again.changed, again.held) == ((), (), ())


def expectations() -> list[tuple[str, str, str, str]]:
    """(file, "feed" or "entry", field, value) from the `Expect:` comments that say what a text must be."""
    found = []
    for name in sorted(set(FEEDS) - GUESSED):
        comment = re.search(rb"Expect:([^\n]*)", content_of(name)[:1000])
        for where, field, literal in re.findall(
            r"(feed|entries\[0\])(?:\.|\[')(\w+)(?:'\])? == (u?'[^']*')",
            (comment[1] if comment else b"").decode(),
        ):
            found.append((name, "feed" if where == "feed" else "entry", field, ast.literal_eval(literal)))
    return found


@pytest.mark.parametrize(("name", "where", "field", "value"), expectations() if CORPUS else [])
def test_feedparsers_own_expectations_hold(name: str, where: str, field: str, value: str) -> None:
    found = document(name)
    if where == "feed":
        assert found.title == value
    elif field == "link":
        assert found.entries[0].link == value
    else:
        assert (found.entries[0].content.value or found.entries[0].summary.value) == value


def gofeeds() -> list[str]:
    return [name for name in FEEDS if name.startswith("gofeed-") and partner(name).is_file()]


def partner(name: str) -> Path:
    assert CORPUS is not None
    return CORPUS / "feeds" / "shared" / "conformance" / f"{name.rpartition('.')[0]}.expected.json"


@pytest.mark.parametrize("name", gofeeds() if CORPUS else [])
def test_we_agree_with_gofeed_where_both_speak(name: str) -> None:
    expected: dict[str, Any] = json.loads(partner(name).read_text(encoding="utf-8"))
    entries, found = document(name).entries, every_post(name)
    assert document(name).title == expected.get("title", "")
    assert len(found) == len(expected["items"])
    for entry, post, item in zip(entries, found, expected["items"], strict=True):
        if "title" in item:
            assert post.title == MARKUP_IN_TITLES.get(item["title"], item["title"])
        if "guid" in item or "id" in item:
            assert post.id == (item["guid"]["value"] if "guid" in item else item["id"])
        if "categories" in item:
            assert list(post.topics) == [category["value"] for category in item["categories"]]
        if "tags" in item:
            assert list(post.topics) == item["tags"]
        if "url" in item:
            assert (post.url, post.summary, post.image) == (item["url"], item["summary"], item["image"])
            assert (post.content, entry.content.html) == (item["content_html"], True)
            assert post.author == (item.get("author") or item["authors"][0])["name"]
        date = item.get("pubDateParsed") or item.get("date_published")
        if date:
            assert post.published == datetime.fromisoformat(date)


def naughty() -> list[str]:
    if CORPUS is None:
        return []
    return list(json.loads((CORPUS / "addresses" / "blns.json").read_text(encoding="utf-8")))


def xml_text(text: str) -> str:
    """Without what XML cannot carry, and without the C1 controls feedparser reads as Windows characters."""
    allowed = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]", "", text)
    return html.escape(allowed, quote=False)


def titles_through(kind: str, strings: list[str]) -> list[str]:
    """Every string as the title of an entry of such a feed, and what becomes of it."""
    if kind == "json":
        feed = {"version": "https://jsonfeed.org/version/1.1", "items": [{"title": text} for text in strings]}
        content = json.dumps(feed).encode()
    elif kind == "atom":
        entries = "".join(f"<entry><title type='text'>{xml_text(text)}</title></entry>" for text in strings)
        content = f"<feed xmlns='http://www.w3.org/2005/Atom'>{entries}</feed>".encode()
    else:
        items = "".join(f"<item><title>{html.escape(xml_text(text))}</title></item>" for text in strings)
        content = f"<rss version='2.0'><channel>{items}</channel></rss>".encode()
    return [post.title for post in posts_of(read_feed(content), "blog")]


@pytest.mark.parametrize("kind", ["rss", "atom", "json"])
def test_naughty_strings_survive_as_titles(kind: str) -> None:
    corpus_path("addresses", "blns.json")
    strings = naughty()
    assert len(strings) > 400
    wanted = strings if kind == "json" else [html.unescape(xml_text(text)) for text in strings]
    assert titles_through(kind, strings) == [
        shortened(one_line(text), MOST_TITLE) for text in wanted if one_line(text)
    ]
