"""From the bytes of a page to a feed, or to a sentence about why it is none."""

from __future__ import annotations

import re

from engine.content.entries import FeedDocument
from engine.content.json_feeds import NotJsonFeed, looks_like_json, read_json
from engine.content.links import absolute
from engine.content.xml_feeds import HTML_PAGE, NotXml, read_xml
from engine.errors import FeedUnreadable

LOGIN = re.compile(rb"type\s*=\s*[\"']?password|\b(?:log|sign)[ -]?in\b", re.IGNORECASE)
FEED_LINK = re.compile(
    rb"<link\b(?=[^<>]{0,500}\balternate\b)(?=[^<>]{0,500}application/(?:rss|atom|feed)\+(?:xml|json))"
    rb"[^<>]{0,500}\bhref\s*=\s*[\"']?([^\"'\s>]+)",
    re.IGNORECASE,
)
# A feed that had this many posts and now has none is broken, not quiet.
HAD_MANY = 1


def read_feed(content: bytes, content_type: str = "", url: str = "", *, known_posts: int = 0) -> FeedDocument:
    """The feed in these bytes.

    Args:
        content: the page as it came.
        content_type: the server's header, or "".
        url: where it came from; relative links start there if it is an address.
        known_posts: how many posts earlier reads found; a feed that had some and now has none is a fault.

    Raises:
        FeedUnreadable: with what was found instead. "Nothing new" is never the answer to a broken feed.
    """
    name = f"`{url}`" if url else "the feed"
    base = url if "://" in url else ""
    if not content.strip(b"\0 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise FeedUnreadable(f"{name} is an empty page", help="open it in a browser; the feed may have moved")
    try:
        document = (
            read_json(content, base)
            if looks_like_json(content, content_type)
            else read_xml(content, content_type, base)
        )
    except (NotXml, NotJsonFeed) as error:
        raise _unreadable(name, str(error), content, url) from error
    if not document.entries and known_posts >= HAD_MANY:
        raise FeedUnreadable(
            f"{name} has no posts at all, but had {known_posts} before",
            help="nothing was changed; look at the feed in a browser, and at what the site's owner did to it",
        )
    return document


def _unreadable(name: str, finding: str, content: bytes, url: str) -> FeedUnreadable:
    """The error for something that is not a feed, with the best remedy that can be seen from it."""
    start = content[:100_000]
    if not HTML_PAGE.search(start[:4000]):
        helps = {
            "broke off in the middle": "try again later; if it stays so, the site sends only part of it",
            "is not complete JSON": "try again later; if it stays so, ask whoever runs the site",
        }
        remedy = "ask whoever runs the site what this is" if finding.endswith("attacks do") else ""
        return FeedUnreadable(
            f"{name} {finding}",
            help=remedy or helps.get(finding, "give the address of an RSS, Atom or JSON feed"),
        )
    offered = FEED_LINK.search(start)
    if offered:
        feed = absolute(offered[1].decode("utf-8", "replace").replace("&amp;", "&"), url)
        if feed:
            return FeedUnreadable(
                f"{name} is a web page, not a feed", help=f"the page says its feed is at {feed}"
            )
    if LOGIN.search(start):
        return FeedUnreadable(
            f"{name} is a login page, not a feed", help="use an address of the feed that needs no login"
        )
    return FeedUnreadable(
        f"{name} is a web page, not a feed", help="look on the page for its RSS or Atom link and use that"
    )
