"""The rules of contact at the moment of sending: asked in the transaction that writes that the letters leave."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from engine.audience.by_owner import owners_of
from engine.audience.clocks import known_zone
from engine.audience.owning import Owning
from engine.audience.rulebook import Rulebook
from engine.audience.stages import stages_of
from engine.audience.standing import Standing, is_ranked, standing
from engine.model.contact import Label, Touch
from engine.model.words import Reason
from engine.policy.deciding import Facts, Verdict, decide, end_of_day, looks_back
from engine.policy.instead import FOR_OWNERS, due_by
from engine.policy.rules import Rules
from engine.store import touches, touches_by_people
from engine.store.ledger.gate import Stop
from engine.store.types import from_microseconds, to_microseconds

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True)
class ContactGate:
    """Decides for a batch at a time, one person after the other, on what has left up to this very moment.

    `excluded`: the campaign's own, each with its place. `rulebook_at`: what segments are read with at a moment.
    `since`: from when on a letter has patience; None counts from the moment of asking. `owning`: whose task a letter
    becomes that is kept back, where the rules say so.
    """

    rules: Rules
    excluded: Mapping[str, str]
    rulebook_at: Callable[[datetime], Rulebook]
    project: ZoneInfo
    since: datetime | None = None
    owning: Owning | None = None

    def __call__(self, connection: Connection, customers: Sequence[int], now: datetime) -> dict[int, Stop]:
        """Who of them must not get the letter now."""
        rules = self.rules
        if rules.counting:
            touches.take_turn(connection)
        rulebook = self.rulebook_at(now)
        asked = [name for name in self._segments if not is_ranked(rulebook, name)]
        field = rules.cadence.by if rules.cadence is not None else ""
        people = standing(connection, rulebook, customers, field, asked)
        zones = {person.customer: known_zone(person.time_zone, self.project) for person in people}
        past = self._past(connection, customers, set(zones.values()), now)
        stages = stages_of(connection, rulebook, rules.sunset if rules.slower else None, customers)
        waiting = self._waiting(connection, customers, zones, now)
        stops = dict(self._stops(people, zones, past, waiting, stages, now))
        if rules.instead:
            stops.update(self._for_owners(connection, rulebook, stops, now))
        return stops

    def _for_owners(
        self, connection: Connection, rulebook: Rulebook, stops: Mapping[int, Stop], now: datetime
    ) -> dict[int, Stop]:
        """Tasks for owners where the rules keep a letter back for good."""
        due_at, title = due_by(now, self.project), self.rules.instead
        kept = [who for who, stop in stops.items() if stop.reason in FOR_OWNERS and stop.until is None]
        owners = owners_of(connection, rulebook, self.owning, kept) if kept else {}
        return {
            who: Stop(Reason.OWNER_TASK, stops[who].detail, task=title, owner=owner, due_at=due_at)
            for who, owner in owners.items()
        }

    @property
    def _segments(self) -> list[str]:
        return list(dict.fromkeys([*self.excluded, *(hold.segment for hold in self.rules.holds)]))

    def _stops(
        self,
        people: Sequence[Standing],
        zones: Mapping[int, ZoneInfo],
        past: Mapping[int, list[Touch]],
        waiting: Mapping[int, list[Label]],
        stages: Mapping[int, str],
        now: datetime,
    ) -> Iterator[tuple[int, Stop]]:
        for person in people:
            excluded = next((name for name in person.segments if name in self.excluded), None)
            if excluded is not None:
                words = f"{self.excluded[excluded]}: in {excluded} since the letter was planned"
                yield person.customer, Stop(Reason.EXCLUDED, words)
                continue
            facts = Facts(
                zones[person.customer],
                self.project,
                past.get(person.customer, ()),
                waiting.get(person.customer, ()),
                person.value,
                [hold for hold in self.rules.holds if hold.segment in person.segments],
                stages.get(person.customer, ""),
            )
            found = decide(self.rules, facts, now, self.since)
            if found.verdict is not Verdict.GO and found.reason is not None:
                until = found.until if found.verdict is Verdict.WAIT else None
                yield person.customer, Stop(found.reason, found.detail, until)

    def _past(
        self, connection: Connection, customers: Sequence[int], zones: set[ZoneInfo], now: datetime
    ) -> dict[int, list[Touch]]:
        """Each person's touches that can matter: those since a moment, and where the balance asks, the last ones."""
        if not self.rules.counting:
            return {}
        since, last = looks_back(self.rules, zones, now), self.rules.last
        labels = touches.recent_runs(connection, None if last else since)
        rows: dict[int, list[tuple[int, Label]]] = {}
        for customer, at, run in touches.of_customers(connection, customers, list(labels)):
            rows.setdefault(customer, []).append((at, labels[run]))
        kinds = self.rules.counted_kinds
        if kinds:
            for touch in touches_by_people.of_customers(connection, customers, None if last else since):
                if touch.kind in kinds:
                    found = (to_microseconds(touch.at), self.rules.people.label(touch.kind))
                    rows.setdefault(touch.customer, []).append(found)
        edge = to_microseconds(since)
        return {customer: _relevant(found, edge, last) for customer, found in rows.items()}

    def _waiting(
        self, connection: Connection, customers: Sequence[int], zones: Mapping[int, ZoneInfo], now: datetime
    ) -> dict[int, list[Label]]:
        found: dict[int, list[Label]] = {}
        labels = touches.unfinished_runs(connection, self.rules.ahead) if self.rules.ahead else {}
        ends = {zone: end_of_day(now, zone) for zone in set(zones.values())}
        for customer, due, run in touches.waiting_for(connection, customers, list(labels)):
            if due is None or due < ends[zones[customer]]:
                found.setdefault(customer, []).append(labels[run])
        return found


def _relevant(rows: list[tuple[int, Label]], since: int, last: int) -> list[Touch]:
    """The touches since that moment, and the last counting ones with all of the same moment as the earliest of them."""
    counting = sorted((at for at, label in rows if label.counts), reverse=True) if last else []
    edge = min([since, *counting[last - 1 : last]]) if len(counting) >= last else 0
    return [Touch(from_microseconds(at), label) for at, label in rows if at >= edge]
