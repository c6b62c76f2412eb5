"""Rules of contact, judged letter by letter: caps, balance, quiet hours, cadence and order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, time
from typing import Any

from tests.two_years.checker.days import next_day, window
from tests.two_years.checker.ledger import Ledger, Letter, Run
from tests.two_years.checker.people import as_of


def concerns(cap: Mapping[str, Any], run: Run) -> bool:
    """Whether a cap speaks of such letters."""
    return (
        cap.get("purpose", run.purpose) == run.purpose
        and cap.get("intent", run.intent) == run.intent
        and cap.get("topic", run.topic) == run.topic
        and ("tag" not in cap or cap["tag"] in run.tags)
    )


def caps(ledger: Ledger) -> Iterator[str]:
    """At no moment does a letter leave that is one more than a cap allows."""
    for customer, letters in ledger.contacts().items():
        zone = ledger.zone(customer)
        for place, letter in enumerate(letters):
            if not letter.run.obeys:
                continue
            for cap in ledger.policy.get("caps", []):
                if not concerns(cap, letter.run):
                    continue
                since = window(cap["per"], cap.get("window") == "calendar", letter.left, zone)
                before = [
                    other
                    for other in letters[:place]
                    if other.run.counts and other.left >= since and concerns(cap, other.run)
                ]
                if len(before) >= cap["at_most"]:
                    yield f"{ledger.named(letter)} is number {len(before) + 1} of at most {cap}"


def balance(ledger: Ledger) -> Iterator[str]:
    """After every letter, whoever got it has had no more of an intent in a row than the balance allows."""
    for letters in ledger.contacts().values():
        counted = [letter for letter in letters if letter.run.counts]
        for place, letter in enumerate(counted):
            rule = ledger.policy.get("balance", {}).get(letter.run.intent)
            if rule is None or not letter.run.obeys:
                continue
            row = counted[max(0, place - rule["of_last"] + 1) : place + 1]
            same = sum(other.run.intent == letter.run.intent for other in row)
            if same > rule["at_most"]:
                yield f"{ledger.named(letter)} is number {same} of its intent among the last {len(row)}"
            if place < rule.get("not_in_first", 0):
                yield f"{ledger.named(letter)} is letter {place + 1} to them"


DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def quiet(ledger: Ledger) -> Iterator[str]:
    """Nothing that obeys leaves in quiet hours or on closed days, on the reader's own clock."""
    hours = ledger.policy.get("quiet_hours")
    closed = {day[:3] for day in ledger.policy.get("not_on", [])}
    for customer, letters in ledger.letters().items():
        zone = ledger.zone(customer)
        for letter in letters:
            local = letter.left.astimezone(zone)
            if letter.run.obeys and (DAYS[local.weekday()] in closed or (hours and _is_quiet(hours, local))):
                yield f"{ledger.named(letter)}, where it is {local:%a %H:%M}"


def _is_quiet(hours: Mapping[str, str], local: datetime) -> bool:
    begins, ends = (time.fromisoformat(hours[key]) for key in ("from", "until"))
    now = local.time()
    return begins <= now < ends if begins < ends else now >= begins or now < ends


def cadence(ledger: Ledger) -> Iterator[str]:
    """No campaign comes to anybody sooner than its rhythm for their tier, as the tier is at that moment.

    What people carry out counts from the task.
    """
    tiers = as_of(ledger, "tier_changed")
    came = ledger.letters()
    for row in ledger.rows:
        if row.reason == "owner_task" and row.settled is not None:
            came.setdefault(row.customer, []).append(replace(row, at=row.settled))
    for customer, letters in came.items():
        zone = ledger.zone(customer)
        last: dict[str, Letter] = {}
        for letter in letters:
            name = letter.run.campaign
            before, last[name] = last.get(name), letter
            rhythms = ledger.campaigns[name].get("cadence")
            if rhythms is None or before is None:
                continue
            tier = tiers(customer, letter.left)
            rhythm = rhythms.get(tier, rhythms["otherwise"])
            free = next_day(rhythm, before.left.astimezone(zone).date())
            if letter.left.astimezone(zone).date() < free:
                yield f"{ledger.named(letter)}, {tier or 'no tier'}, {rhythm}, the last at {before.left}"


def full_days(ledger: Ledger) -> Iterator[str]:
    """No sender has more letters that obey on a day than they can answer; what does not obey takes room, too."""
    letters = sorted(
        (letter for letters in ledger.letters().values() for letter in letters),
        key=lambda letter: (letter.call, letter.id),
    )
    sent: Counter[tuple[str, date]] = Counter()
    for letter in letters:
        day = letter.left.astimezone(ledger.project).date()
        most = ledger.senders[letter.sender].get("at_most", "")
        sent[letter.sender, day] += 1
        if most and letter.run.obeys and sent[letter.sender, day] > int(most.split()[0]):
            yield f"{ledger.named(letter)} is number {sent[letter.sender, day]} of {letter.sender} on {day}"


def order(ledger: Ledger) -> Iterator[str]:
    """Whoever a full cap costs a campaign's letter had none of a campaign further down that day, with that run known."""
    ahead: list[str] = ledger.policy.get("order", [])
    letters = ledger.letters()
    for row in ledger.rows:
        run = row.run
        if row.reason != "cap" or run.campaign not in ahead or run.planned_at is None:
            continue
        zone, day = ledger.zone(row.customer), due_day(ledger.campaigns[run.campaign], run.occurrence)
        below = ahead[ahead.index(run.campaign) + 1 :]
        for other in letters.get(row.customer, ()):
            same_day = other.left.astimezone(zone).date() == day
            known = run.planned_at < other.left < (row.settled or other.left)
            if other.run.campaign in below and same_day and known:
                yield f"{ledger.named(row)} was left out on {day}, and {ledger.named(other)} went first"


def due_day(campaign: Mapping[str, Any], occurrence: str) -> date:
    """The day on which an occurrence of a week (`2027-W05`) or of a month (`2027-02`) is due everywhere."""
    schedule = campaign["schedule"]
    year, part = occurrence.split("-")
    starting = date.fromisoformat(schedule["starting"]) if "starting" in schedule else None
    if part.startswith("W"):
        weekday = starting.isoweekday() if starting is not None else DAYS.index(schedule["days"][0]) + 1
        return date.fromisocalendar(int(year), int(part[1:]), weekday)
    day = starting.day if starting is not None else int(schedule["day"].split()[-1])
    return date(int(year), int(part), day)
