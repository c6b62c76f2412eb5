"""May this letter go to this person now? Every rule in its order; the first that objects decides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from engine.model.contact import Label, Touch
from engine.model.duration import Duration
from engine.model.words import Purpose, Reason
from engine.policy.quiet import next_open
from engine.policy.rules import Balance, Cap, Hold, Rules
from engine.policy.sunset import Rung
from engine.policy.windows import ONE_DAY, again_from, free_from, last_period, midnight, starts

MARKETING = str(Purpose.MARKETING)


class Verdict(StrEnum):
    """What becomes of the letter."""

    GO = "go"
    WAIT = "wait"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one person.

    Attributes:
        zone: their own, or the project's where theirs is not known.
        project: the project's.
        touches: letters that have left, or may have, of all campaigns, and what people did; in any order.
        waiting: letters of campaigns ahead in `order` that are due on the same day and have not left.
        value: of the field that the campaign's cadence asks about; "" where there is none.
        held: the holds they are under.
        stage: of sunset; "" while they are engaged.
    """

    zone: ZoneInfo
    project: ZoneInfo
    touches: Sequence[Touch] = ()
    waiting: Sequence[Label] = ()
    value: str = ""
    held: Sequence[Hold] = ()
    stage: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer. `where`: the rule's file and line. `until`: when the person may get the letter, where that is known."""

    verdict: Verdict = Verdict.GO
    reason: Reason | None = None
    words: str = ""
    where: str = ""
    until: datetime | None = None

    @property
    def detail(self) -> str:
        """Where the rule stands and what it says, as kept in the ledger."""
        return detailed(self.where, self.words)


GO = Decision()


def leaves(rules: Rules, zone: ZoneInfo, project: ZoneInfo, due: datetime) -> datetime:
    """When a letter that is due at that moment may leave for somebody of the zone: outside quiet hours."""
    return due if rules.quiet is None else next_open(rules.quiet, rules.quiet.clock(zone, project), due)


def end_of_day(moment: datetime, zone: ZoneInfo) -> datetime:
    """The next midnight there."""
    return midnight(moment.astimezone(zone).date() + ONE_DAY, zone)


def looks_back(rules: Rules, zones: Iterable[ZoneInfo], moment: datetime) -> datetime:
    """From when on past letters can matter for people of these zones, but for the last ones of the balance."""
    found = [starts(cap.per, cap.calendar, moment, zone) for cap in rules.caps for zone in zones]
    if rules.cadence is not None:
        rhythms = {*rules.cadence.rhythms.values(), rules.cadence.otherwise}
        found += [last_period(rhythm, moment, zone) for rhythm in rhythms for zone in zones]
    slower = {rung.rhythm for rung in rules.slower if rung.rhythm is not None}
    found += [last_period(rhythm, moment, zone) for rhythm in slower for zone in zones]
    return min(found, default=moment)


def decide(rules: Rules, facts: Facts, due: datetime, since: datetime | None = None) -> Decision:
    """The first objection to a letter that is due at that moment, or none.

    Quiet hours move it; at the moment it would leave, holds, cadence, caps, balance and order are asked. With
    `patience`, counted from `since` (without it, `due`), a letter waits where every objection ends in time.
    """
    moment = leaves(rules, facts.zone, facts.project, due)
    waiting: list[Decision] = []
    for objection in _objections(rules, facts, moment):
        if objection.until is None:
            return objection
        until = leaves(rules, facts.zone, facts.project, objection.until)
        if rules.patience is None or until > rules.patience.after(since or due):
            return replace(objection, until=until)
        waiting.append(replace(objection, verdict=Verdict.WAIT, until=until))
    if waiting:
        return max(waiting, key=lambda objection: objection.until or due)
    return _quiet(rules, facts, due, moment) if moment > due else GO


def _objections(rules: Rules, facts: Facts, moment: datetime) -> Iterator[Decision]:
    for hold in facts.held:
        yield Decision(Verdict.SKIP, Reason.HOLD, hold.words, hold.where)
    yield from against_cadence(rules, facts, moment)
    yield from against_stage(rules, facts, moment)
    counted = [touch for touch in facts.touches if touch.label.counts]
    for cap in rules.caps:
        yield from against_cap(cap, counted, facts.zone, moment)
    if rules.balance is not None:
        yield from against_balance(rules.balance, counted)
    for cap in rules.caps:
        yield from against_order(rules, cap, counted, facts, moment)


def against_cadence(rules: Rules, facts: Facts, moment: datetime) -> Iterator[Decision]:
    """The objection of the campaign's own rhythm, if it has one."""
    if rules.cadence is None:
        return
    last = max(
        (touch.at for touch in facts.touches if touch.label.campaign == rules.label.campaign), default=None
    )
    rhythm, where = rules.cadence.rhythm(facts.value)
    if last is not None and last >= last_period(rhythm, moment, facts.zone):
        value = facts.value if facts.value in rules.cadence.rhythms else ""
        words = cadence_words(rhythm, rules.cadence.by, value)
        yield Decision(Verdict.SKIP, Reason.CADENCE, words, where, again_from(rhythm, last, facts.zone))


def cadence_words(rhythm: Duration, by: str, value: str) -> str:
    """The campaign's rhythm for that value of the field ("": for every other one)."""
    return f"every {str(rhythm).removeprefix('1 ')} for {f'{by} {value}' if value else 'everybody else'}"


def rung_of(rules: Rules, stage: str) -> Rung | None:
    """The step of sunset that makes letters to somebody in that stage rarer."""
    return next((rung for rung in rules.slower if rung.stage == stage), None)


def last_marketing(facts: Facts) -> Touch | None:
    """The last marketing letter, of whichever campaign; no touch by a person has a campaign's name."""
    letters = [
        each for each in facts.touches if each.label.purpose == MARKETING and " " not in each.label.campaign
    ]
    return max(letters, key=lambda touch: touch.at, default=None)


def against_stage(rules: Rules, facts: Facts, moment: datetime) -> Iterator[Decision]:
    """The objection of sunset, if somebody who does nothing with letters had one lately."""
    rung, last = rung_of(rules, facts.stage), last_marketing(facts)
    if rung is None or rung.rhythm is None or last is None:
        return
    if last.at >= last_period(rung.rhythm, moment, facts.zone):
        until = again_from(rung.rhythm, last.at, facts.zone)
        yield Decision(Verdict.SKIP, Reason.SUNSET, stage_words(rung), rung.where, until)


def stage_words(rung: Rung) -> str:
    """How often letters reach people in that stage."""
    return f"{rung.stage.words}: marketing {f'every {rung.rhythm}'.replace('every 1 ', 'every ')}"


def matching(cap: Cap, counted: Sequence[Touch], zone: ZoneInfo, moment: datetime) -> list[datetime]:
    """When the letters left that count under the cap, the latest first."""
    start = starts(cap.per, cap.calendar, moment, zone)
    return sorted(
        (touch.at for touch in counted if touch.at >= start and cap.concerns(touch.label)), reverse=True
    )


def against_cap(cap: Cap, counted: Sequence[Touch], zone: ZoneInfo, moment: datetime) -> Iterator[Decision]:
    """The objection of a cap, if it is full."""
    found = matching(cap, counted, zone, moment)
    if len(found) >= cap.at_most:
        until = free_from(cap.per, cap.calendar, found[cap.at_most - 1], zone) if cap.at_most else None
        yield Decision(Verdict.SKIP, Reason.CAP, cap.words, cap.where, until)


def against_balance(balance: Balance, counted: Sequence[Touch]) -> Iterator[Decision]:
    """The objection of a balance, if the letter would be one too many."""
    # Of letters of one moment those with the intent are taken for the latest: nobody is sold to by a coincidence.
    order = sorted(((touch.at, touch.label.intent == balance.intent) for touch in counted), reverse=True)
    same = sum(is_same for _, is_same in order[: balance.of_last - 1])
    if len(counted) < balance.not_in_first or same >= balance.at_most:
        yield Decision(Verdict.SKIP, Reason.BALANCE, balance.words, balance.where)


def against_order(
    rules: Rules, cap: Cap, counted: Sequence[Touch], facts: Facts, moment: datetime
) -> Iterator[Decision]:
    """The objection of `order`, if letters of campaigns further up fill the cap."""
    ahead = sum(label.counts and cap.concerns(label) for label in facts.waiting)
    if ahead and ahead + len(matching(cap, counted, facts.zone, moment)) >= cap.at_most:
        yield Decision(Verdict.SKIP, Reason.ORDER, order_words(cap), rules.ahead_at)


def order_words(cap: Cap) -> str:
    """Why a campaign further up in `order` goes first."""
    return f"a campaign further up goes first the same day ({cap.words})"


def detailed(where: str, words: str) -> str:
    """A rule's place and words, as the ledger keeps them."""
    return f"{where}: {words}" if where else words


def _quiet(rules: Rules, facts: Facts, due: datetime, until: datetime) -> Decision:
    words, where = quiet_words(rules, facts.zone, facts.project, due)
    return Decision(Verdict.WAIT, Reason.QUIET_HOURS, words, where, until)


def quiet_words(rules: Rules, zone: ZoneInfo, project: ZoneInfo, due: datetime) -> tuple[str, str]:
    """Which rule closes that moment for people of the zone, in words, and where it is written."""
    quiet = rules.quiet
    assert quiet is not None
    local = due.astimezone(quiet.clock(zone, project))
    if quiet.closes(local) or quiet.hours is None:
        return f"nothing on {local:%A}s", quiet.days_at
    return f"quiet from {quiet.hours.from_:%H:%M} until {quiet.hours.until:%H:%M}", quiet.hours_at
