"""The provider as the world outside knows it: its log says what really left, whatever any ledger believes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from engine.errors import AccountFault, BatchRefused, NotSent, Unknown
from engine.model.letter import Batch, Outcome, Verdict
from engine.providers.base import Idempotency, Limits, Lookup, Sought
from engine.providers.call_key import call_key
from engine.providers.mime_wire import MimeWire
from tests.simulator.knobs import Knobs


@dataclass
class Outside:
    """One email API. `taken`: every message it ever took, with the second; a reference twice is a double letter.

    `answers`: what it answered to a call, by the call's key, with the second of the first. `healthy`: no more faults.
    """

    name: str
    knobs: Knobs
    chance: random.Random
    tick: Callable[[], float]
    tell: Callable[[str], None]
    taken: list[tuple[str, float]] = field(default_factory=list)
    answers: dict[str, tuple[float, list[Outcome]]] = field(default_factory=dict)
    healthy: bool = False
    account: bool = True

    def references(self) -> list[str]:
        """Our ids of what it took, in order."""
        return [reference for reference, _ in self.taken]

    def fate(self) -> str:
        """What becomes of the next call."""
        if self.healthy:
            return "plain"
        number = self.chance.random()
        for name, share in self.knobs.calls.items():
            number -= share
            if number < 0:
                return name
        return "plain"

    def take(self, batch: Batch, refused: Mapping[int, Outcome]) -> list[Outcome]:
        """Takes a batch now; a call whose key is remembered is answered again and takes nothing."""
        key = call_key(batch)
        known = self.answers.get(key)
        if (
            self.knobs.evidence == "key"
            and known is not None
            and self.tick() - known[0] < self.knobs.key_lifetime
        ):
            self.tell(f"{self.name} answers call {key[:6]} again")
            return known[1]
        outcomes = []
        for place, reference in enumerate(batch.references):
            if place in refused:
                outcomes.append(refused[place])
                continue
            self.taken.append((reference, self.tick()))
            outcomes.append(Outcome(Verdict.ACCEPTED, provider_id=f"{self.name}-{len(self.taken)}"))
        self.answers[key] = (self.tick(), outcomes)
        self.tell(f"{self.name} takes {', '.join(batch.references)}")
        return outcomes


class Connection:
    """One connection to it, as the sender knows providers; `LooksUp` where it can be searched."""

    def __init__(self, outside: Outside) -> None:
        self.outside = outside
        self.name = outside.name
        self.wire = MimeWire(utf8_addresses=True)
        self.merge_wire = None
        knobs = outside.knobs
        key = Idempotency(knobs.key_lifetime, 64) if knobs.evidence == "key" else None
        search = Lookup(knobs.lag, 30 * 86400.0) if knobs.evidence == "search" else None
        self.limits = Limits(knobs.batch, 10**6, per_second=knobs.limit, idempotency=key, lookup=search)

    async def open(self) -> None:
        """Prepare; sometimes nobody is there."""
        if not self.outside.healthy and self.outside.chance.random() < self.outside.knobs.calls["down"]:
            raise NotSent("nobody is there")

    async def close(self) -> None:
        """Nothing to let go of."""

    async def send(self, batch: Batch) -> list[Outcome]:
        """One call."""
        outside, chance = self.outside, self.outside.chance
        fate = outside.fate() if outside.account or outside.healthy else "account"
        if fate != "plain":
            outside.tell(f"{self.name}: {fate} for {', '.join(batch.references)}")
        match fate:
            case "busy":
                raise NotSent("429", retry_after=chance.choice([None, 0.0, 1.0, 30.0, 999999.0]))
            case "down":
                raise NotSent("503: down for maintenance")
            case "account":
                outside.account = chance.random() < 0.5
                raise AccountFault("the account is out of credit")
            case "poison" if len(batch) > 1:
                raise BatchRefused("something in it")
            case "never":
                await asyncio.sleep(chance.uniform(0, 60))
                raise Unknown("cut off before it arrived")
            case "late":
                # It arrives when nobody waits any more, but before the provider's own lag has passed.
                delay = chance.uniform(0, self.outside.knobs.lag)
                asyncio.get_running_loop().call_later(delay, outside.take, batch, {})
                raise Unknown("no answer in time")
            case "slow":
                await asyncio.sleep(chance.uniform(0, 50))
        wrong = self.turned_down(batch, fate) if fate in ("refused", "partial", "muddled") else {}
        outcomes = outside.take(batch, wrong)
        if fate == "muddled":
            outcomes = [each if chance.random() < 0.5 else Outcome(Verdict.UNKNOWN) for each in outcomes]
        if fate == "lost":
            await asyncio.sleep(chance.uniform(0, 60))
            raise Unknown("the answer was lost")
        await asyncio.sleep(chance.uniform(0, 0.2))
        return outcomes

    def turned_down(self, batch: Batch, fate: str) -> dict[int, Outcome]:
        """Some letters of the batch are refused, or to be tried again."""
        chance = self.outside.chance
        verdict = Verdict.REFUSED if fate == "refused" else Verdict.RETRY
        places = [place for place in range(len(batch)) if chance.random() < 0.5]
        return {
            place: Outcome(verdict, detail="turned down", suppress=chance.random() < 0.3) for place in places
        }


class Searchable(Connection):
    """One that can be asked by our own id."""

    async def look_up(self, sought: Sequence[Sought]) -> Mapping[str, str]:
        """What has been in its index for as long as its lag; or nothing at all, when the search is broken."""
        outside = self.outside
        if not outside.healthy and outside.chance.random() < outside.knobs.search_fails:
            outside.tell(f"{self.name}: the search is broken")
            if outside.chance.random() < 0.5:
                raise NotSent("the search is down")
            return {}
        await asyncio.sleep(outside.chance.uniform(0, 2))
        known = {reference for reference, at in outside.taken if at + outside.knobs.lag <= outside.tick()}
        return {each.reference: f"found-{each.reference}" for each in sought if each.reference in known}


def connect(outside: Outside) -> Connection:
    """A connection of the right kind."""
    return Searchable(outside) if outside.knobs.evidence == "search" else Connection(outside)
