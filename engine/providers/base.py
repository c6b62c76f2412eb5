"""The one protocol every way out speaks: declare limits, encode a letter, send a batch, settle each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from engine.model.heard import Heard, Post
from engine.model.letter import Batch, Frame, Letter, Outcome

TOKEN = re.compile(r"zq[a-p]{0,8}[0-9]{4,8}qz(?:[0-9a-f]{1,40}qz)?")
"""The ASCII-alphanumeric marks that stand where a letter's personal values will go.

No q or z between their ends, so that two side by side are never taken for one.
"""


@dataclass(frozen=True, slots=True)
class Idempotency:
    """The provider repeats no send whose key it has seen. `lifetime`: seconds a key is remembered."""

    lifetime: float
    longest_key: int


@dataclass(frozen=True, slots=True)
class Lookup:
    """The provider can be asked about a send by our own id. `lag`, `retention`: seconds."""

    lag: float
    retention: float


@dataclass(frozen=True, slots=True)
class Limits:
    """What one `send` may carry, from the provider's documentation.

    `messages`: whole letters. `merged`: people who share one letter in the provider's merge format; 0 where it
    has none. `bytes`: the body's size. `idempotency`, `lookup`: None where the provider has no such thing.
    `refused_headers`: names in lower case; a letter that sets one is UnsupportedFeature. `replaced_headers`: the
    provider writes these itself, whatever a letter says; ours are not sent. Everything else arrives as written.
    """

    messages: int
    bytes: int
    merged: int = 0
    per_second: float | None = None
    idempotency: Idempotency | None = None
    lookup: Lookup | None = None
    refused_headers: frozenset[str] = frozenset()
    replaced_headers: frozenset[str] = frozenset()


class Wire(Protocol):
    """How one letter looks in the provider's format.

    The letter's texts may hold ASCII-alphanumeric tokens; `encode` must leave each token in one piece, so
    that the encoded bytes can be cut at the tokens once and filled per person with `escape`d values.
    """

    def frame(self, letter: Letter) -> Frame:
        """What goes around the messages of a call; for most formats the same whatever the letter."""

    def encode(self, letter: Letter) -> bytes:
        """One message as bytes, without separators. Raises UnsupportedFeature or LetterError."""

    def escape(self, place: str, value: str) -> bytes:
        """One value as it must stand where `encode` left a token.

        `place`: "html" or "text" (inside the body, value already HTML-escaped where needed), "reference", or
        the name of a header or address field ("Subject", "To", "From", "Reply-To", "Message-ID",
        "List-Unsubscribe", …), where the token stands for the *whole* value. An address is written
        `name <local@domain>` or `local@domain`, the name as plain text without quoting
        (`mailboxes.mailbox_value`); its token is the Mailbox("", token). Only in headers that are ASCII by
        nature (Message-ID, List-…) may a token also stand inside the value. Raises LetterError for line
        breaks or control characters in a header.
        """


class Provider(Protocol):
    """An email API, SMTP, or the outbox folder.

    `wire`: whole letters. `merge_wire`: one letter for many people, whose `frame` holds the letter with the
    provider's own marks where tokens stood and whose messages are one person's values; None where
    `limits.merged` is 0. It raises UnsupportedFeature for a letter that cannot be merged without loss; the
    letter then goes out whole. A batch says by `frame.merged` which of the two it is.
    """

    name: str
    limits: Limits
    wire: Wire
    merge_wire: Wire | None

    async def open(self) -> None:
        """Connect or prepare; raises NotSent or AccountFault when that is impossible."""

    async def send(self, batch: Batch) -> list[Outcome]:
        """One call. One outcome per message, in order.

        Raises NotSent (nothing left), AccountFault (stop the run), BatchRefused (nothing taken; send halves)
        or Unknown (may have left). `isolate.send_isolating` turns all of them into outcomes.
        """

    async def close(self) -> None:
        """Let go of connections."""


@dataclass(frozen=True, slots=True)
class Sought:
    """A send whose fate is not known. `submitted`: when it may have left."""

    reference: str
    address: str
    submitted: datetime


@runtime_checkable
class LooksUp(Protocol):
    """A provider that can be asked about a send by our own id; `limits.lookup` says how soon and how long."""

    async def look_up(self, sought: Sequence[Sought]) -> Mapping[str, str]:
        """The references that the provider knows, each with the provider's own id.

        Raises ProviderError when the search failed. What is missing in the answer may only be believed when
        a send that is known to have arrived was sought along with it and found.
        """


@dataclass(frozen=True, slots=True)
class Account:
    """What a provider says of our account. `words`: which it is. `trouble`: why its letters would not arrive."""

    words: str
    trouble: str = ""


@runtime_checkable
class Probes(Protocol):
    """A provider that can be asked about our account, by a question that changes nothing."""

    async def probe(self) -> Account:
        """What it says. AccountFault: it does not know us, or refuses us. NotSent: it could not be asked."""


@runtime_checkable
class Vouches(Protocol):
    """A provider that says which addresses may send, by questions that change nothing."""

    async def vouch(self, addresses: Sequence[str]) -> Mapping[str, bool]:
        """Which of these may stand in From, and which certainly may not; what it cannot tell is missing.

        Raises ProviderError where it could not be asked, or does not say: then nothing is known.
        """


@runtime_checkable
class Hears(Protocol):
    """A provider that tells what became of letters by calling us."""

    async def hear(self, post: Post, now: datetime) -> list[Heard]:
        """What one call of the provider says, after its proof was checked over the raw bytes.

        Raises WebhookRefused: 403 without a configured key, 401 for a wrong or old proof, 400 for a body that
        is proven but not readable, 503 where the proof could not be had now. Events of no interest are left
        out; an empty list is a fine answer.
        """


class Spends(Protocol):
    """Remembers proofs that do not cover the news they come with, so that each can serve for one alone."""

    def __call__(self, proof: str, event: str, now: datetime) -> bool:
        """Whether the proof came with no other event so far; from now on it is this event's."""


@runtime_checkable
class SpendsProofs(Protocol):
    """A provider whose proofs must be remembered; where several processes listen, by all of them together."""

    spends: Spends


class ProviderType(Protocol):
    """A provider's factory: its settings as written in `config/project.yaml`, checked by the schema."""

    def __call__(self, name: str, options: Mapping[str, object]) -> Provider: ...
