"""What one mail says about one recipient of a letter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from engine.model.heard import HARD, Bounce, News


class Kind(StrEnum):
    """What a mail is, for a person: the word `touchbase hear` prints."""

    HARD = "hard"
    SOFT = "soft"
    COMPLAINT = "complaint"
    AUTO_REPLY = "auto_reply"
    DELIVERED = "delivered"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Answer:
    """One recipient's share of a mail.

    `news`: None where the mail says nothing about a letter. `address`: "" where the mail names nobody.
    `status`: RFC 3463, "" where there is none. `reference`: our id of the letter, or another database's, "" where
    the mail returns none. `identity`: the same for the same mail and recipient. `at`: the mail's own date, None
    where it has none.
    """

    news: News | None
    address: str = ""
    status: str = ""
    bounce: Bounce | None = None
    detail: str = ""
    reference: str = ""
    identity: str = ""
    at: datetime | None = None

    @property
    def kind(self) -> Kind:
        """The news in the words of the command; only what suppresses at once is hard."""
        if self.news in (News.BOUNCED, News.REFUSED):
            return Kind.HARD if self.bounce in HARD else Kind.SOFT
        return _KINDS.get(self.news, Kind.OTHER) if self.news else Kind.OTHER


_KINDS = {
    News.DEFERRED: Kind.SOFT,
    News.COMPLAINED: Kind.COMPLAINT,
    News.AUTO_REPLIED: Kind.AUTO_REPLY,
    News.DELIVERED: Kind.DELIVERED,
}
