"""What is heard of a letter after it left: a provider's news or an answering mail, in one vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class News(StrEnum):
    """What happened to a letter, or what its reader did. Also the names of the customer's events."""

    DELIVERED = "delivered"
    DEFERRED = "deferred"
    BOUNCED = "bounced"
    REFUSED = "refused"
    COMPLAINED = "complained"
    OPENED = "opened"
    CLICKED = "clicked"
    UNSUBSCRIBED = "unsubscribed"
    SUBSCRIBED = "subscribed"
    REPLIED = "replied"
    AUTO_REPLIED = "auto_replied"


class Bounce(StrEnum):
    """Why a letter came back, by meaning (RFC 3463, provider codes), and so what may be done about it.

    INVALID: there is no such mailbox or domain; suppress the address.
    DISABLED: the mailbox exists but is closed; suppress at the second time, seven or more days later.
    SUPPRESSED: the provider did not try, because its own list already holds the address; suppress.
    SOFT: full, too large, busy, timed out; never suppress for one.
    POLICY: reputation, authentication, content, block list; the sender's matter, never suppress.
    """

    INVALID = "invalid"
    DISABLED = "disabled"
    SUPPRESSED = "suppressed"
    SOFT = "soft"
    POLICY = "policy"


HARD = frozenset({Bounce.INVALID, Bounce.SUPPRESSED})
"""What suppresses an address at once."""


class Effect(StrEnum):
    """What was done with one piece of news.

    APPLIED: it closed an address or a topic. NOTED: kept, with the ledger and the customer's history moved on.
    ORPHAN: about a letter that is not ours, or that nobody knows. QUARANTINED: one of too many bounces at once;
    nobody is suppressed until a person says CONFIRMED (they count) or RELEASED (they never do).
    """

    APPLIED = "applied"
    NOTED = "noted"
    ORPHAN = "orphan"
    QUARANTINED = "quarantined"
    CONFIRMED = "confirmed"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class Heard:
    """One piece of news.

    `identity`: the provider's own id of the event, or one derived from its content where there is none; the
    same news told twice has the same identity. `reference`: our id of the delivery, "" where the news does
    not carry it. `provider_id`: the provider's id of the message. `bounce`: for bounced and refused.
    `detail`: the other side's words. `url`, `agent`, `ip`: for opened and clicked.
    `machine`: the provider itself says that no person did it. `topic`: for unsubscribed; "" means what the
    letter was about.
    """

    news: News
    at: datetime
    identity: str
    reference: str = ""
    provider_id: str = ""
    address: str = ""
    bounce: Bounce | None = None
    detail: str = ""
    url: str = ""
    agent: str = ""
    ip: str = ""
    machine: bool = False
    topic: str = ""


@dataclass(frozen=True, slots=True)
class Post:
    """One call we received, untouched. `headers` with lower-case names; `query` decoded."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
