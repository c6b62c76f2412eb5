"""What MailerSend tells: which letters of a bulk call it refused, and what each of its events means."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from engine.model.diagnosis import diagnosed
from engine.model.heard import Bounce, Heard, News
from engine.providers.reading import Entry, identity, inside, moment, text

REFERENCE = "reference:"
"""MailerSend has no metadata: our id of the delivery is one of the letter's tags, which its news brings back."""

PLACE = re.compile(r"(?:^|\D)(\d{1,3})(?:\D|$)")
NEWS = {
    "delivered": News.DELIVERED,
    "deferred": News.DEFERRED,
    "soft_bounced": News.BOUNCED,
    "hard_bounced": News.BOUNCED,
    "opened": News.OPENED,
    "clicked": News.CLICKED,
    "spam_complaint": News.COMPLAINED,
    "unsubscribed": News.UNSUBSCRIBED,
}
"""`sent` says only that MailerSend has begun; surveys, identities and maintenance are not about a letter."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One letter of a bulk call that was refused. `field`: what is wrong with it, as `to.0.email`."""

    place: int
    field: str
    words: str


def complaints(state: object) -> Iterator[Complaint]:
    """The validation errors of a bulk call, by the letter's place in it; those that name no place are left out.

    They come under keys like `message.3`, or in the order of the letters, and hold lists of words by field.
    """
    errors = inside(state, "validation_errors")
    if isinstance(errors, list):
        errors = {str(place): each for place, each in enumerate(errors) if each}
    if not isinstance(errors, Mapping):
        return
    for key, told in errors.items():
        found = PLACE.search(str(key))
        if found is None:
            continue
        own = str(key)[found.end(1) :].lstrip(".")
        fields = told if isinstance(told, Mapping) else {own: told}
        field, words = next(((str(name), value) for name, value in fields.items()), (own, ""))
        yield Complaint(int(found[1]), field, words_of(words))


def words_of(value: object) -> str:
    """The words of an error: a text, or the first of a list."""
    if isinstance(value, list):
        value = value[0] if value else ""
    return text({"words": value}, "words")


def suppressed(state: object) -> dict[str, str]:
    """Why addresses were passed over in a bulk call, by address: everything in it that has an email and reasons."""
    found: dict[str, str] = {}
    waiting = [inside(state, "suppressed_recipients")]
    while waiting:
        each = waiting.pop()
        if isinstance(each, list):
            waiting += each
        elif isinstance(each, Mapping):
            if text(each, "email"):
                reasons = each.get("reasons") or each.get("reason") or ""
                listed = reasons if isinstance(reasons, list) else [reasons]
                found[text(each, "email").lower()] = ", ".join(map(str, listed))
            else:
                waiting += each.values()
    return found


def news_of(event: Entry, now: datetime) -> list[Heard]:
    """One event as news; none where it is of no interest."""
    kind = text(event, "type")
    if kind == "bulk_email.completed":
        return list(bulk_news(event, now))
    data = inside(event, "data")
    happened = (text(data, "type") or kind.removeprefix("activity.")).removesuffix("_unique")
    news = NEWS.get(happened) if kind.startswith("activity.") else None
    if news is None:
        return []
    own, reason = text(data, "id"), text(data, "morph", "reason")
    tags = inside(data, "email", "tags")
    told = [text({"tag": tag}, "tag") for tag in tags] if isinstance(tags, list) else []
    references = [tag.removeprefix(REFERENCE) for tag in told if tag.startswith(REFERENCE)]
    return [
        Heard(
            news,
            moment(inside(data, "created_at") or event.get("created_at"), now),
            f"{happened} {own}" if own else identity(event),
            reference=references[0] if references else "",
            provider_id=text(data, "email", "message", "id"),
            address=text(data, "email", "recipient", "email"),
            bounce=diagnosed("", reason, hard=happened == "hard_bounced") if news is News.BOUNCED else None,
            detail=text(data, "morph", "readable_reason") or reason,
            url=text(data, "morph", "url"),
            agent=text(data, "morph", "user_agent"),
            ip=text(data, "morph", "ip"),
        )
    ]


def bulk_news(event: Entry, now: datetime) -> Iterator[Heard]:
    """What a finished bulk call says of letters that were not settled when it was made."""
    state = inside(event, "data")
    bulk = text(state, "id")
    at = moment(event.get("created_at"), now)
    for each in complaints(state):
        why = Bounce.INVALID if each.field.startswith("to") else Bounce.POLICY
        own = f"bulk_email {bulk}/{each.place}"
        yield Heard(News.REFUSED, at, own, provider_id=f"{bulk}/{each.place}", bounce=why, detail=each.words)
