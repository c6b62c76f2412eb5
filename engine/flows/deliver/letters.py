"""What delivering asks of whoever makes the letters, and a batch with some letters taken out again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from engine.model.letter import Batch
from engine.store.ledger.queue import Claim, Claimed


@dataclass(slots=True)
class Filled:
    """A claimed batch as letters. `letters[i]` (delivery, slots, key) is message i of `batch`.

    `stopped`: deliveries whose letter cannot be made, with reason and detail.
    """

    batch: Batch = field(default_factory=Batch)
    letters: list[tuple[Claimed, bytes, str]] = field(default_factory=list)
    stopped: list[tuple[int, str, str]] = field(default_factory=list)


class Letters(Protocol):
    """Makes the letters of a run for one way out."""

    def is_ready(self, variant: int) -> bool:
        """Whether `size` and `fill` need nothing compiled for this variant."""

    def size(self, variant: int) -> int:
        """How many people one call may write to with this variant: more where the provider merges it."""

    def fill(self, claim: Claim) -> Filled:
        """The claimed deliveries as one batch in the provider's format, in the order of their numbers."""


def without(filled: Filled, deliveries: Collection[int]) -> Filled:
    """The same batch without the letters of these deliveries."""
    batch, kept = Batch(frame=filled.batch.frame), []
    start = 0
    for place, end in enumerate(filled.batch.ends):
        if filled.letters[place][0].delivery not in deliveries:
            batch.parts.extend(filled.batch.parts[start:end])
            batch.ends.append(len(batch.parts))
            for name in ("references", "keys", "recipients", "senders"):
                getattr(batch, name).append(getattr(filled.batch, name)[place])
            kept.append(filled.letters[place])
        start = end
    return Filled(batch, kept, filled.stopped)


class Archive(Protocol):
    """Makes letters of one way out again, from what was stored when they were sent."""

    def again(self, variant: int, letters: Sequence[tuple[bytes, str]]) -> Batch:
        """The very batch that was sent. `letters`: the stored slots and key of each, in their order."""

    def whom(self, slots: bytes) -> tuple[str, str]:
        """Our reference of a letter, and the address it went to."""
