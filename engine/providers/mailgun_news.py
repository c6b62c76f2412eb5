"""Mailgun's news: what each of its events means, as it writes them now and as it wrote them before 2018."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from engine.model.diagnosis import diagnosed
from engine.model.heard import Bounce, Heard, News, Post
from engine.providers.reading import Entry, identity, inside, moment, text

NEWS = {
    "delivered": News.DELIVERED,
    "rejected": News.REFUSED,
    "complained": News.COMPLAINED,
    "opened": News.OPENED,
    "clicked": News.CLICKED,
    "unsubscribed": News.UNSUBSCRIBED,
}
"""Besides `failed`, which says more. `accepted` and `stored` say only that Mailgun has begun."""


def news_of(event: Entry, now: datetime) -> list[Heard]:
    """One event as news; none where it is of no interest."""
    news, bounce = meaning(event)
    if news is None:
        return []
    own, client = text(event, "id"), inside(event, "client-info")
    return [
        Heard(
            news,
            moment(event.get("timestamp"), now),
            f"{text(event, 'event')} {own}" if own else identity(event),
            reference=text(event, "user-variables", "reference"),
            provider_id=text(event, "message", "headers", "message-id").strip("<>"),
            address=text(event, "recipient"),
            bounce=bounce,
            detail=words_of(event),
            url=text(event, "url"),
            agent=text(client, "user-agent"),
            ip=text(event, "ip"),
            machine=bool(text(client, "bot")) or text(client, "client-type") == "robot",
        )
    ]


def meaning(event: Entry) -> tuple[News | None, Bounce | None]:
    """What an event says, and why a letter came back or was not tried."""
    kind, reason = text(event, "event"), text(event, "reason")
    if kind == "rejected":
        return News.REFUSED, Bounce.POLICY
    if kind != "failed":
        return NEWS.get(kind), None
    if text(event, "severity") == "temporary":
        return News.DEFERRED, None
    if reason.startswith("suppress-") or text(event, "delivery-status", "code") in SUPPRESSED_CODES:
        return News.REFUSED, Bounce.SUPPRESSED
    status = text(event, "delivery-status", "enhanced-code")
    bounce = diagnosed(status, words_of(event), hard=reason not in ("old", "espblock"))
    return News.BOUNCED, Bounce.POLICY if reason == "espblock" and bounce is Bounce.SOFT else bounce


SUPPRESSED_CODES = frozenset({"605", "606", "607"})
"""Not tried: bounced, unsubscribed or complained before."""


def words_of(event: Entry) -> str:
    """The receiving server's words, or Mailgun's where there are none."""
    status = inside(event, "delivery-status")
    return text(status, "message") or text(status, "description") or text(event, "reject", "reason")


def is_form(post: Post) -> bool:
    """Whether a call is of the older kind, which accounts from before 2018 may still have."""
    return "json" not in post.headers.get("content-type", "json")


LEGACY = {"dropped": "failed", "bounced": "failed"}


def legacy(body: bytes) -> dict[str, Any]:
    """An older call, written as the present ones are."""
    fields = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    fields = {name: fields.get(name, "") for name in LEGACY_FIELDS}
    words = fields["error"] or fields["description"]
    return {
        "signature": {name: fields[name] for name in ("timestamp", "token", "signature")},
        "event-data": {
            "event": LEGACY.get(fields["event"], fields["event"]),
            "severity": "permanent",
            "reason": "old" if fields["reason"] == "old" else "bounce",
            "timestamp": fields["timestamp"],
            "recipient": fields["recipient"],
            "url": fields["url"],
            "ip": fields["ip"],
            "client-info": {"user-agent": fields["user-agent"]},
            "delivery-status": {"code": fields["code"], "message": words},
            "message": {"headers": {"message-id": fields["Message-Id"] or fields["message-id"]}},
            "user-variables": {"reference": fields["reference"]},
        },
    }


LEGACY_FIELDS = (
    *(
        "event",
        "timestamp",
        "token",
        "signature",
        "recipient",
        "code",
        "error",
        "description",
        "reason",
        "url",
        "ip",
    ),
    *("user-agent", "Message-Id", "message-id", "reference"),
)
