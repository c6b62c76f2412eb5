"""Floors: nobody is silent for longer than theirs without a reason on record, and the reason is true."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from tests.two_years.checker.days import later, parse
from tests.two_years.checker.ledger import Event, Ledger
from tests.two_years.checker.people import as_of

NOTICED = timedelta(days=6)
"""Within so long a floor that was missed is on record: nobody may be there for days, and clocks are set."""


def floors(ledger: Ledger) -> Iterator[str]:
    """Every silence that outlasts its floor and the grace has an event, with a reason."""
    missed = ledger.events_of("floor_missed")
    for customer, person in ledger.customers.items():
        own = missed.get(customer, [])
        for clock, days in (
            ("hear_from_us", heard(ledger, customer)),
            ("personal", personally(ledger, customer)),
        ):
            events = [event for event in own if event.fields["clock"].replace(" ", "_") == clock]
            for event in events:
                if not event.fields.get("reason"):
                    yield f"{person.key} was silent until {event.at}, and nobody knows why"
            if days is None:
                continue
            ends = [*days[1:], last_day(ledger)]
            for place, (begun, ended) in enumerate(zip(days, ends, strict=True)):
                due = missed_on(ledger, customer, clock, begun, ended - NOTICED, drawn=place == 0)
                if due is None:
                    continue
                told = [e for e in events if begun <= e.at.astimezone(ledger.project).date() <= due + NOTICED]
                if not told:
                    yield f"{person.key} ({clock}) silent since {begun}, missed on {due}, and nothing on record"


def false_reasons(ledger: Ledger) -> Iterator[str]:
    """What is on record as the reason of a silence was so at that moment."""
    tasks: dict[int, list[tuple[date, date]]] = {}
    for task in ledger.tasks:
        end = task.closed.date() if task.closed is not None else date.max
        tasks.setdefault(task.customer, []).append((task.created.date(), end))
    for customer, events in ledger.events_of("floor_missed").items():
        person = ledger.customers[customer]
        for event in events:
            reason = event.fields.get("reason", "")
            left = ledger.suppressed.get(person.hash)
            if reason in ("unsubscribed", "suppressed") and (left is None or left > event.at):
                yield f"{person.key} had not left at {event.at}: {reason}"
            if reason == "owner_task" and customer not in tasks:
                yield f"{person.key} had no task at {event.at}"
            if reason == "hold" and not held(ledger, customer, event):
                yield f"{person.key} was not held at {event.at}"


def held(ledger: Ledger, customer: int, event: Event) -> bool:
    """Whether a complaint was open about then, or they had just arrived."""
    opened = [
        each.at for each in ledger.events if each.customer == customer and each.name == "complaint_opened"
    ]
    since = ledger.customers[customer].signed_up
    new = since is not None and event.at.date() - since <= timedelta(days=60)
    return new or any(at <= event.at for at in opened)


def heard(ledger: Ledger, customer: int) -> list[date]:
    """The days on which they heard from us, their arrival first."""
    return [
        _came(ledger, customer),
        *sorted(_letters(ledger).get(customer, []) + _by_people(ledger, customer)),
    ]


def personally(ledger: Ledger, customer: int) -> list[date]:
    """The days on which somebody was in touch in person, their arrival first."""
    return [_came(ledger, customer), *_by_people(ledger, customer)]


def missed_on(
    ledger: Ledger, customer: int, clock: str, begun: date, until: date, *, drawn: bool
) -> date | None:
    """The first day until then on which the silence is longer than their floor, by the tier they have that day.

    `drawn`: the clock of whoever never had a touch began on a day before they came; then the latest one counts.
    On the day of a change either tier may count: which, depends on the hour.
    """
    policy = ledger.policy["cadence"]
    grace, unit = parse(policy["grace"])
    assert unit == "day"
    tiers = as_of(ledger, "tier_changed")
    changes = [
        begun,
        *(e.at.date() for e in ledger.events_of("tier_changed").get(customer, []) if e.at.date() > begun),
    ]
    for since, before in pairwise([*changes, date.max]):
        if since > until:
            break
        tier = tiers(customer, datetime.combine(since + timedelta(days=1), time(), UTC))
        floor = policy.get(tier, policy["otherwise"])
        rhythm = floor["at_least"] if clock == "hear_from_us" else floor.get("personal")
        if rhythm is None:
            continue
        first = max(later(begun, rhythm) + timedelta(days=grace + 1), since + timedelta(days=1))
        if first <= until and first < before:
            return first
    return None


def last_day(ledger: Ledger) -> date:
    """The last day of which anything is known."""
    return max(run.as_of for run in ledger.runs.values()).astimezone(ledger.project).date()


def _came(ledger: Ledger, customer: int) -> date:
    return ledger.customers[customer].created.astimezone(ledger.project).date()


def _letters(ledger: Ledger) -> dict[int, list[date]]:
    return {
        customer: [letter.left.astimezone(ledger.project).date() for letter in letters if letter.run.counts]
        for customer, letters in ledger.letters().items()
    }


def _by_people(ledger: Ledger, customer: int) -> list[date]:
    return [at.astimezone(ledger.project).date() for whose, _, at in ledger.touches if whose == customer]
