"""The one protocol every way out speaks: declare limits, encode a letter, send a batch, settle each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from engine.model.letter import Batch, Letter, Outcome

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
    """What one call may carry, from the provider's documentation."""

    messages: int
    bytes: int
    per_second: float | None = None
    idempotency: Idempotency | None = None
    lookup: Lookup | None = None
    merge: bool = False
    refused_headers: frozenset[str] = frozenset()


class Wire(Protocol):
    """How one letter looks in the provider's format.

    The letter's texts may hold ASCII-alphanumeric tokens; `encode` must leave each token in one piece, so
    that the encoded bytes can be cut at the tokens once and filled per person with `escape`d values.
    """

    opening: bytes
    between: bytes
    closing: bytes

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
    """An email API, SMTP, or the outbox folder."""

    name: str
    limits: Limits
    wire: Wire

    async def open(self) -> None:
        """Connect or prepare; raises NotSent or AccountFault when that is impossible."""

    async def send(self, batch: Batch) -> list[Outcome]:
        """One call. One outcome per message, in order.

        Raises NotSent (nothing left), AccountFault (stop the run), BatchRefused (nothing taken; send halves)
        or Unknown (may have left). `isolate.send_isolating` turns all of them into outcomes.
        """

    async def close(self) -> None:
        """Let go of connections."""


class ProviderType(Protocol):
    """A provider's factory: its settings as written in `config/project.yaml`, checked by the schema."""

    def __call__(self, name: str, options: Mapping[str, object]) -> Provider: ...
