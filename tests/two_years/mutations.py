"""Faults planted in a ledger without any, one of each kind: the checker must find every one of them out."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from tests.two_years.checker.ledger import Event, Ledger, Letter

Mutation = Callable[[Ledger, random.Random], Ledger]
A_SECOND = timedelta(seconds=1)


def chosen(
    ledger: Ledger, chance: random.Random, wanted: Callable[[Letter], bool] = lambda _: True
) -> Letter:
    """A letter that left, of those that are wanted."""
    return chance.choice([row for row in ledger.rows if row.at and row.state == "accepted" and wanted(row)])


def with_row(ledger: Ledger, letter: Letter, new: Letter) -> Ledger:
    """The same ledger with another row in that one's place."""
    return replace(ledger, rows=[new if row is letter else row for row in ledger.rows])


def extra(ledger: Ledger, chance: random.Random) -> Ledger:
    """A third marketing letter within a week of two others."""
    letter = chosen(ledger, chance, lambda row: row.run.obeys)
    added = [
        replace(letter, id=-number, at=letter.left + number * A_SECOND, number=f"extra-{number}")
        for number in (1, 2)
    ]
    return replace(ledger, rows=[*ledger.rows, *added])


def sold_twice(ledger: Ledger, chance: random.Random) -> Ledger:
    """The letter before one that sells sold something, too."""
    sale = chosen(ledger, chance, lambda row: row.run.intent == "sell")
    letters = ledger.letters()[sale.customer]
    before = [row for row in letters[: letters.index(sale)] if row.run.counts][-1]
    return with_row(ledger, before, replace(before, run=replace(before.run, intent="sell")))


def at_night(ledger: Ledger, chance: random.Random) -> Ledger:
    """A letter left at half past three at night."""
    letter = chosen(ledger, chance, lambda row: row.run.obeys)
    local = letter.left.astimezone(ledger.zone(letter.customer))
    return with_row(ledger, letter, replace(letter, at=local.replace(hour=3, minute=30)))


def on_sunday(ledger: Ledger, chance: random.Random) -> Ledger:
    """A letter left on a Sunday at noon."""
    letter = chosen(ledger, chance, lambda row: row.run.obeys)
    local = letter.left.astimezone(ledger.zone(letter.customer))
    sunday = local.replace(hour=12) + timedelta(days=6 - local.weekday())
    return with_row(ledger, letter, replace(letter, at=sunday))


def too_soon(ledger: Ledger, chance: random.Random) -> Ledger:
    """An apology comes again after two days."""
    letter = chosen(ledger, chance, lambda row: row.run.campaign == "sorry")
    again = replace(letter, id=-1, at=letter.left + timedelta(days=2), call=letter.call + 1, number="again")
    return replace(ledger, rows=[*ledger.rows, again])


def wrong_tier(ledger: Ledger, chance: random.Random) -> Ledger:
    """Whoever had the digest every two weeks was in no tier that has it so often."""
    often = [
        row
        for letters in ledger.letters().values()
        for before, row in pairwise([each for each in letters if each.run.campaign == "digest"])
        if row.left - before.left < timedelta(days=20)
    ]
    letter = chance.choice(often)
    events = [
        replace(event, fields={"to": "silver"})
        if event.customer == letter.customer and event.name == "tier_changed"
        else event
        for event in ledger.events
    ]
    return replace(ledger, events=events)


def out_of_turn(ledger: Ledger, chance: random.Random) -> Ledger:
    """A sale left on the day on which a cap kept the present back."""
    sale = chosen(ledger, chance, lambda row: row.run.campaign == "sale")
    day = sale.left.astimezone(ledger.zone(sale.customer)).date()
    gift = next(run for run in ledger.runs.values() if run.campaign == "digest" and run.state == "done")
    run = replace(
        gift,
        occurrence=f"{day:%Y-%m}",
        campaign="gift",
        planned_at=sale.left - timedelta(hours=1),
    )
    campaigns = {
        **ledger.campaigns,
        "gift": {**ledger.campaigns["gift"], "schedule": {"day": f"day {day.day}"}},
    }
    row = replace(sale, id=-1, run=run, state="skipped", reason="cap", at=None, settled=sale.left + A_SECOND)
    return replace(ledger, rows=[*ledger.rows, row], campaigns=campaigns)


def while_unhappy(ledger: Ledger, chance: random.Random) -> Ledger:
    """A complaint was open when a sale left."""
    sale = chosen(ledger, chance, lambda row: row.run.intent == "sell")
    event = Event(sale.customer, "complaint_opened", sale.left - A_SECOND, {})
    return replace(ledger, events=[*ledger.events, event])


def not_yet_welcome(ledger: Ledger, chance: random.Random) -> Ledger:
    """Somebody who had a digest had only just arrived."""
    letter = chosen(ledger, chance, lambda row: row.run.campaign == "digest")
    person = replace(ledger.customers[letter.customer], signed_up=letter.left.date() - timedelta(days=40))
    return replace(ledger, customers={**ledger.customers, letter.customer: person})


def after_leaving(ledger: Ledger, chance: random.Random) -> Ledger:
    """Somebody had left just before a letter."""
    letter = chosen(ledger, chance, lambda row: bool(row.run.topic))
    digest = ledger.customers[letter.customer].hash
    return replace(ledger, suppressed={**ledger.suppressed, digest: letter.left - A_SECOND})


def somebody_else(ledger: Ledger, chance: random.Random) -> Ledger:
    """A letter comes from somebody whose customer this is not."""
    letter = chosen(ledger, chance, lambda row: row.run.campaign == "digest")
    other = chance.choice([name for name in ledger.senders if name != letter.sender])
    return with_row(ledger, letter, replace(letter, sender=other))


def other_address(ledger: Ledger, chance: random.Random) -> Ledger:
    """A letter arrived from an address that is not its sender's."""
    letter = chosen(ledger, chance)
    mails = [
        replace(mail, sender="nobody@mail.example") if mail.number == letter.number else mail
        for mail in ledger.mails
    ]
    return replace(ledger, mails=mails)


def forgotten(ledger: Ledger, chance: random.Random) -> Ledger:
    """Somebody has no row in a run for everybody."""
    everybody = ("digest", "gift", "question", "sale", "terms")
    row = chance.choice(
        [row for row in ledger.rows if row.run.campaign in everybody and row.state == "skipped"]
    )
    return replace(ledger, rows=[other for other in ledger.rows if other is not row])


def twice_in_a_run(ledger: Ledger, chance: random.Random) -> Ledger:
    """Somebody has two rows in a run."""
    row = chance.choice(list(ledger.rows))
    return replace(ledger, rows=[*ledger.rows, replace(row, id=-1)])


def no_reason(ledger: Ledger, chance: random.Random) -> Ledger:
    """Nobody knows why a letter was not sent."""
    row = chance.choice([row for row in ledger.rows if row.state == "skipped"])
    return with_row(ledger, row, replace(row, reason=""))


def miscounted(ledger: Ledger, chance: random.Random) -> Ledger:
    """What the program says of a run is one letter more than there is."""
    place = chance.randrange(len(ledger.reports))
    reports = [dict(report) for report in ledger.reports]
    reports[place]["accepted"] += 1
    reports[place]["selected"] += 1
    return replace(ledger, reports=reports)


def other_reason(ledger: Ledger, chance: random.Random) -> Ledger:
    """A row has another reason than the table says."""
    row = chance.choice([row for row in ledger.rows if row.reason == "hold" and row.state == "skipped"])
    return with_row(ledger, row, replace(row, reason="balance"))


def lost(ledger: Ledger, chance: random.Random) -> Ledger:
    """A letter that the ledger calls accepted never arrived."""
    return replace(
        ledger, mails=[mail for mail in ledger.mails if mail is not chance.choice(ledger.mails)][:-1]
    )


def came_twice(ledger: Ledger, chance: random.Random) -> Ledger:
    """A letter arrived twice."""
    return replace(ledger, mails=[*ledger.mails, chance.choice(ledger.mails)])


def too_many(ledger: Ledger, chance: random.Random) -> Ledger:
    """Somebody wrote more letters on a day than they can answer."""
    letter = chosen(ledger, chance, lambda row: row.run.obeys)
    senders = {**ledger.senders, letter.sender: {**ledger.senders[letter.sender], "at_most": "0 per day"}}
    return replace(ledger, senders=senders)


def uncovered(ledger: Ledger, chance: random.Random) -> Ledger:
    """A letter left on a day on which its sender was away."""
    letter = chosen(ledger, chance, lambda row: row.sender != "team")
    day = f"{letter.left.astimezone(ledger.project):%Y-%m-%d}"
    away = {"from": day, "until": day, "cover": "team"}
    senders = {**ledger.senders, letter.sender: {**ledger.senders[letter.sender], "away": away}}
    return replace(ledger, senders=senders)


def two_tasks(ledger: Ledger, chance: random.Random) -> Ledger:
    """One row has two tasks."""
    task = chance.choice([task for task in ledger.tasks if task.delivery])
    return replace(ledger, tasks=[*ledger.tasks, replace(task, id=-1)])


def no_task(ledger: Ledger, chance: random.Random) -> Ledger:
    """A row says that there is a task, and there is none."""
    task = chance.choice([task for task in ledger.tasks if task.delivery])
    return replace(ledger, tasks=[other for other in ledger.tasks if other is not task])


def with_somebody_else(ledger: Ledger, chance: random.Random) -> Ledger:
    """A task is with somebody whose customer this is not."""
    task = chance.choice([task for task in ledger.tasks if task.made_by != "person"])
    other = chance.choice([name for name in ledger.senders if name != task.owner])
    return replace(
        ledger, tasks=[replace(each, owner=other) if each is task else each for each in ledger.tasks]
    )


def misjudged(ledger: Ledger, chance: random.Random) -> Ledger:
    """Somebody rose to a tier whatever they spent."""
    change = chance.choice(
        [event for event in ledger.events if event.name == "tier_changed" and event.fields["to"] == "silver"]
    )
    events = [
        replace(event, fields={**event.fields, "to": "platinum"}) if event is change else event
        for event in ledger.events
    ]
    return replace(ledger, events=events)


def unexplained(ledger: Ledger, chance: random.Random) -> Ledger:
    """A tier changed for no reason."""
    change = chance.choice([event for event in ledger.events if event.name == "tier_changed"])
    events = [
        replace(event, fields={**event.fields, "reason": ""}) if event is change else event
        for event in ledger.events
    ]
    return replace(ledger, events=events)


def silent(ledger: Ledger, chance: random.Random) -> Ledger:
    """Somebody never got a letter, and nobody noticed."""
    letters = [row for row in ledger.rows if row.at and row.state == "accepted"]
    first = min(letters, key=lambda row: row.left).customer
    floors = {**ledger.policy["cadence"], "otherwise": {"at_least": "every month"}}
    return replace(
        ledger,
        policy={**ledger.policy, "cadence": floors},
        rows=[row for row in ledger.rows if row.customer != first or not row.at],
        touches=[touch for touch in ledger.touches if touch[0] != first],
        events=[
            each
            for each in ledger.events
            if each.customer != first or each.name not in ("floor_missed", "tier_changed")
        ],
    )


def nobody_knows(ledger: Ledger, chance: random.Random) -> Ledger:
    """The reason of a silence is not on record."""
    return _missed(ledger, chance, "")


def not_true(ledger: Ledger, chance: random.Random) -> Ledger:
    """The reason of a silence is that somebody left who never did."""
    return _missed(replace(ledger, suppressed={}), chance, "unsubscribed")


def _missed(ledger: Ledger, chance: random.Random, reason: str) -> Ledger:
    missed = chance.choice([event for event in ledger.events if event.name == "floor_missed"])
    told = replace(missed, fields={**missed.fields, "reason": reason})
    return replace(ledger, events=[told if event is missed else event for event in ledger.events])


MUTATIONS: Mapping[Mutation, str] = {
    extra: "cap",
    sold_twice: "balance",
    at_night: "quiet",
    on_sunday: "quiet",
    too_soon: "cadence",
    wrong_tier: "cadence",
    out_of_turn: "order",
    while_unhappy: "hold",
    not_yet_welcome: "welcome",
    after_leaving: "consent",
    somebody_else: "sender",
    other_address: "sender",
    uncovered: "sender",
    too_many: "full",
    two_tasks: "task",
    no_task: "task",
    with_somebody_else: "task",
    misjudged: "tier",
    unexplained: "tier",
    silent: "floor",
    nobody_knows: "floor",
    not_true: "false",
    forgotten: "everybody",
    twice_in_a_run: "everybody",
    no_reason: "reason",
    miscounted: "sum",
    other_reason: "sum",
    lost: "arrival",
    came_twice: "arrival",
}
"""Each with the rule it breaks."""
