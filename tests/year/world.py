"""The world of one seed: its people on sixty clocks, their workspace on disk, and the blog."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from tests.year.reckoning import FORMS, NEWS

START, END = date(2027, 2, 15), date(2028, 3, 5)
"""With a 28 February, a 29 February, and two changes of every clock that changes."""

ZONES = (
    "Pacific/Kiritimati", "Pacific/Apia", "Pacific/Chatham", "Pacific/Auckland", "Pacific/Fiji", "Pacific/Norfolk",
    "Australia/Lord_Howe", "Australia/Sydney", "Australia/Brisbane", "Australia/Adelaide", "Australia/Darwin",
    "Australia/Eucla", "Australia/Perth", "Asia/Tokyo", "Asia/Shanghai", "Asia/Singapore", "Asia/Bangkok",
    "Asia/Yangon", "Asia/Dhaka", "Asia/Kathmandu", "Asia/Kolkata", "Asia/Karachi", "Asia/Kabul", "Asia/Dubai",
    "Asia/Tehran", "Asia/Baku", "Europe/Moscow", "Asia/Riyadh", "Africa/Nairobi", "Africa/Cairo", "Asia/Jerusalem",
    "Asia/Beirut", "Europe/Athens", "Europe/Helsinki", "Europe/Berlin", "Europe/Oslo", "Africa/Lagos", "Africa/Casablanca",
    "Europe/London", "Europe/Dublin", "Europe/Lisbon", "Africa/Accra", "Atlantic/Azores", "Atlantic/Cape_Verde",
    "America/Nuuk", "America/Sao_Paulo", "America/St_Johns", "America/Halifax", "America/Santiago", "America/Asuncion",
    "America/New_York", "America/Havana", "America/Chicago", "America/Mexico_City", "America/Denver", "America/Phoenix",
    "America/Los_Angeles", "America/Anchorage", "Pacific/Marquesas", "Pacific/Honolulu",
)  # fmt: skip
assert len(set(ZONES)) == 60
UNKNOWN = ("",)
"""Nobody knows their clock: the project's counts."""

PROJECT_ZONE = "Europe/London"
FEW, SOME = 12, 90
"""How many of the people are in the small groups; everybody is in `all`."""

PROJECT = """\
project: a-year
format: 1
time_zone: Europe/London
language: en-GB
database: sqlite:///touchbase.db
provider: outbox
public_url: https://letters.year.example
signing_key: a-key-for-tests-only
company: { name: The Year Ltd, address: "1 Year Lane, London N1 1AA, United Kingdom" }
topics: { letters: Our letters }
"""
CUSTOMERS = """\
customers:
  key: customer_id
  fields: { group: list, born: date, renews: date }
"""
SEGMENTS = """\
segments:
  few: { title: A few, all: [ { field: group, contains: few } ] }
  some: { title: Some, all: [ { field: group, contains: some } ] }
  all: { title: Everybody, all: [ { subscribed: letters } ] }
"""
SENDERS = "senders:\n  team: { name: The Year, email: hello@news.year.example }\n"
FEEDS = "feeds:\n  blog: { url: config/feed.xml, backfill: 0, check_every: 30 minutes }\n"
CAMPAIGN = """\
campaign: {name}
status: active
purpose: marketing
topic: letters
audience: {{ include: [{group}] }}
schedule: {{ {schedule} }}
content: {{ {content}template: letter.html, subject: "{subject}", preheader: "Something for you that could not wait, and no more than that" }}
sender: team
"""
TEMPLATE = """\
<!DOCTYPE html>
<html lang="en" dir="ltr"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{ campaign.id }}</title></head>
<body><div style="display:none">{{ preheader }}</div><h1>Hello</h1>
<p>{{ company.name }}, {{ company.address }}</p>
<p><a href="{{ web_url }}">View in browser</a> <a href="{{ unsubscribe_url }}">Unsubscribe</a></p></body></html>
"""


@dataclass
class Person:
    """`zone` as it is written; `zones`: every clock they ever had, with the moment they took it up."""

    number: int
    zone: str
    born: date | None
    renews: date | None
    groups: tuple[str, ...]

    @property
    def key(self) -> str:
        return f"c{self.number}"

    @property
    def email(self) -> str:
        return f"c{self.number}@mail.example"

    @property
    def row(self) -> str:
        born, renews = (str(day) if day else "" for day in (self.born, self.renews))
        return f"{self.key},{self.email},{self.zone},{';'.join(self.groups)},{born},{renews},letters\n"


HEADER = "customer_id,email,time_zone,group,born,renews,topics\n"


@dataclass
class World:
    """People and files. `posts`: titles on the blog, the newest first."""

    chance: random.Random
    root: Path
    people: list[Person] = field(default_factory=list)
    posts: list[str] = field(default_factory=list)

    def populate(self, number: int) -> None:
        """So many people; birthdays crowd on some days, 29 February among them."""
        birthdays = [(2, 28), (2, 29), (3, 1), (12, 31), (1, 1), *((month, 9) for month in range(1, 13))]
        renewals = [START + timedelta(days=self.chance.randint(10, 400)) for _ in range(20)]
        for place in range(number):
            month, day = self.chance.choice(birthdays)
            year = self.chance.choice([1968, 1984, 1996, 2004])
            groups = ["all", *(["some"] if place < SOME else []), *(["few"] if place < FEW else [])]
            zone = ZONES[place % len(ZONES)] if place % 50 else self.chance.choice(UNKNOWN)
            self.people.append(
                Person(
                    place + 1,
                    zone,
                    date(year, month, day) if self.chance.random() < 0.9 else None,
                    self.chance.choice(renewals) if self.chance.random() < 0.3 else None,
                    tuple(groups),
                )
            )

    def lay_out(self) -> None:
        """The workspace on disk."""
        for name, text in {
            "config/project.yaml": PROJECT,
            "config/customers.yaml": CUSTOMERS,
            "config/segments.yaml": SEGMENTS,
            "config/senders.yaml": SENDERS,
            "config/feeds.yaml": FEEDS,
            "templates/letter.html": TEMPLATE,
            "people.csv": HEADER + "".join(person.row for person in self.people),
        }.items():
            self.write(name, text)
        for form in FORMS:
            written = CAMPAIGN.format(
                name=form.name, group=form.group, schedule=form.schedule, content="", subject=form.name
            )
            self.write(f"campaigns/{form.name}.yaml", written)
        news = CAMPAIGN.format(
            name=NEWS,
            group="few",
            schedule="when: new posts, at_most: 1 per day",
            content="feeds: { posts: { feed: blog, pick: 9 } }, ",
            subject=NEWS + "{% for post in posts %} {{ post.title }}{% endfor %}",
        )
        self.write(f"campaigns/{NEWS}.yaml", news)
        self.publish()

    def publish(self) -> None:
        """The blog as it is now."""
        items = "".join(
            f"<item><title>{title}</title><link>https://blog.year.example/{title}</link>"
            f"<guid>https://blog.year.example/{title}</guid><description>About {title}.</description></item>"
            for title in [*self.posts, "p0"]
        )
        self.write(
            "config/feed.xml",
            '<?xml version="1.0"?><rss version="2.0"><channel><title>Blog</title>'
            f"<link>https://blog.year.example/</link>{items}</channel></rss>",
        )

    def write(self, name: str, text: str) -> None:
        """A file of the workspace."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
