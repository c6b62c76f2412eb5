"""People and posts that do not exist, to try a letter with before anybody gets one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from engine.definitions.schema.customers import BUILT_IN, FieldKind, FieldType
from engine.model.post import Post

ADDRESS = "robin@mail.example"
CODE = "SAMPLE-CODE-2345"
LINK = "https://mail.example/"
VALUES: Mapping[FieldKind, object] = {
    FieldKind.TEXT: "Robin",
    FieldKind.NUMBER: 12,
    FieldKind.DATE: date(2026, 5, 4),
    FieldKind.MOMENT: "2026-05-04T09:30:00+00:00",
    FieldKind.LIST: ["coffee", "books"],
    FieldKind.YES_OR_NO: True,
}


def sample_posts(feed: str, count: int, now: datetime) -> list[Post]:
    """So many posts of a feed, every other one without a picture."""
    return [
        Post(
            feed=feed,
            identity=f"sample-{number}",
            id=f"sample-{number}",
            url=f"https://blog.example/{number}",
            title=f"Sample post {number}, with a title of the usual length",
            summary="A summary of two sentences. This is the second one.",
            content="<p>The whole post.</p>",
            image="https://blog.example/image.png" if number % 2 else "",
            author="An author",
            published=now,
            topics=("topic",),
        )
        for number in range(1, count + 1)
    ]


def sample_people(fields: Mapping[str, FieldType], inputs: Sequence[str]) -> Iterable[list[object]]:
    """Two people, as the values a filler asks for: one with every field, one with an address and a key only."""
    known = {name: _value(name, kind) for name, kind in {**BUILT_IN, **fields}.items()}
    known.setdefault("previous_owner", VALUES[FieldKind.TEXT])
    sparse = {name: known[name] for name in ("email", "customer_id")}
    for person in (known, sparse):
        yield [_asked(name, person) for name in inputs]


def _value(name: str, kind: FieldType) -> object:
    if kind.choices:
        return kind.choices[0]
    return {"email": ADDRESS, "time_zone": "Europe/London", "language": "en"}.get(name) or VALUES[kind.kind]


def _asked(name: str, person: Mapping[str, object]) -> object:
    if name == "customer":
        return dict(person)
    if name.startswith("customer."):
        return person.get(name.removeprefix("customer."))
    made: dict[str, object] = {
        "to.address": ADDRESS,
        "reference": "sample-1",
        "message_id": f"<sample-1@{ADDRESS.partition('@')[2]}>",
        "offer.code": CODE,
        "offer": {"code": CODE},
    }
    return link(name) if name.endswith("_url") else made.get(name)


def link(name: str) -> str:
    """A reader's own link: where `unsubscribe_url` and its like would lead."""
    return LINK + name.removesuffix("_url")
