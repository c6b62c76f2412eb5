"""The company of one seed: its workspace on disk, and its customers as they are at any moment."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.two_years.purchases import Purchase, first_days

PROJECT_ZONE = "Europe/London"
ZONES = ("", "", "America/New_York", "Australia/Sydney")
"""Half of the people have none: the project's counts."""

OWNERS = ("ines-duarte", "priya-shah", "tomas-berg", "wanda-lee")
TIERS = (("platinum", 180.0), ("gold", 60.0), ("silver", 0.0))
"""From so much spent within a year on; the best first."""

A_YEAR = timedelta(days=365)

PROJECT = """\
project: two-years
format: 1
time_zone: Europe/London
language: en-GB
database: sqlite:///touchbase.db
provider: outbox
public_url: https://letters.years.example
signing_key: a-key-for-tests-only
company: { name: The Years Ltd, address: "1 Year Lane, London N1 1AA, United Kingdom" }
topics: { letters: Our letters }
"""
CUSTOMERS = """\
customers:
  key: customer_id
  fields:
    tier: { one_of: [platinum, gold, silver] }
    spent: number
    signed_up_at: date
    account_owner: text
  events:
    order_placed: { amount: number }
    complaint_opened: { about: text }
    complaint_closed: { about: text }
    tier_set: { to: text }
    owner_set: { to: text }
"""
SEGMENTS = """\
segments:
  everybody: { title: Everybody, all: [ { field: email, known: true } ] }
  newcomers: { title: Just arrived, all: [ { field: signed_up_at, within: 45 days } ] }
  buyers: { title: Bought lately, all: [ { event: order_placed, within: 35 days } ] }
  unhappy: { title: We let them down, all: [ { event: complaint_opened, within: 14 days } ] }
  open-complaint:
    title: We owe them an answer
    all: [ { event: complaint_opened, without_later: complaint_closed } ]
"""
SENDERS = """\
senders:
  team: { name: The Years, email: team@news.years.example }
  ines-duarte: { name: Ines Duarte, email: ines-duarte@news.years.example }
  priya-shah: { name: Priya Shah, email: priya-shah@news.years.example }
  tomas-berg: { name: Tomas Berg, email: tomas-berg@news.years.example }
  wanda-lee: { name: Wanda Lee, email: wanda-lee@news.years.example }
account-owner: { from_field: account_owner, otherwise: team }
"""
POLICY = """\
policy:
  caps:
    - { at_most: 2, per: 7 days, purpose: marketing }
    - { at_most: 4, per: 1 month, window: calendar, purpose: marketing }
    - { at_most: 1, per: 20 days, intent: sell }
    - { at_most: 1, per: 36 hours, tag: loud }
    - { at_most: 30, per: 1 year, window: calendar }
  balance:
    sell: { at_most: 1, of_last: 3, not_in_first: 2 }
  quiet_hours: { from: "20:00", until: "08:00", time_zone: recipient }
  not_on: [sun]
  hold_marketing_for: [open-complaint]
  welcome: { segment: newcomers, campaigns: [welcome] }
  order: [digest, gift, question, thanks, sale]
"""
MARKETING = "purpose: marketing\ntopic: letters\n"
RECIPIENT = "time_zone: recipient, if_late: send within 24 hours"
CAMPAIGNS = {
    "digest": MARKETING
    + f"""\
intent: inform
audience: {{ include: [everybody] }}
schedule: {{ every: 2 weeks, starting: "2027-01-05", at: "09:30", {RECIPIENT} }}
cadence: {{ by: tier, platinum: every 2 weeks, gold: every month, otherwise: every 3 months }}
sender: account-owner
""",
    "gift": MARKETING
    + f"""\
intent: give
tags: [loud]
audience: {{ include: [everybody] }}
schedule: {{ every: month, day: day 19, at: "11:00", {RECIPIENT} }}
cadence: {{ by: tier, platinum: every month, otherwise: every 4 months }}
sender: account-owner
""",
    "question": MARKETING
    + f"""\
intent: ask
audience: {{ include: [everybody] }}
schedule: {{ every: 2 months, starting: "2027-02-03", at: "18:00", {RECIPIENT} }}
cadence: {{ by: tier, otherwise: every 6 months }}
policy: {{ wait: 6 days }}
sender: account-owner
""",
    "thanks": MARKETING
    + """\
intent: thank
audience: { include: [buyers] }
schedule: { every: month, day: day 3, at: "10:00", if_late: send within 2 days }
cadence: { by: tier, otherwise: every 2 months }
sender: account-owner
""",
    "sorry": MARKETING
    + """\
intent: apologise
tags: [loud]
audience: { include: [unhappy] }
schedule: { every: 2 weeks, starting: "2027-01-02", at: "23:30", if_late: send within 24 hours }
cadence: { by: tier, otherwise: every 2 weeks }
sender: account-owner
""",
    "sale": MARKETING
    + f"""\
intent: sell
tags: [loud]
audience: {{ include: [everybody] }}
schedule: {{ every: 3 weeks, starting: "2027-01-07", at: "19:40", {RECIPIENT} }}
cadence: {{ by: tier, platinum: every month, gold: every month, otherwise: every 2 months }}
policy: {{ wait: 4 days }}
sender: team
""",
    "terms": """\
purpose: service
intent: inform
audience: { include: [everybody] }
schedule: { every: year, starting: "2027-06-06", at: "06:00", if_late: send within 3 days }
sender: team
""",
    "welcome": MARKETING
    + """\
intent: give
audience: { include: [newcomers] }
schedule: { every: 2 weeks, starting: "2027-01-04", at: "10:00", if_late: send within 3 days }
cadence: { by: tier, otherwise: every 3 years }
sender: account-owner
""",
}
CAMPAIGN = """\
campaign: {name}
title: The {name}
status: active
{body}content: {{ template: letter.html, subject: "{name} of {{{{ sender.name }}}}", preheader: "Something for you that could not wait, and no more than that" }}
"""
TEMPLATE = """\
<!DOCTYPE html>
<html lang="en" dir="ltr"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{ campaign.id }}</title></head>
<body><div style="display:none">{{ preheader }}</div><h1>Hello, {{ customer.tier | default('friend') }}</h1>
<p>{{ sender.name }}</p><p>{{ company.name }}, {{ company.address }}</p>
<p><a href="{{ web_url }}">View in browser</a> <a href="{{ unsubscribe_url }}">Unsubscribe</a></p></body></html>
"""
TIMES = {
    "digest": ("09:30", lambda day: (day - date(2027, 1, 5)).days % 14 == 0),
    "sale": ("19:40", lambda day: (day - date(2027, 1, 7)).days % 21 == 0),
    "gift": ("11:00", lambda day: day.day == 19),
    "question": ("18:00", lambda day: day.day == 3 and day.month % 2 == 0),
    "thanks": ("10:00", lambda day: day.day == 3),
    "sorry": ("23:30", lambda day: (day - date(2027, 1, 2)).days % 14 == 0),
    "terms": ("06:00", lambda day: (day.month, day.day) == (6, 6)),
    "welcome": ("10:00", lambda day: (day - date(2027, 1, 4)).days % 14 == 0),
}
"""When somebody had better look: the time and the days of each campaign. Nothing is judged by it."""


def moments(first: date, last: date) -> list[datetime]:
    """Every moment at which a campaign may be due, on any clock."""
    days = [first + timedelta(days=number) for number in range((last - first).days)]
    return sorted(
        datetime.combine(day, time.fromisoformat(at), ZoneInfo(zone or PROJECT_ZONE)).astimezone(UTC)
        for at, falls in TIMES.values()
        for zone in dict.fromkeys(zone or PROJECT_ZONE for zone in ZONES)
        for day in days
        if falls(day)
    )


HEADER = "customer_id,email,time_zone,tier,spent,signed_up_at,account_owner,topics\n"


@dataclass
class Person:
    """A customer as they are now. `tier`: "" before they have one."""

    key: str
    zone: str
    signed_up: date
    owner: str
    tier: str = ""
    spent: float = 0.0

    @property
    def email(self) -> str:
        return f"{self.key}@mail.example"

    @property
    def row(self) -> str:
        fields = (self.key, self.email, self.zone, self.tier, f"{self.spent:.2f}", self.signed_up, self.owner)
        return ",".join(map(str, (*fields, "letters"))) + "\n"


@dataclass
class World:
    """People and files. `people`: those who have come so far, by key."""

    chance: random.Random
    root: Path
    purchases: list[Purchase]
    people: dict[str, Person] = field(default_factory=dict)

    def lay_out(self) -> None:
        """The workspace on disk."""
        for name, text in {
            "config/project.yaml": PROJECT,
            "config/customers.yaml": CUSTOMERS,
            "config/segments.yaml": SEGMENTS,
            "config/senders.yaml": SENDERS,
            "config/policy.yaml": POLICY,
            "templates/letter.html": TEMPLATE,
        }.items():
            self.write(name, text)
        for name, body in CAMPAIGNS.items():
            self.write(f"campaigns/{name}.yaml", CAMPAIGN.format(name=name, body=body))

    def turn_month(self, since: date, until: date, now: datetime) -> tuple[str, str, str, str]:
        """CSV files of what a month brought: customers who came or changed, orders, new tiers, new owners.

        `since`: its first day; `until`: the day after its last; `now`: when that is known.
        """
        orders = [each for each in self.purchases if since <= each.day < until]
        for key, day in first_days(orders).items():
            if key not in self.people:
                zone, owner = self.chance.choice(ZONES), self.chance.choice((*OWNERS, "nobody-we-know", ""))
                self.people[key] = Person(key, zone, day, owner)
        spent: dict[str, float] = dict.fromkeys(self.people, 0.0)
        for each in self.purchases:
            if until - A_YEAR <= each.day < until:
                spent[each.customer] += each.amount
        changed, tiers = [], []
        for person in self.people.values():
            tier = next(name for name, least in TIERS if spent[person.key] >= least)
            if tier != person.tier:
                tiers.append(f"{person.key},{now.isoformat()},{tier}\n")
            if (tier, spent[person.key]) != (person.tier, person.spent):
                person.tier, person.spent = tier, spent[person.key]
                changed.append(person.row)
        new = [f"{person.key},{now.isoformat()},{person.owner}\n" for person in self._came(since)]
        placed = [f"{each.customer},{each.day}T12:00:00,{each.amount}\n" for each in orders]
        return (
            _file(HEADER, changed),
            _file("customer_id,at,amount\n", placed),
            _file("customer_id,at,to\n", tiers),
            _file("customer_id,at,to\n", new),
        )

    def _came(self, since: date) -> Iterable[Person]:
        return (person for person in self.people.values() if person.signed_up >= since)

    def write(self, name: str, text: str) -> Path:
        """A file of the workspace."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path


def _file(header: str, lines: list[str]) -> str:
    return header + "".join(lines) if lines else ""
