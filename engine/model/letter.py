"""A letter: one finished, personal message, and what a batch of them becomes on its way out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A display name and an address."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Letter:
    """Everything one message says, before any wire format.

    `headers`: extra headers (List-Unsubscribe, List-ID …) as name and unfolded value.
    `reference`: our opaque id of the delivery, the only thing about the person a provider's metadata carries.
    `date`: RFC 5322 date text.
    """

    sender: Mailbox
    reply_to: Mailbox | None
    to: Mailbox
    subject: str
    html: str
    text: str
    message_id: str
    date: str
    reference: str
    campaign: str
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands before, between and after the messages of one call's body.

    `merged`: the opening holds the letter, once for everybody, and each message is one person's own values.
    """

    opening: bytes = b""
    between: bytes = b""
    closing: bytes = b""
    merged: bool = False


@dataclass(slots=True)
class Batch:
    """Encoded letters of one variant, ready for one call.

    `parts` is one flat list of byte strings; message i is parts[ends[i-1]:ends[i]] (ends[-1] read as 0).
    Separators of the wire format are not in `parts`: `frame` has them.
    `references[i]` is the delivery's opaque id, `keys[i]` its stored idempotency key,
    `recipients[i]` and `senders[i]` the bare addresses (SMTP's envelope needs them).
    """

    parts: list[bytes] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    frame: Frame = Frame()

    def __len__(self) -> int:
        return len(self.ends)

    def messages(self) -> Iterator[bytes]:
        """Each message's bytes, in order."""
        start = 0
        for end in self.ends:
            yield b"".join(self.parts[start:end])
            start = end

    def joined(self) -> bytes:
        """The whole body: one join over the flat list."""
        between = self.frame.between
        pieces = [self.frame.opening]
        start = 0
        for end in self.ends:
            if start:
                pieces.append(between)
            pieces.extend(self.parts[start:end])
            start = end
        pieces.append(self.frame.closing)
        return b"".join(pieces)

    def slice(self, first: int, last: int) -> Batch:
        """The messages first..last-1 as a batch of their own (used to isolate one bad recipient)."""
        begin = self.ends[first - 1] if first else 0
        stop = self.ends[last - 1]
        return Batch(
            parts=self.parts[begin:stop],
            ends=[end - begin for end in self.ends[first:last]],
            references=self.references[first:last],
            keys=self.keys[first:last],
            recipients=self.recipients[first:last],
            senders=self.senders[first:last],
            frame=self.frame,
        )


class Verdict:
    """What became of one message in a call, as the words the ledger stores."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    RETRY = "retry"
    UNKNOWN = "unknown"


class Outcome(NamedTuple):
    """One message's fate. `verdict` is a word of Verdict; `provider_id` as text; `detail` for a person to read.

    `suppress` is true when the provider says this very address is dead or blocked. `closed`: its mailbox is closed
    at present; it is given up when that is said again a week or more later.
    """

    verdict: str
    provider_id: str = ""
    detail: str = ""
    suppress: bool = False
    closed: bool = False


Outcomes = Sequence[Outcome]
