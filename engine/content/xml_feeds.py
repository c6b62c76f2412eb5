"""RSS, RDF and Atom: feedparser on bytes, never on an address, its findings as entries."""

from __future__ import annotations

import calendar
import io
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from engine.content.entries import Entry, FeedDocument, Text, newest, whole
from engine.content.hostile import attack_in
from engine.content.links import absolute
from engine.content.text import from_html, one_line

ROOT = re.compile(rb"<(?:[\w.-]+:)?(?:rss|feed|rdf|RDF|channel)\b", re.IGNORECASE)
HTML_PAGE = re.compile(rb"<!doctype\s+html|<html\b", re.IGNORECASE)
ROOT_END = re.compile(rb"</(?:[\w.-]+:)?(?:rss|feed|rdf)\s*>?", re.IGNORECASE)
ENTRY_START = re.compile(rb"<(?:[\w.-]+:)?(?:item|entry)\b", re.IGNORECASE)
ENTRY_END = re.compile(rb"</(?:[\w.-]+:)?(?:item|entry)\s*>", re.IGNORECASE)
XML_ENCODING = re.compile(rb"<\?xml[^>]{0,200}encoding\s*=\s*[\"']([\w.:-]+)", re.IGNORECASE)
CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
# Declared by servers and templates that never asked what the text is in; UTF-8 that decodes is UTF-8.
CARELESS = frozenset(
    {"us-ascii", "ascii", "iso-8859-1", "iso8859-1", "latin-1", "latin1", "windows-1252", "cp1252"}
)
HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
# An RSS title may or may not be markup; it is when it holds one of these.
TITLE_MARKUP = re.compile(
    r"</?(?:a|abbr|b|big|br|cite|code|del|div|em|font|h[1-6]|i|img|ins|kbd|mark|p|q|s|script|small|span|strike"
    r"|strong|style|sub|sup|tt|u|var|wbr)\b[^<>]*>",
    re.IGNORECASE,
)
# One character by its number, or the two halves of one, as some generators write an emoji.
CHARACTER = re.compile(rb"&#(x[0-9a-f]{1,9}|[0-9]{1,9});(?:&#(x[0-9a-f]{1,9}|[0-9]{1,9});)?", re.IGNORECASE)
MAIL_ADDRESS = re.compile(r"(?:mailto:)?<?[^\s<>()@]+@[^\s<>()@]+>?")
IMAGE_NAME = re.compile(r"\.(?:jpe?g|png|gif|webp)$", re.IGNORECASE)


class NotXml(Exception):
    """Not a feed, or only the first part of one; the sentence says which."""


def read_xml(content: bytes, content_type: str, url: str) -> FeedDocument:
    """The feed in these bytes. Raises NotXml with a sentence about what it is instead."""
    import feedparser

    flat = content.replace(b"\0", b"")  # UTF-16 and UTF-32, roughly
    if not ROOT.search(flat[:4000]) and HTML_PAGE.search(flat[:4000]):
        raise NotXml("is not a feed")
    attack = attack_in(flat)
    if attack:
        raise NotXml(attack)
    content = CHARACTER.sub(_nameable, content)
    try:
        parsed = feedparser.parse(
            io.BytesIO(content),  # bytes in a stream: a plain string could be taken for an address or a file
            response_headers={"content-type": _trusted_type(content, content_type), "content-location": url},
            resolve_relative_uris=False,  # done once, for all kinds of feeds, when posts are made
            sanitize_html=False,  # likewise, by a sanitiser that is a parser
        )
    except Exception as error:
        # Written for mistakes people make, feedparser lets some others through as errors of its own.
        raise NotXml(f"confuses the parser ({type(error).__name__})") from error
    if not parsed.version and not parsed.entries and not ROOT.search(flat[:4000]):
        raise NotXml("is not a feed")
    if type(parsed.get("bozo_exception")).__name__ == "SAXParseException" and _broke_off(flat):
        raise NotXml("broke off in the middle")
    feed, atom = parsed.feed, parsed.version.startswith("atom")
    site = absolute(feed.get("link", ""), url)
    return FeedDocument(
        title=_plain(feed, "title"),
        url=url,
        site=whole(site),
        entries=newest(_entry(entry, feed, url or site, atom) for entry in parsed.entries),
    )


def _nameable(found: re.Match[bytes]) -> bytes:
    """Numbers that are no characters out, two halves made one, everything else as it was."""
    numbers = [_number(digits) for digits in found.groups() if digits]
    if len(numbers) == 2 and 0xD800 <= numbers[0] < 0xDC00 <= numbers[1] < 0xE000:
        return b"&#%d;" % (0x10000 + (numbers[0] - 0xD800) * 0x400 + numbers[1] - 0xDC00)
    if all(0 < number < 0xD800 or 0xDFFF < number < 0x110000 for number in numbers):
        return found[0]
    return b"".join(
        b"&#%d;" % number for number in numbers if 0 < number < 0xD800 or 0xDFFF < number < 0x110000
    )


def _number(digits: bytes) -> int:
    return int(digits[1:], 16) if digits[:1] in b"xX" else int(digits)


def _trusted_type(content: bytes, content_type: str) -> str:
    """The content type with the encoding we believe in: UTF-8 wherever careless words hide valid UTF-8."""
    named = CHARSET.search(content_type)
    declared = XML_ENCODING.search(content[:300])
    words = {named[1].lower()} if named else set()
    words |= {declared[1].decode().lower()} if declared else set()
    if not content.isascii() and words <= CARELESS and _is_utf8(content):
        return "application/xml; charset=utf-8"
    # Without a charset of its own, "text/xml" would mean ASCII (RFC 3023) and overrule the file's own word.
    return content_type if named else "application/xml"


def _broke_off(content: bytes) -> bool:
    """Whether the page ends inside an entry, or before any; what ends between two has lost nothing we use."""
    if ROOT_END.search(content[-2000:]):
        return False
    ends = list(ENTRY_END.finditer(content))
    return not ends or ENTRY_START.search(content, ends[-1].end()) is not None


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _entry(entry: dict[str, Any], feed: Mapping[str, Any], url: str, atom: bool) -> Entry:
    content, summary = _bodies(entry, url)
    title = entry.get("title_detail") or {}
    value = entry.get("title") or ""
    markup = title.get("type") in HTML_TYPES or (not atom and TITLE_MARKUP.search(value) is not None)
    return Entry(
        guid=str(entry.get("id") or ""),
        link=_link(entry, url),
        title=Text(value, html=markup),
        summary=summary,
        content=content,
        images=tuple(_images(entry)),
        author=_author(entry) or _author(feed),
        published=_moment(entry),
        topics=tuple(_topics(entry)),
    )


def _link(entry: Mapping[str, Any], url: str) -> str:
    # FeedBurner wraps every link and names the page itself beside it.
    for candidate in (entry.get("feedburner_origlink"), entry.get("link")):
        link = absolute(str(candidate or ""), url)
        if link:
            return link
    return ""


def _bodies(entry: Mapping[str, Any], url: str) -> tuple[Text, Text]:
    """The content and the summary; feedparser copies one into the other when only one was given."""
    contents = [_text(detail, url) for detail in entry.get("content") or ()]
    summary = _text(entry.get("summary_detail") or {}, url)
    if not contents:
        return summary, Text()
    content = max(contents, key=lambda text: (text.html, len(text.value)))
    return content, Text() if summary.value == content.value else summary


def _text(detail: Mapping[str, Any], url: str) -> Text:
    base = absolute(str(detail.get("base") or ""), url)
    return Text(
        str(detail.get("value") or ""),
        html=detail.get("type") in HTML_TYPES,
        base=base if base != url else "",
    )


def _images(entry: Mapping[str, Any]) -> Iterator[str]:
    """Addresses of pictures the entry names, best first."""
    for media in entry.get("media_content") or ():
        kind = f"{media.get('medium', '')} {media.get('type', '')}"
        address = str(media.get("url", ""))
        if "image" in kind or IMAGE_NAME.search(address):
            yield address
    for link in entry.get("links") or ():
        if link.get("rel") == "enclosure" and str(link.get("type", "")).startswith("image/"):
            yield str(link.get("href", ""))
    for thumbnail in entry.get("media_thumbnail") or ():
        yield str(thumbnail.get("url", ""))
    image = entry.get("image")
    if isinstance(image, Mapping):
        yield str(image.get("href") or image.get("url") or "")


def _author(thing: Mapping[str, Any]) -> str:
    """A name without the mail address feeds put before, behind or around it."""
    name = one_line(MAIL_ADDRESS.sub(" ", str(thing.get("author") or "")))
    wrapped = re.fullmatch(r"\((.*)\)", name)
    return (wrapped[1] if wrapped else re.sub(r"\(\s*\)$", "", name)).strip()


def _moment(entry: dict[str, Any]) -> datetime | None:
    """When it was published, else last updated, else created."""
    for name in ("published_parsed", "updated_parsed", "created_parsed"):
        # Not by the dictionary's own `get`, which answers one name with another's value and a warning.
        parsed = dict.get(entry, name)
        if parsed:
            try:
                return datetime.fromtimestamp(calendar.timegm(parsed), UTC)
            except (ValueError, OverflowError, OSError, TypeError):
                continue
    return None


def _topics(entry: Mapping[str, Any]) -> Iterator[str]:
    for tag in entry.get("tags") or ():
        yield str(tag.get("label") or tag.get("term") or "")


def _plain(feed: Mapping[str, Any], name: str) -> str:
    detail = feed.get(f"{name}_detail") or {}
    value = str(feed.get(name) or "")[:10_000]
    return from_html(value) if detail.get("type") in HTML_TYPES else one_line(value)
