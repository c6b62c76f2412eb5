"""A provider in process that follows a script: for tests of what happens around a provider."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.errors import BatchRefused, NotSent, ProviderError
from engine.model.letter import Batch, Outcome, Verdict
from engine.providers.base import Idempotency, Limits
from engine.providers.mime_wire import MimeWire


@dataclass
class Scripted:
    """Accepts everything, but first raises or answers what `script` says, one entry per call.

    `received`: reference and bytes of each message accepted, in order. `poison`: recipients for whom the whole
    batch is refused. `dead`: recipients refused alone. With `idempotent` a key seen before is accepted again
    without being received twice.
    """

    name: str = "scripted"
    script: list[ProviderError | list[Outcome]] = field(default_factory=list)
    poison: frozenset[str] = frozenset()
    dead: frozenset[str] = frozenset()
    messages: int = 100
    idempotent: bool = False
    reachable: bool = True
    received: list[tuple[str, bytes]] = field(default_factory=list)
    calls: list[list[str]] = field(default_factory=list)
    seen: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.merge_wire = None
        self.wire = MimeWire(utf8_addresses=True)
        key = Idempotency(lifetime=86400.0, longest_key=256) if self.idempotent else None
        self.limits = Limits(messages=self.messages, bytes=10_000_000, idempotency=key)

    async def open(self) -> None:
        """Nothing to open."""
        if not self.reachable:
            raise NotSent("nobody is there")

    async def send(self, batch: Batch) -> list[Outcome]:
        """One call, as the script says."""
        if not len(batch):
            return []
        self.calls.append(list(batch.references))
        step = self.script.pop(0) if self.script else None
        if isinstance(step, ProviderError):
            raise step
        if step is not None:
            return step
        if self.poison & set(batch.recipients):
            raise BatchRefused("one of them is poison")
        return [
            self.take(*entry)
            for entry in zip(batch.recipients, batch.references, batch.keys, batch.messages(), strict=True)
        ]

    def take(self, recipient: str, reference: str, key: str, message: bytes) -> Outcome:
        """One message."""
        if recipient in self.dead:
            return Outcome(Verdict.REFUSED, detail="no such mailbox", suppress=True)
        if not (self.idempotent and key in self.seen):
            self.received.append((reference, message))
            self.seen[key] = f"scripted-{len(self.received)}"
        return Outcome(Verdict.ACCEPTED, provider_id=self.seen[key])

    async def close(self) -> None:
        """Nothing to close."""
