"""What people do for customers, as the doors are told of it: touches by people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class TouchKind(StrEnum):
    """How a person was in touch with a customer, or is to be."""

    CALL = "call"
    VISIT = "visit"
    GIFT = "gift"
    NOTE = "note"
    MEETING = "meeting"
    MESSAGE = "message"
    """An e-mail or text message of the person's own."""
    CHECK_IN = "check-in"
    """A short question how things are, whichever way it is asked."""


@dataclass(frozen=True, slots=True)
class Logged:
    """A touch as it was written down. `new`: False where the same had been written down within the last minute."""

    touch: int
    new: bool
    email: str
    customer_id: str
    kind: TouchKind
    at: datetime
    text: str
    by: str = ""

    def as_json(self) -> dict[str, object]:
        """The object `log --json` prints."""
        return {
            "touch": self.touch,
            "new": self.new,
            "customer_id": self.customer_id,
            "email": self.email,
            "kind": str(self.kind),
            "at": self.at.isoformat(),
            "by": self.by or None,
            "text": self.text,
        }
