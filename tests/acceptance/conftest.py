"""A small workspace on disk and the real `touchbase` command.

A command runs in this process, from its words to its exit code, because importing the program anew takes longer than
most commands do; `Desk.process` runs one as its own process, where that is what a test is about.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from engine.cli import run
from tests.nursery import Born

NOW = "2026-11-23T09:00:00+00:00"

PROJECT = """\
project: reading-room
format: 1
time_zone: Europe/London
language: en-GB
database: sqlite:///touchbase.db
provider: outbox
providers:
  outbox: { type: outbox, folder: outbox }
public_url: https://letters.reading.example
signing_key: a-key-for-tests-only
company: { name: Reading Room Ltd, address: "1 Reading Lane, London N1 1AA, United Kingdom" }
topics: { newsletter: Our monthly letter, offers: Offers now and then }
"""
CUSTOMERS = """\
customers:
  key: customer_id
  fields:
    first_name: text
    interests: list
    tier: { one_of: [gold, silver] }
    lifetime_value: number
    signed_up_at: date
    account_owner: text
  csv: { "E-mail": email }
"""
SEGMENTS = """\
segments:
  newsletter-readers:
    title: Asked for the newsletter
    all: [ { subscribed: newsletter } ]
  open-complaint:
    title: Has an open complaint
    all: [ { event: complaint_opened, without_later: complaint_closed } ]
  best-two:
    title: Our two best
    top: 2
    by: lifetime_value
    all: [ { subscribed: newsletter } ]
"""
SENDERS = """\
senders:
  team: { name: Reading Room, email: hello@news.reading.example, reply_to: hello@reading.example }
  priya: { name: Priya at Reading Room, email: priya@news.reading.example }
account-owner: { from_field: account_owner, otherwise: team }
"""
FEEDS = """\
feeds:
  blog: { url: config/feed.xml, backfill: 9 }
"""
OFFERS = """\
offers:
  come-back-15:
    title: 15% off your next order
    code: { unique: "BACK-####-####" }
    valid_for: 14 days
    one_per: customer
    limit: 50
    when_exhausted: send_without
"""
DIGEST = """\
campaign: digest
title: Monthly reading list
status: active
purpose: marketing
intent: give
topic: newsletter
audience: { include: [newsletter-readers], exclude: [open-complaint] }
content:
  feeds:
    posts: { feed: blog, since: last send, pick: 5, at_least: 1, if_fewer: skip }
  offer: come-back-15
  template: letter.html
  subject: "{{ customer.first_name | default('Hello') }}, {{ posts | length }} reads"
  preheader: "{{ posts[0].title }}"
sender: account-owner
"""
TEMPLATE = """\
<!DOCTYPE html>
<html lang="en" dir="ltr"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{{ campaign.title }}</title>
<style>h1 { color: #222222; font-size: 24px; } p { color: #222222; font-size: 16px; line-height: 1.5; }</style></head>
<body><div style="display:none">{{ preheader }}</div>
<h1>Hello {{ customer.first_name | default('you') }}</h1>
{% if customer.tier == 'gold' %}<p>Thank you for being with us so long.</p>{% endif %}
{% for post in posts %}<h2><a href="{{ post.url }}">{{ post.title }}</a></h2><p>{{ post.summary }}</p>{% endfor %}
{% if offer %}<p>{{ offer.title }}: <strong>{{ offer.code }}</strong></p>{% endif %}
<p>{{ sender.name }}, {{ company.name }}, {{ company.address }}</p>
<p><a href="{{ web_url }}">View in browser</a> <a href="{{ preferences_url }}">Preferences</a>
<a href="{{ unsubscribe_url }}">Unsubscribe</a></p></body></html>
"""
PEOPLE = """\
customer_id,E-mail,first_name,interests,tier,lifetime_value,signed_up_at,account_owner,topics
c1,ana@mail.example,Ana,coffee;books,gold,900,2024-01-31,priya,newsletter;offers
c2,bjorn@mail.example,Bjørn,books,silver,120.50,2025-02-28,priya,newsletter
c3,nameless@mail.example,,,,,,,newsletter
c4,left@mail.example,Lena,tea,silver,50,2025-06-01,team,
c5,angry@mail.example,Angus,tea,gold,700,2023-03-03,nobody-we-know,newsletter
"""
COMPLAINTS = "customer_id,at,order\nc5,2026-11-01T10:00:00,17\n"


def feed(*titles: str) -> str:
    """An RSS feed with one item per title, newest first."""
    items = "".join(
        f"<item><title>{title}</title><link>https://blog.reading.example/{number}</link>"
        f"<guid>https://blog.reading.example/{number}</guid>"
        f"<description>About {title}, in a sentence or two.</description>"
        f"<pubDate>{20 - index:02d} Nov 2026 08:00:00 GMT</pubDate></item>"
        for index, (number, title) in enumerate(reversed(list(enumerate(reversed(titles)))))
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>Blog</title>'
        f"<link>https://blog.reading.example/</link>{items}</channel></rss>"
    )


FILES = {
    "config/project.yaml": PROJECT,
    "config/customers.yaml": CUSTOMERS,
    "config/segments.yaml": SEGMENTS,
    "config/senders.yaml": SENDERS,
    "config/feeds.yaml": FEEDS,
    "config/offers.yaml": OFFERS,
    "config/feed.xml": feed("The third post", "The second post", "The first post"),
    "campaigns/digest.yaml": DIGEST,
    "templates/letter.html": TEMPLATE,
    "people.csv": PEOPLE,
    "complaints.csv": COMPLAINTS,
}


@dataclass(frozen=True)
class Answer:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Desk:
    """A workspace folder and the command beside it."""

    root: Path
    people: Path | None = None
    environment: dict[str, str] = field(default_factory=dict)

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def edit(self, name: str, before: str, after: str) -> None:
        text = (self.root / name).read_text(encoding="utf-8")
        assert before in text, f"{before!r} is not in {name}"
        self.write(name, text.replace(before, after))

    def run(self, *arguments: str, now: str = NOW, stdin: str | bytes = "") -> Answer:
        """One command, with what it printed and its exit code. What it does not foresee is raised."""
        given = stdin.encode() if isinstance(stdin, str) else stdin
        with _surroundings(self.root, self._variables(now)), _streams(given) as (out, err):
            code = run(arguments)
        return Answer(code, _said(out), _said(err))

    def process(self, *arguments: str, now: str = NOW) -> Born:
        """The same command as a process of its own."""
        return Born("engine", arguments, self.root, self._variables(now))

    def started(self, *arguments: str, before: Sequence[str], now: str = NOW) -> subprocess.Popen[str]:
        """The same by a command that starts it."""
        return subprocess.Popen(
            [*before, sys.executable, "-m", "engine", *arguments],
            cwd=self.root,
            env=self._variables(now),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _variables(self, now: str) -> dict[str, str]:
        variables = {**os.environ, "TOUCHBASE_NOW": now, "NO_COLOR": "1", **self.environment}
        for name in ("TOUCHBASE_WORKSPACE", "TOUCHBASE_DATABASE_URL"):
            if name not in self.environment:
                variables.pop(name, None)
        return variables

    def json(self, *arguments: str, now: str = NOW) -> Any:
        answer = self.run(*arguments, "--json", now=now)
        assert answer.code == 0, answer.err + answer.out
        return answer.json

    def letters(self) -> list[Path]:
        return sorted((self.root / "outbox").rglob("*.eml"))

    def filled_on(self, url: str) -> Desk:
        """The same on a database of its own; `url`: its address."""
        self.environment["TOUCHBASE_DATABASE_URL"] = url
        self.people = None
        return self.filled()

    def filled(self) -> Desk:
        """With the sample people and their complaint imported; on SQLite as they were once for all tests."""
        if self.people is not None:
            shutil.copy(self.people, self.root / "touchbase.db")
            return self
        self.json("import", "customers", "people.csv")
        self.json("import", "events", "complaints.csv", "--event", "complaint_opened")
        return self


def adds_up(counts: Mapping[str, Any]) -> bool:
    """selected = accepted + skipped + failed + uncertain + pending + held_out."""
    parts: Sequence[int] = [counts[key] for key in ("accepted", "failed", "uncertain", "pending", "held_out")]
    return bool(counts["selected"] == sum(parts) + sum(counts["skipped"].values()))


@contextmanager
def _surroundings(folder: Path, variables: Mapping[str, str]) -> Iterator[None]:
    """Inside a folder, with these environment variables and no others."""
    here, before = Path.cwd(), dict(os.environ)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    try:
        yield
    finally:
        os.chdir(here)
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _streams(given: bytes) -> Iterator[tuple[io.TextIOWrapper, io.TextIOWrapper]]:
    """Standard output and error as a pipe has them, and something on standard input."""
    before = sys.stdin, sys.stdout, sys.stderr
    made = [io.TextIOWrapper(io.BytesIO(content), encoding="utf-8") for content in (given, b"", b"")]
    sys.stdin, sys.stdout, sys.stderr = made
    try:
        yield made[1], made[2]
    finally:
        sys.stdin, sys.stdout, sys.stderr = before


def _said(stream: io.TextIOWrapper) -> str:
    stream.flush()
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode()


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the sample people and their complaint."""
    made = laid_out(tmp_path_factory.mktemp("people")).filled()
    return made.root / "touchbase.db"


def laid_out(root: Path, people: Path | None = None) -> Desk:
    """A fresh workspace in a folder."""
    made = Desk(root, people)
    for name, text in FILES.items():
        made.write(name, text)
    return made


@pytest.fixture
def desk(tmp_path: Path, people: Path) -> Desk:
    """A fresh workspace, nothing imported yet."""
    return laid_out(tmp_path / "workspace", people)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def filled(desk: Desk, request: pytest.FixtureRequest) -> Desk:
    """The same with the sample people and their complaint imported, on each database."""
    if request.param == "postgresql":
        return desk.filled_on(request.getfixturevalue("postgres_url"))
    return desk.filled()
