"""Wiring for a run's letters: each variant's filler for one way out, merged by the provider where it can."""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING

from engine.app.desk import Desk
from engine.errors import LetterError, UnsupportedFeature
from engine.flows.compose.composer import Composer
from engine.flows.compose.persons import Persons
from engine.flows.deliver.letters import Filled
from engine.model.words import Reason
from engine.providers.base import Limits
from engine.store import persons, variants
from engine.store.ledger.queue import Claim
from engine.templating.filler.filler import Filler
from engine.templating.filler.packing import pack
from engine.templating.program import Program
from engine.templating.storing import load

if TYPE_CHECKING:
    from engine.providers.base import Provider

KEPT_FILLERS = 64
ROOM_FOR_HEADERS = 4000
"""Bytes of a whole letter beside its two bodies; generous, and a call that is too large is halved anyway."""

DELIVERY = itemgetter(0)


@dataclass(frozen=True, slots=True)
class Ready:
    """A variant ready to be filled. `size`: how many people fit into one call."""

    filler: Filler
    person_of: Persons
    size: int


class RunLetters:
    """Makes the letters of one run for one way out; fillers are kept while their variants are being sent."""

    def __init__(self, desk: Desk, maker: Composer, provider: Provider, offer: str) -> None:
        self.desk = desk
        self.maker = maker
        self.provider = provider
        self.offer = offer
        self.ready: dict[int, Ready] = {}

    def size(self, variant: int) -> int:
        """How many people one call may write to with this variant."""
        return self.variant(variant).size

    def variant(self, number: int) -> Ready:
        """The variant's filler, compiled at the first need from its stored program."""
        found = self.ready.get(number)
        if found is None:
            with self.desk.database.read() as connection:
                stored = variants.get(connection, number)
            assert stored is not None
            found = self.compiled(load(stored.program), len(stored.program))
            if len(self.ready) >= KEPT_FILLERS:
                self.ready.pop(next(iter(self.ready)))
            self.ready[number] = found
        return found

    def compiled(self, program: Program, size: int) -> Ready:
        """In the provider's merge format where it has one that loses nothing of this letter, else letter by letter."""
        limits, merging = self.provider.limits, self.provider.merge_wire
        if merging is not None and limits.merged:
            try:
                filler, person_of = self.maker.filler(program, merging)
            except (UnsupportedFeature, LetterError):
                pass
            else:
                return Ready(filler, person_of, limits.merged)
        filler, person_of = self.maker.filler(program, self.provider.wire)
        return Ready(filler, person_of, whole_letters(limits, size))

    def fill(self, claim: Claim) -> Filled:
        """The claimed deliveries as one batch in the provider's format, in the order of their numbers."""
        ready = self.variant(claim.variant)
        try:
            return self.filled(ready.filler, ready.person_of, claim)
        except UnsupportedFeature:
            if not ready.filler.merges:
                raise
        # Somebody's values cannot be merged without loss: the letters of this call go out whole, all of them.
        return self.filled(*self.maker.filler(ready.filler.program, self.provider.wire), claim)

    def filled(self, filler: Filler, person_of: Persons, claim: Claim) -> Filled:
        """The batch that this filler makes."""
        deliveries = [row.delivery for row in claim.rows]
        with self.desk.database.read() as connection:
            rows = persons.read(connection, person_of.wanted, self.offer, deliveries)
        # The order is part of a call: it can be made again only in the same one.
        rows.sort(key=DELIVERY)
        claimed = {row[0]: row for row in claim.rows}
        filled = Filled()
        batch, letters, reference = filled.batch, filled.letters, self.maker.reference
        slots_of, append = filler.slots, filler.append
        for row in rows:
            item = claimed.pop(row[0])
            key = f"{reference(row[0])}.{item.attempt}"
            try:
                slots = slots_of(person_of(row))
                append(batch, slots, key)
            except LetterError as error:
                filled.stopped.append((item.delivery, error.reason, error.message))
                continue
            letters.append((item, pack(slots), key))
        filled.stopped += [(gone, Reason.LEFT_AUDIENCE, "") for gone in claimed]
        return filled


def whole_letters(limits: Limits, program: int) -> int:
    """How many whole letters fit into one call. `program`: the bytes of the stored variant."""
    return max(1, min(limits.messages, int(limits.bytes // (program * 1.5 + ROOM_FOR_HEADERS))))
