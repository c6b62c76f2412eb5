"""Names for the starter letters: the values a template sees, easy and awkward ones."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markupsafe import Markup

WORKSPACE = Path(__file__).resolve().parents[2]
MEDIA = "{http://search.yahoo.com/mrss/}content"
CREATOR = "{http://purl.org/dc/elements/1.1/}creator"


def sample_posts() -> list[dict[str, Any]]:
    """The posts of the sample feed, as templates see them."""
    feed = ElementTree.parse(WORKSPACE / "config" / "sample" / "feed.xml")
    return [_post(item) for item in feed.iter("item")]


def _post(item: ElementTree.Element) -> dict[str, Any]:
    picture = item.find(MEDIA)
    topics = [category.text or "" for category in item.iter("category")]
    return {
        "id": item.findtext("guid"),
        "url": item.findtext("link"),
        "title": item.findtext("title"),
        "summary": item.findtext("description"),
        "content": "",
        "image": "" if picture is None else picture.get("url"),
        "author": item.findtext(CREATOR),
        "published": None,
        "topics": topics,
        "topic": topics[0] if topics else "",
    }


def sample_names(**changed: Any) -> dict[str, Any]:
    """Every name a template knows, with the example house's own values; `changed` replaces some."""
    signature = (WORKSPACE / "templates" / "signatures" / "priya.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {
        "customer": {"first_name": "Amara", "email": "amara@mail.example"},
        "sender": {
            "name": "Priya Shah",
            "email": "priya@news.kettleandpage.example",
            "photo": "",
            "signature": Markup(MarkdownIt("commonmark", {"breaks": True}).render(signature)),
        },
        "posts": sample_posts()[:5],
        "offer": {
            "title": "A bag of coffee with any book",
            "code": "BACK-7KQM-X3WD",
            "expires": datetime(2026, 12, 24, tzinfo=UTC),
            "terms": "One bag a parcel, while the beans last. Just type the code into the basket.",
            "url": "https://www.kettleandpage.example/books",
        },
        "campaign": {
            "title": "The monthly reading list",
            "topic": "newsletter",
            "topic_title": "Our monthly reading list",
        },
        "language": "en-GB",
        "company": {
            "name": "Kettle & Page",
            "address": "12 Harbour Steps, Saltwick SK1 0AA, United Kingdom",
        },
        "unsubscribe_url": "https://mail.kettleandpage.example/leave/x7Yk2",
        "preferences_url": "https://mail.kettleandpage.example/choose/x7Yk2",
        "web_url": "https://mail.kettleandpage.example/letter/x7Yk2",
        "preheader": "First, “The ninety-second bloom”, then 4 more from the journal",
        "now": datetime(2026, 11, 24, 9, 30, tzinfo=UTC),
    }
    return names | changed
