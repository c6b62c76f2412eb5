"""From an entry of a feed to a post that may stand in a letter."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import urlsplit

from engine.content import markup, text
from engine.content.entries import Entry, FeedDocument, Text
from engine.content.links import absolute, canonical
from engine.model.post import Post

MOST_AUTHOR = 100
MOST_TOPIC = 60
MOST_TOPICS = 20
MOST_GUID = 500
TITLE_FROM_TEXT = 80
# What blogs say when they say nothing, in the languages WordPress comes in most.
NO_TOPIC = frozenset(
    {"uncategorized", "uncategorised", "allgemein", "non classé", "sin categoría", "senza categoria"}
)
# No blog is older than the web; 1970 is what a missing date looks like after a conversion.
FIRST_YEAR = 1990


def posts_of(document: FeedDocument, feed: str) -> list[Post]:
    """The document's entries as posts of the feed with that name, in the document's order.

    An entry with no word to read and no page to open is no post: nothing could be shown of it, nor known again.
    """
    made = (post_of(entry, document, feed) for entry in document.entries)
    return [post for post in made if post.url or post.title or post.content or post.image]


def post_of(entry: Entry, document: FeedDocument, feed: str) -> Post:
    """One entry as a post. Its identity is provisional: `identity.recognise` gives it its lasting one."""
    base = _base(entry, document)
    content = _markup(entry.content, base)
    summary = _summary(entry)
    title = _title(entry, summary)
    guid = _guid(entry.guid)
    return Post(
        feed=feed,
        identity=guid or canonical(entry.link) or hashlib.sha256(f"{title}\n{content}".encode()).hexdigest(),
        id=guid or entry.link,
        url=entry.link,
        title=title,
        summary=summary,
        content=content,
        image=_image(entry, content, base),
        author=text.shortened(text.one_line(entry.author), MOST_AUTHOR),
        published=_published(entry.published),
        topics=topics_of(entry.topics),
    )


def topics_of(names: Iterable[str]) -> tuple[str, ...]:
    """Topics as people write them: no addresses, no "Uncategorized", each once whatever its case."""
    found: dict[str, str] = {}
    for name in names:
        topic = text.one_line(text.from_html(name[:1000]))
        if not topic or len(topic) > MOST_TOPIC or "://" in topic or topic.casefold() in NO_TOPIC:
            continue
        found.setdefault(topic.casefold(), topic)
    return tuple(found.values())[:MOST_TOPICS]


def _title(entry: Entry, summary: str) -> str:
    raw = entry.title.value[: text.MOST_LOOKED_AT]
    title = text.from_html(raw) if entry.title.html else text.one_line(raw)
    # Short notes have no title; a letter's list of posts needs one.
    return text.shortened(title, text.MOST_TITLE) if title else text.first_sentences(summary, TITLE_FROM_TEXT)


def _summary(entry: Entry) -> str:
    """The feed's own summary if it is one, else the beginning of the content."""
    content, summary = _words(entry.content), _words(entry.summary)
    # "Abstract": some generators take the first heading of the text for its summary.
    is_heading = len(summary) < text.MOST_HEADING and content.startswith(summary)
    if summary and not is_heading and summary != content and len(summary) <= text.MOST_SUMMARY:
        return summary
    return text.first_sentences(content or summary)


def _words(body: Text) -> str:
    if not body.html:
        return text.without_boilerplate(text.one_line(body.value[: markup.MOST_CHARACTERS]))
    if len(body.value) > markup.MOST_CHARACTERS or markup.depth(body.value) > markup.MOST_DEPTH:
        return markup.words_of_a_monster(body.value)
    return text.without_boilerplate(text.from_html(body.value))


def _markup(body: Text, base: str) -> str:
    return markup.cleaned(body.value, body.base or base) if body.html else markup.from_plain(body.value)


def _base(entry: Entry, document: FeedDocument) -> str:
    """Where relative links start: the post's own page when it lies on the feed's site, else the site."""
    site = document.site or document.url
    if entry.link and (not site or urlsplit(entry.link).netloc == urlsplit(site).netloc):
        return entry.link
    return site or entry.link


def _image(entry: Entry, content: str, base: str) -> str:
    """The first picture worth showing: named by the feed, else in the text."""
    for address in (*entry.images, *markup.pictures(content)):
        found = absolute(address, base)
        if found and not markup.is_counter(found):
            return found
    return ""


def _guid(guid: str) -> str:
    """The feed's own name for the entry, without invisible characters; a monstrous one by its hash."""
    plain = re.sub(r"\s+", " ", text.INVISIBLE.sub("", guid)).strip()
    return plain if len(plain) <= MOST_GUID else "sha256:" + hashlib.sha256(plain.encode()).hexdigest()


def _published(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC) if moment and moment.year >= FIRST_YEAR else None
