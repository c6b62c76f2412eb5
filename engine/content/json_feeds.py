"""JSON Feed 1 and 1.1 (jsonfeed.org/version/1.1), read forgivingly: whatever has a list of items."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from engine.content.entries import Entry, FeedDocument, Text, newest, whole
from engine.content.links import absolute
from engine.content.text import one_line


class NotJsonFeed(Exception):
    """Not a JSON Feed; the sentence says what it is instead."""


def looks_like_json(content: bytes, content_type: str) -> bool:
    """Whether these bytes are JSON rather than XML. They decide, not what the server calls them."""
    start = content[:64].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")[:1]
    return start in (b"{", b"[") or (start != b"<" and "json" in content_type.lower())


def read_json(content: bytes, url: str) -> FeedDocument:
    """The feed in these bytes. Raises NotJsonFeed with a sentence."""
    try:
        feed = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise NotJsonFeed("is not complete JSON") from error
    if not isinstance(feed, dict) or not isinstance(feed.get("items"), list):
        raise NotJsonFeed("is JSON, but not a JSON Feed")
    site = absolute(_text(feed, "home_page_url"), url)
    return FeedDocument(
        title=one_line(_text(feed, "title")[:10_000]),
        url=url,
        site=whole(site),
        entries=newest(_entry(item, feed, site or url) for item in feed["items"] if isinstance(item, dict)),
    )


def _entry(item: Mapping[str, Any], feed: Mapping[str, Any], base: str) -> Entry:
    link = absolute(_text(item, "url"), base) or absolute(_text(item, "external_url"), base)
    markup, plain = _text(item, "content_html"), _text(item, "content_text")
    return Entry(
        guid=_text(item, "id"),
        link=link,
        title=Text(_text(item, "title")),
        summary=Text(_text(item, "summary")),
        content=Text(markup, html=True, base=link or base) if markup else Text(plain),
        images=tuple(_images(item)),
        author=_author(item) or _author(feed),
        published=_moment(_text(item, "date_published")) or _moment(_text(item, "date_modified")),
        topics=tuple(str(tag) for tag in _list(item, "tags") if isinstance(tag, str | int)),
    )


def _images(item: Mapping[str, Any]) -> Iterator[str]:
    yield _text(item, "image")
    yield _text(item, "banner_image")
    for attachment in _list(item, "attachments"):
        if isinstance(attachment, dict) and _text(attachment, "mime_type").startswith("image/"):
            yield _text(attachment, "url")


def _author(thing: Mapping[str, Any]) -> str:
    """The names of version 1.1's list, else of version 1's single author."""
    people = _list(thing, "authors") or [thing.get("author")]
    names = dict.fromkeys(one_line(_text(person, "name")) for person in people if isinstance(person, dict))
    return ", ".join(name for name in names if name)


def _moment(text: str) -> datetime | None:
    """An RFC 3339 moment in UTC; without an offset it is taken as UTC."""
    try:
        moment = datetime.fromisoformat(text.strip().replace("z", "Z"))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _text(thing: Mapping[str, Any], name: str) -> str:
    value = thing.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value)


def _list(thing: Mapping[str, Any], name: str) -> list[Any]:
    value = thing.get(name)
    return value if isinstance(value, list) else []
