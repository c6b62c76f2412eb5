"""What generated templates are rendered with: a letter's static data, its personal names, and people."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from engine.templating.specialise import Personal

POSTS = [
    {"title": "Books & tea", "topic": "tea", "words": 120, "tags": ["a", "b"], "body": Markup("<p>One</p>")},
    {"title": "<Two>", "topic": "art", "words": 80, "tags": [], "body": Markup("<p>Two</p>\r\n")},
    {"title": "Three {{ x }}", "topic": "tea", "words": 0, "tags": ["c"], "body": Markup("{% if %}")},
]
STATIC: dict[str, Any] = {
    "title": "June {# & #} news {",
    "count": 3,
    "flag": True,
    "inherited": False,
    "off": False,
    "none_here": None,
    "safe": Markup("<b>bold</b>"),
    "posts": POSTS,
    "topics": ["tea", "art", "sea"],
    "company": {"name": "Acme & Sons", "items": "keyed"},
}
PERSONAL: dict[str, Any] = {
    "customer": Personal("customer"),
    "offer": {"title": "15% off", "terms": ["x", Personal("offer.terms.1")], "code": Personal("offer.code")},
    "link": Personal("link"),
}
CONTEXT = {**STATIC, **PERSONAL}
# The same with the person's fields declared one by one, as a workspace declares them.
FIELDS = ("name", "tier", "interests", "age", "active")
DECLARED = {
    **CONTEXT,
    "customer": {field: Personal(f"customer.{field}") for field in FIELDS} | {"owner": None},
}


def person(**fields: Any) -> dict[str, Any]:
    """What stage 2 is given for one person."""
    code = fields.pop("code", "AB-1")
    return {
        "customer": {**fields, "owner": None},
        "offer": {"title": "15% off", "terms": ["x", fields.get("name", "anyone")], "code": code},
        "link": f"https://x.example/{code}?a=1&b=2",
    }


PEOPLE = [
    person(name="Zoë <b>", tier="gold", interests=["tea", "sea"], age=41, active=True, code="<C>"),
    person(name="", tier="silver", interests=[], age=0, active=False),
    person(tier="gold", interests=["art"], age=3, active=True, name="{{ title }}"),
    person(interests=["tea"], active=False),
]
