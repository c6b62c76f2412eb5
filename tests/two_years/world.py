"""The company of one seed: its workspace on disk, and its customers as they are at any moment."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.two_years.purchases import Purchase, first_days

PROJECT_ZONE = "Europe/London"
ZONES = ("", "", "America/New_York", "Australia/Sydney")
"""Half of the people have none: the project's counts."""

OWNERS = ("ines-duarte", "priya-shah", "tomas-berg", "wanda-lee")
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
    signed_up_at: date
    account_owner: text
  events:
    order_placed: { amount: number }
    complaint_opened: { about: text }
    complaint_closed: { about: text }
    owner_set: { to: text }
"""
SEGMENTS = """\
segments:
  everybody: { title: Everybody, all: [ { field: email, known: true } ] }
  newcomers: { title: Just arrived, all: [ { field: signed_up_at, within: 45 days } ] }
  buyers: { title: Bought lately, all: [ { event: order_placed, within: 35 days } ] }
  unhappy: { title: We let them down, all: [ { event: complaint_opened, within: 14 days } ] }
  best: { title: Our best, all: [ { field: tier, is: platinum } ] }
  open-complaint:
    title: We owe them an answer
    all: [ { event: complaint_opened, without_later: complaint_closed } ]
"""
SENDERS = """\
senders:
  team: { name: The Years, email: team@news.years.example }
  ines-duarte:
    name: Ines Duarte
    email: ines-duarte@news.years.example
    away: { from: "2027-07-05", until: "2027-08-20", cover: priya-shah }
  priya-shah:
    name: Priya Shah
    email: priya-shah@news.years.example
    away: { from: "2027-08-02", until: "2027-09-30", cover: tomas-berg }
  tomas-berg:
    name: Tomas Berg
    email: tomas-berg@news.years.example
    at_most: 8 per day
    away: { from: "2028-03-06", until: "2028-04-20", cover: team }
  wanda-lee:
    name: Wanda Lee
    email: wanda-lee@news.years.example
    away: { from: "2027-12-20", until: "2028-02-04", cover: ines-duarte }
account-owner: { from_field: account_owner, otherwise: team }
"""
TIERS = """\
tiers:
  score:
    - { name: spend, sum: order_placed.amount, within: 12 months, bands: [60, 180] }
  give: { platinum: { at_least: 3 points }, gold: { at_least: 2 points }, otherwise: silver }
  keep_for: 3 months
  recompute: every month
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
  cadence:
    by: tier
    platinum: { at_least: every month, personal: every 6 months }
    gold: { at_least: every 2 months }
    otherwise: { at_least: every 5 months }
    grace: 4 days
    fill: [note, owner]
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
CAMPAIGNS |= {
    "note": MARKETING
    + """\
intent: inform
audience: { include: [everybody] }
sender: account-owner
""",
    "visit": MARKETING
    + """\
intent: thank
by: owner
task: { kind: visit, title: "Visit them", due: 5 days, expires: 30 days }
audience: { include: [best] }
schedule: { every: 3 months, starting: "2027-03-10", at: "09:00", if_late: send within 3 days }
cadence: { by: tier, otherwise: every 3 months }
sender: account-owner
""",
}
"""The eight, what fills silences, and one that people carry out."""

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
    "visit": ("09:00", lambda day: day.day == 10 and day.month % 3 == 0),
    "floors": ("09:00", lambda day: True),
    "terms": ("06:00", lambda day: (day.month, day.day) == (6, 6)),
    "welcome": ("10:00", lambda day: (day - date(2027, 1, 4)).days % 14 == 0),
}
"""When somebody had better look: the time and the days of each campaign, and of floors. Nothing is judged by it."""

OWN = {name for name, body in CAMPAIGNS.items() if "time_zone: recipient" in body}
"""Campaigns that come on each reader's own clock."""


def moments(first: date, last: date) -> list[datetime]:
    """Every moment at which a campaign may be due, on any clock."""
    days = [first + timedelta(days=number) for number in range((last - first).days)]
    return sorted(
        datetime.combine(day, time.fromisoformat(at), ZoneInfo(zone or PROJECT_ZONE)).astimezone(UTC)
        for name, (at, falls) in TIMES.items()
        for zone in (
            dict.fromkeys(zone or PROJECT_ZONE for zone in ZONES) if name in OWN else (PROJECT_ZONE,)
        )
        for day in days
        if falls(day)
    )


HEADER = "customer_id,email,time_zone,signed_up_at,account_owner,topics\n"


@dataclass
class Person:
    """A customer as the shop knows them now."""

    key: str
    zone: str
    signed_up: date
    owner: str

    @property
    def email(self) -> str:
        return f"{self.key}@mail.example"

    @property
    def row(self) -> str:
        fields = (self.key, self.email, self.zone, self.signed_up, self.owner)
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
            "config/tiers.yaml": TIERS,
            "templates/letter.html": TEMPLATE,
        }.items():
            self.write(name, text)
        for name, body in CAMPAIGNS.items():
            whole = CAMPAIGN.format(name=name, body=body)
            self.write(f"campaigns/{name}.yaml", whole.split("content:")[0] if "by: owner" in body else whole)

    def turn_month(self, since: date, until: date, now: datetime) -> tuple[str, str, str]:
        """CSV files of what a month brought: customers who came, orders, and whose the customers are.

        `since`: its first day; `until`: the day after its last; `now`: when that is known.
        """
        orders = [each for each in self.purchases if since <= each.day < until]
        came = []
        for key, day in first_days(orders).items():
            if key not in self.people:
                zone, owner = self.chance.choice(ZONES), self.chance.choice((*OWNERS, "nobody-we-know", ""))
                self.people[key] = Person(key, zone, day, owner)
                came.append(self.people[key])
        placed = [f"{each.customer},{each.day}T12:00:00,{each.amount}\n" for each in orders]
        owners = [f"{person.key},{now.isoformat()},{person.owner}\n" for person in came]
        return (
            _file(HEADER, [person.row for person in came]),
            _file("customer_id,at,amount\n", placed),
            _file("customer_id,at,to\n", owners),
        )

    def write(self, name: str, text: str) -> Path:
        """A file of the workspace."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path


def _file(header: str, lines: list[str]) -> str:
    return header + "".join(lines) if lines else ""
