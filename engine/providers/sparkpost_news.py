"""What SparkPost tells of a letter, in its webhooks and in its search.

Source: SparkPost's event types and bounce classification codes (support.sparkpost.com).
"""

from __future__ import annotations

from datetime import datetime

from engine.model.diagnosis import diagnosed
from engine.model.heard import Bounce, Heard, News
from engine.providers.reading import Entry, identity, inside, moment, text

NEWS = {
    "delivery": News.DELIVERED,
    "delay": News.DEFERRED,
    "bounce": News.BOUNCED,
    "out_of_band": News.BOUNCED,
    "policy_rejection": News.REFUSED,
    "generation_rejection": News.REFUSED,
    "generation_failure": News.REFUSED,
    "spam_complaint": News.COMPLAINED,
    "open": News.OPENED,
    "amp_open": News.OPENED,
    "click": News.CLICKED,
    "amp_click": News.CLICKED,
    "list_unsubscribe": News.UNSUBSCRIBED,
    "link_unsubscribe": News.UNSUBSCRIBED,
}
"""`initial_open` comes beside the first `open`; `injection` says only that SparkPost has begun."""

CLASSES = {
    "25": Bounce.POLICY,
    "26": Bounce.SUPPRESSED,
    "50": Bounce.POLICY,
    "51": Bounce.POLICY,
    "52": Bounce.POLICY,
    "53": Bounce.POLICY,
    "54": Bounce.POLICY,
}
"""Administrative failure, its own suppression, blocks, spam, forbidden attachment, relaying denied."""

HARD_CLASSES = frozenset({"10", "30"})
"""Invalid recipient, and a bounce that names none. All others are temporary or undetermined."""

NO_BOUNCE = {"60": News.AUTO_REPLIED, "100": News.AUTO_REPLIED, "80": None, "90": News.UNSUBSCRIBED}
"""Automatic reply, challenge, a wish to be subscribed (which no mail may bring about), a wish to leave."""


def heard(entry: Entry, now: datetime) -> list[Heard]:
    """One element of a call as news; a ping is none."""
    groups = inside(entry, "msys")
    event = next(iter(groups.values()), None) if isinstance(groups, dict) else None
    if not isinstance(event, dict):
        return []
    kind, group = text(event, "type"), text(event, "bounce_class")
    news = NEWS.get(kind)
    if news is News.BOUNCED and group in NO_BOUNCE:
        news = NO_BOUNCE[group]
    if news is None:
        return []
    bounce = bounce_of(event, news, group)
    reference, provider_id = message_of(event)
    own = text(event, "event_id")
    return [
        Heard(
            news=News.REFUSED if bounce is Bounce.SUPPRESSED else news,
            at=moment(inside(event, "timestamp"), now),
            identity=f"{kind} {own}" if own else identity(event),
            reference=reference,
            provider_id=provider_id,
            address=text(event, "raw_rcpt_to") or text(event, "rcpt_to"),
            bounce=bounce,
            detail=reason_of(event),
            url=text(event, "target_link_url"),
            agent=text(event, "user_agent"),
            ip=text(event, "ip_address") if news in (News.OPENED, News.CLICKED) else "",
            machine=inside(event, "user_agent_parsed", "is_prefetched") is True,
        )
    ]


def message_of(event: object) -> tuple[str, str]:
    """Our reference and the message's id: that of its call, made its own by our reference."""
    reference, identifier = text(event, "rcpt_meta", "reference"), text(event, "transmission_id")
    return reference, f"{identifier}/{reference}" if reference and identifier else identifier


def reason_of(event: Entry) -> str:
    """The other side's words, with addresses where SparkPost keeps them."""
    return text(event, "raw_reason") or text(event, "reason")


def bounce_of(event: Entry, news: News, group: str) -> Bounce | None:
    """Why a letter did not arrive: by its class, and within it by the server's words."""
    reason = reason_of(event)
    if news is News.REFUSED:
        return Bounce.SUPPRESSED if "suppress" in reason.lower() else Bounce.POLICY
    if news is not News.BOUNCED:
        return None
    return CLASSES.get(group) or diagnosed("", reason, hard=group in HARD_CLASSES)
