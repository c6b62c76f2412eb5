"""Wiring for a run's letters: each variant's filler for one way out, merged by the provider where it can."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, TypeVar

from engine.app.desk import Desk
from engine.errors import LetterError, UnsupportedFeature
from engine.flows.compose.composer import Composer
from engine.flows.compose.persons import Person, Persons
from engine.flows.deliver.letters import Filled
from engine.model.letter import Batch
from engine.model.words import Reason
from engine.providers.base import Limits
from engine.store import persons, variants
from engine.store.ledger.queue import Claim, Claimed
from engine.templating.environment import make_environment
from engine.templating.filler.filler import Filler
from engine.templating.filler.letters import ADDRESS, REFERENCE
from engine.templating.filler.packing import pack, unpack
from engine.templating.program import Program
from engine.templating.storing import load

if TYPE_CHECKING:
    from engine.providers.base import Provider, Wire

KEPT_FILLERS = 64
ROOM_FOR_HEADERS = 4000
"""Bytes of a whole letter beside its two bodies; generous, and a call that is too large is halved anyway."""

AT_ONCE = 50
"""Letters filled together: so few that what they are made of stays in the processor's own memory meanwhile."""

DELIVERY = itemgetter(0)
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Ready:
    """A variant ready to be filled. `size`: how many people fit into one call."""

    filler: Filler
    people_of: Persons
    size: int


class RunLetters:
    """Makes the letters of one run for one way out; fillers are kept while their variants are being sent."""

    def __init__(self, desk: Desk, maker: Composer, provider: Provider, offer: str) -> None:
        self.desk = desk
        self.maker = maker
        self.provider = provider
        self.offer = offer
        self.ready: dict[int, Ready] = {}

    def is_ready(self, variant: int) -> bool:
        """Whether this variant's filler is there."""
        return variant in self.ready

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
        (filler, people_of), merged = merged_or_whole(
            self.provider, lambda wire: self.maker.filler(program, wire)
        )
        limits = self.provider.limits
        return Ready(filler, people_of, limits.merged if merged else whole_letters(limits, size))

    def fill(self, claim: Claim) -> Filled:
        """The claimed deliveries as one batch in the provider's format, in the order of their numbers."""
        ready = self.variant(claim.variant)
        try:
            return self.filled(ready.filler, ready.people_of, claim)
        except UnsupportedFeature:
            if not ready.filler.merges:
                raise
        # Somebody's values cannot be merged without loss: the letters of this call go out whole, all of them.
        return self.filled(*self.maker.filler(ready.filler.program, self.provider.wire), claim)

    def filled(self, filler: Filler, people_of: Persons, claim: Claim) -> Filled:
        """The batch that this filler makes."""
        deliveries = [row.delivery for row in claim.rows]
        with self.desk.database.read() as connection:
            rows = persons.read(connection, people_of.wanted, self.offer, deliveries)
        # The order is part of a call: it can be made again only in the same one.
        rows.sort(key=DELIVERY)
        claimed = {row[0]: row for row in claim.rows}
        filled = Filled()
        for first in range(0, len(rows), AT_ONCE):
            some = rows[first : first + AT_ONCE]
            self.add(filled, filler, [claimed.pop(row[0]) for row in some], people_of(some))
        filled.stopped += [(gone, Reason.LEFT_AUDIENCE, "") for gone in claimed]
        return filled

    def add(self, filled: Filled, filler: Filler, items: Sequence[Claimed], people: Sequence[Person]) -> None:
        """Some letters more; together where that goes well, else each alone, to find those that cannot be made."""
        try:
            letters = [filler.slots(person) for person in people]
            keys = [f"{slots[REFERENCE]}.{item.attempt}" for slots, item in zip(letters, items, strict=True)]
            filler.append_all(filled.batch, letters, keys)
        except LetterError as error:
            if len(items) == 1:
                filled.stopped.append((items[0].delivery, error.reason, error.message))
                return
            for item, person in zip(items, people, strict=True):
                self.add(filled, filler, [item], [person])
            return
        filled.letters += zip(items, map(pack, letters), keys, strict=True)


def whole_letters(limits: Limits, program: int) -> int:
    """How many whole letters fit into one call. `program`: the bytes of the stored variant."""
    return max(1, min(limits.messages, int(limits.bytes // (program * 1.5 + ROOM_FOR_HEADERS))))


def merged_or_whole(provider: Provider, make: Callable[[Wire], Made]) -> tuple[Made, bool]:
    """What `make` makes for the provider's merge format, and True; for whole letters where that would lose anything."""
    if provider.merge_wire is not None and provider.limits.merged:
        with contextlib.suppress(UnsupportedFeature, LetterError):
            return make(provider.merge_wire), True
    return make(provider.wire), False


class StoredLetters:
    """Makes letters of one way out again, from their stored variants and slots; see engine.flows.deliver.letters."""

    def __init__(self, desk: Desk, provider: Provider) -> None:
        self.desk = desk
        self.provider = provider
        self.environment = make_environment(desk.root / "templates")
        self.fillers: dict[int, Filler] = {}

    def again(self, variant: int, letters: Sequence[tuple[bytes, str]]) -> Batch:
        """The very batch that was sent: merged, or whole where somebody's values could not be merged."""
        filler = self.filler(variant)
        try:
            return filled_again(filler, letters)
        except UnsupportedFeature:
            if not filler.merges:
                raise
        return filled_again(Filler(filler.program, self.provider.wire, self.environment), letters)

    def whom(self, slots: bytes) -> tuple[str, str]:
        """Our reference of a letter, and the address it went to."""
        values = unpack(slots)
        return str(values[REFERENCE]), str(values[ADDRESS])

    def filler(self, variant: int) -> Filler:
        """The variant's filler, compiled at the first need from its stored program."""
        if variant not in self.fillers:
            with self.desk.database.read() as connection:
                stored = variants.get(connection, variant)
            assert stored is not None
            program = load(stored.program)
            self.fillers[variant], _ = merged_or_whole(
                self.provider, lambda wire: Filler(program, wire, self.environment)
            )
        return self.fillers[variant]


def filled_again(filler: Filler, letters: Sequence[tuple[bytes, str]]) -> Batch:
    """The batch that this filler makes of stored slots and keys."""
    batch = Batch()
    for slots, key in letters:
        filler.append(batch, unpack(slots), key)
    return batch
