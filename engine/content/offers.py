"""What a letter says of an offer: its words, one customer's code, and when it ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from engine.model.duration import Duration


@dataclass(frozen=True, slots=True)
class OfferTerms:
    """An offer as its owner wrote it. `valid_for`: from the letter's sending. `until`: its last day."""

    name: str
    title: str
    terms: str = ""
    valid_for: Duration | None = None
    until: date | None = None
    fields: Mapping[str, str] = field(default_factory=dict)


def expiry(offer: OfferTerms, sent_at: datetime, zone: ZoneInfo) -> datetime | None:
    """When a code given in a letter of `sent_at` ends, UTC; None when it never does.

    `valid_for` counts in the calendar of `zone`, so that "14 days" is 14 days across a change of clocks;
    `until` includes its whole day there. The earlier of the two counts.
    """
    ends = []
    if offer.valid_for:
        ends.append(offer.valid_for.after(sent_at.astimezone(zone)).astimezone(UTC))
    if offer.until:
        ends.append(datetime.combine(offer.until + timedelta(days=1), time(), zone).astimezone(UTC))
    return min(ends, default=None)


def is_over(offer: OfferTerms, at: datetime, zone: ZoneInfo) -> bool:
    """Whether the offer's last day has passed at `at`: nobody may be sent it any more."""
    ends = expiry(offer, at, zone)
    return ends is not None and ends <= at


def for_template(offer: OfferTerms, code: str, expires: datetime | None) -> dict[str, object]:
    """What a template calls `offer`: `title, code, expires, terms` and the offer's own fields.

    Own fields never hide those four.
    """
    return {**offer.fields, "title": offer.title, "terms": offer.terms, "code": code, "expires": expires}
