"""The rules of contact in SQL: what keeps each person's letter back, for all people at once.

The same rules stand in engine.policy.deciding for one person; the tests hold the two against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    select,
    true,
    type_coerce,
    union_all,
)
from sqlalchemy.sql.selectable import Subquery

from engine.audience.balance import unbalanced
from engine.audience.clocks import Clocks, Joins, Times, Wanted
from engine.audience.conditions import People
from engine.audience.past import by_people_since, latest, letters_since, waiting_before
from engine.audience.rulebook import Rulebook
from engine.audience.segments import segment_select
from engine.audience.stages import in_stages, standing_stages
from engine.model.contact import Label
from engine.model.words import Reason
from engine.policy import deciding
from engine.policy.rules import Cap, Rules
from engine.policy.windows import last_period, starts
from engine.store.types import from_microseconds

Past = Callable[[datetime | None], Mapping[int, Label]]
"""The runs of which letters may have left since a moment (None: ever), by number."""


@dataclass(frozen=True)
class Contact:
    """What the rules of a campaign are asked with.

    Attributes:
        due: when the letter is due for people of a zone, before quiet hours move it.
        waiting: unfinished runs of the campaigns ahead.
        coming: who is about to get a letter of a campaign ahead that is due the same day and not planned yet.
        only: the row number of the one customer to decide about; None decides about everybody.
    """

    rules: Rules
    clocks: Clocks
    due: Callable[[ZoneInfo], datetime]
    past: Past
    waiting: Mapping[int, Label] = field(default_factory=dict)
    coming: Sequence[tuple[Label, Select[Any]]] = ()
    only: int | None = None

    def leaves(self, zone: ZoneInfo) -> datetime:
        """When the letter may leave for people of a zone: due, and outside quiet hours."""
        return deciding.leaves(self.rules, zone, self.clocks.project, self.due(zone))

    def day_after(self, zone: ZoneInfo) -> datetime:
        """The end of the day on which the letter leaves there."""
        return deciding.end_of_day(self.leaves(zone), zone)


@dataclass(frozen=True, slots=True)
class Bar:
    """One way in which a rule objects. `detail`: the rule's place and words, as the ledger keeps them.

    `waits`: the objection ends some day and the letter waits for that: how long is decided when it is to leave.
    """

    condition: ColumnElement[bool]
    reason: Reason
    detail: str
    waits: bool = False


@dataclass(frozen=True)
class Bars:
    """Every objection, the first that applies first. `joins`: what must be joined to the people for them.

    `patient`: letters wait for room under a cap or for their cadence.
    """

    found: list[Bar] = field(default_factory=list)
    joins: Joins = field(default_factory=list)
    patient: bool = False

    def add(self, condition: ColumnElement[bool], reason: Reason, where: str, words: str) -> None:
        """One more objection."""
        waits = self.patient and reason in (Reason.CAP, Reason.CADENCE, Reason.SUNSET)
        self.found.append(Bar(condition, reason, deciding.detailed(where, words), waits))

    def numbered(self, *, waiting: bool) -> list[tuple[int, Bar]]:
        """Those that end the letter, or those that let it wait, each with its number."""
        return [(number, bar) for number, bar in enumerate(self.found) if bar.waits is waiting]


def bars(contact: Contact, rules: Rulebook, people: People) -> Bars:
    """What objects to a letter for each row of `people`, in the order in which engine.policy.deciding asks."""
    found, counted = Bars(patient=contact.rules.patience is not None), []
    _holds(found, contact, rules, people)
    _cadence(found, contact, rules, people)
    _sunset(found, contact, rules, people)
    for number, cap in enumerate(contact.rules.caps):
        counted.append(_counted(found, contact, cap, number, people))
        found.add(_full(counted[-1], cap), Reason.CAP, cap.where, cap.words)
    balance = contact.rules.balance
    if balance is not None:
        moment = contact.due(contact.clocks.project)
        subqueries, objects = unbalanced(
            balance, contact.past, moment, people.c.id, contact.only, contact.rules.people
        )
        found.joins.extend((subquery, subquery.c.customer == people.c.id) for subquery in subqueries)
        found.add(objects, Reason.BALANCE, balance.where, balance.words)
    for cap, letters in zip(contact.rules.caps, counted, strict=True):
        if letters is not None:
            words = deciding.order_words(cap)
            found.add(letters.c.ahead.is_not(None), Reason.ORDER, contact.rules.ahead_at, words)
    return found


def _holds(found: Bars, contact: Contact, rules: Rulebook, people: People) -> None:
    for number, hold in enumerate(contact.rules.holds):
        members = segment_select(rules, hold.segment).subquery()
        held = select(members.c.id.label("customer")).subquery(f"held_{number}")
        found.joins.append((held, held.c.customer == people.c.id))
        found.add(held.c.customer.is_not(None), Reason.HOLD, hold.where, hold.words)


def _cadence(found: Bars, contact: Contact, rules: Rulebook, people: People) -> None:
    """The last letter of this campaign against the latest one that would leave the person free."""
    cadence = contact.rules.cadence
    if cadence is None:
        return
    names = [*cadence.rhythms, ""]
    periods = [partial(_period, contact, cadence.rhythm(name)[0]) for name in names]
    times = Times(contact.clocks, periods, "cadence_clocks")
    since = min(times.lowest)
    campaign = contact.rules.label.campaign
    own = [run for run, label in contact.past(from_microseconds(since)).items() if label.campaign == campaign]
    last = latest(own, since, 1, contact.only, "last_of_campaign")
    found.joins.extend([(last, last.c.customer == people.c.id), *times.joins(people.c.time_zone)])
    value = field_text(people, cadence.by, rules)
    for place, name in enumerate(names):
        here = value == name if name else value.not_in(names[:-1]) if names[:-1] else true()
        rhythm, where = cadence.rhythm(name)
        words = deciding.cadence_words(rhythm, cadence.by, name)
        found.add(and_(here, last.c.at >= times.moment(place)), Reason.CADENCE, where, words)


def _sunset(found: Bars, contact: Contact, rules: Rulebook, people: People) -> None:
    """The last marketing letter of people who do nothing with letters, against how often they get one."""
    ladder, rungs = contact.rules.sunset, contact.rules.slower
    if ladder is None or not rungs:
        return
    times = Times(contact.clocks, [partial(_period, contact, rung.rhythm) for rung in rungs], "sunset_clocks")
    since = min(times.lowest)
    runs = [
        run
        for run, label in contact.past(from_microseconds(since)).items()
        if label.purpose == deciding.MARKETING
    ]
    stage = standing_stages(rules, ladder)
    last = latest(runs, since, 1, contact.only, "last_of_marketing", among=in_stages(contact.only))
    joins = [(stage, stage.c.customer == people.c.id), (last, last.c.customer == people.c.id)]
    found.joins.extend([*joins, *times.joins(people.c.time_zone)])
    for place, rung in enumerate(rungs):
        here = and_(stage.c.stage == str(rung.stage), last.c.at >= times.moment(place))
        found.add(here, Reason.SUNSET, rung.where, deciding.stage_words(rung))


def _period(contact: Contact, rhythm: Any, zone: ZoneInfo) -> datetime:
    return last_period(rhythm, contact.leaves(zone), zone)


def _counted(found: Bars, contact: Contact, cap: Cap, number: int, people: People) -> Subquery | None:
    """Customers for whom the cap is full: `sent` letters in its span, or `ahead` where waiting ones fill it.

    None where the cap leaves no room for anybody.
    """
    if cap.at_most == 0:
        return None
    wanted: list[Wanted] = [partial(_start, contact, cap), contact.day_after]
    times = Times(contact.clocks, wanted, f"cap_clocks_{number}")
    past = contact.past(from_microseconds(times.lowest[0]))
    counting = [run for run, label in past.items() if label.counts and cap.concerns(label)]
    parts = [_as_part(letters_since(counting, times, 0, contact.only), 1)]
    by_people = contact.rules.people
    if by_people.kinds and cap.concerns(by_people.any_label):
        parts.append(_as_part(by_people_since(by_people.kinds, times, 0, contact.only), 1))
    ahead = [run for run, label in contact.waiting.items() if label.counts and cap.concerns(label)]
    if ahead:
        parts.append(_as_part(waiting_before(ahead, times, 1, contact.only), 0))
    for label, coming in contact.coming:
        if label.counts and cap.concerns(label):
            parts.append(_as_part(coming, 0))
    every = union_all(*parts).subquery()
    sent = func.sum(every.c.sent)
    letters = (
        select(every.c.customer, sent.label("sent"), case((sent < cap.at_most, 1)).label("ahead"))
        .group_by(every.c.customer)
        .having(func.count() >= cap.at_most)
        .subquery(f"cap_{number}")
    )
    found.joins.append((letters, letters.c.customer == people.c.id))
    return letters


def _start(contact: Contact, cap: Cap, zone: ZoneInfo) -> datetime:
    return starts(cap.per, cap.calendar, contact.leaves(zone), zone)


def _as_part(customers: Select[Any], sent: int) -> Select[Any]:
    inner = customers.subquery()
    return select(next(iter(inner.c)).label("customer"), literal(sent).label("sent"))


def _full(letters: Subquery | None, cap: Cap) -> ColumnElement[bool]:
    return true() if letters is None else letters.c.sent >= cap.at_most


def field_text(people: People, name: str, rules: Rulebook) -> ColumnElement[Any]:
    """The field as text, "" where there is no value."""
    declared = rules.columns.get(name)
    if declared is None and name not in people.c:
        return literal("")
    column = people.c[declared.column if declared else name]
    return func.coalesce(cast(type_coerce(column, Text), Text), "")
