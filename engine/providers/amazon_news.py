"""What Amazon SES tells of a letter: the event inside a notice, one piece of news for each person it names.

Source: docs.aws.amazon.com/ses, "Contents of event data that Amazon SES publishes to Amazon SNS", and the older
notifications of an identity, which say notificationType where events say eventType.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import orjson

from engine.model.heard import Bounce, Heard, News
from engine.providers.amazon_bounces import amazon_bounce
from engine.providers.mailboxes import read_mailbox
from engine.providers.mime_wire import REFERENCE
from engine.providers.reading import Entry, inside, moment, text, unreadable

NEWS = {
    "Delivery": (News.DELIVERED, "delivery", "recipients"),
    "DeliveryDelay": (News.DEFERRED, "deliveryDelay", "delayedRecipients"),
    "Bounce": (News.BOUNCED, "bounce", "bouncedRecipients"),
    "Complaint": (News.COMPLAINED, "complaint", "complainedRecipients"),
    "Reject": (News.REFUSED, "reject", ""),
    "Rendering Failure": (News.REFUSED, "failure", ""),
    "Open": (News.OPENED, "open", ""),
    "Click": (News.CLICKED, "click", ""),
    "Subscription": (News.UNSUBSCRIBED, "subscription", ""),
}
"""Event → news, where its details are, and whom it names there. Send, and mail that was received, is no news."""

NO_COMPLAINT = frozenset({"not-spam", "auth-failure", "virus"})
"""Feedback (RFC 5965, 6591, 6692) that is no reader's complaint."""


def heard(notice: Entry, now: datetime) -> list[Heard]:
    """The news of a notice. What SNS itself says ("Successfully validated…") is none; 400 for a broken event."""
    message = text(notice, "Message") and str(notice["Message"])
    if not message.lstrip().startswith("{"):
        return []
    try:
        event = orjson.loads(message)
    except ValueError as error:
        raise unreadable("the notice holds no event") from error
    if not isinstance(event, dict):
        raise unreadable("the notice holds no event")
    kind = text(event, "eventType") or text(event, "notificationType")
    if kind not in NEWS:
        return []
    news, place, people = NEWS[kind]
    details = inside(event, place)
    if is_no_news(news, details):
        return []
    return [
        told(event, news, details, person, f"{notice['MessageId']}/{number}", now)
        for number, person in enumerate(persons(event, details, people))
    ]


def is_no_news(news: News, details: object) -> bool:
    """Whether nothing follows from an event: feedback that is no complaint, a subscription that goes on."""
    if news == News.COMPLAINED:
        return text(details, "complaintFeedbackType").lower() in NO_COMPLAINT
    if news == News.UNSUBSCRIBED:
        return inside(details, "newTopicPreferences", "unsubscribeAll") is not True
    return False


def persons(event: Entry, details: object, people: str) -> Iterator[object]:
    """Whom the event names: texts, or objects with an emailAddress.

    Opens and clicks do not say whose they are; only a letter to one person does. So does a bounce without names.
    """
    named = inside(details, people) if people else None
    destination = inside(event, "mail", "destination")
    if isinstance(named, list) and named:
        yield from named
    elif isinstance(destination, list) and len(destination) == 1:
        yield destination[0]
    else:
        yield ""


def told(event: Entry, news: News, details: object, person: object, identity: str, now: datetime) -> Heard:
    """One piece of news about one person."""
    address = person if isinstance(person, str) else text(person, "emailAddress")
    bounce = bounce_of(news, details, person)
    words = text(person, "diagnosticCode") or next(
        filter(None, (text(details, name) for name in ("smtpResponse", "reason", "errorMessage"))), ""
    )
    return Heard(
        news=News.REFUSED if bounce == Bounce.SUPPRESSED else news,
        at=moment(inside(details, "timestamp"), now),
        identity=identity,
        reference=reference_of(event),
        provider_id=text(event, "mail", "messageId"),
        address=read_mailbox(address).address,
        bounce=bounce,
        detail=words,
        url=text(details, "link"),
        agent=text(details, "userAgent") if news in (News.OPENED, News.CLICKED) else "",
        ip=text(details, "ipAddress"),
    )


def bounce_of(news: News, details: object, person: object) -> Bounce | None:
    """Why a letter did not arrive."""
    if news == News.REFUSED:
        return Bounce.POLICY
    if news != News.BOUNCED:
        return None
    kind, subtype = text(details, "bounceType"), text(details, "bounceSubType")
    return amazon_bounce(kind, subtype, text(person, "status"), text(person, "diagnosticCode"))


def reference_of(event: Entry) -> str:
    """Our reference: a tag where events are published through a configuration set, else the letter's header."""
    tagged = inside(event, "mail", "tags", "reference")
    if isinstance(tagged, list) and tagged and isinstance(tagged[0], str):
        return text({"value": tagged[0]}, "value")
    headers = inside(event, "mail", "headers")
    for header in headers if isinstance(headers, list) else ():
        if text(header, "name").lower() == REFERENCE.lower():
            return text(header, "value")
    return ""
