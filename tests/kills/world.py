"""A workspace with many small variants, so that a run is many calls, each of which can be broken off."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from engine.app.verbs import App
from engine.store.database import Database, open_database

CAMPAIGN = "note"
OWNERS, PEOPLE = 12, 60

TEMPLATE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Note</title></head><body>
<p>Dear {{ customer.first_name }}, your code is {{ offer.code }}.</p><p>{{ sender.name }}, {{ company.address }}</p>
<p><a href="{{ unsubscribe_url }}">Leave</a> <a href="{{ preferences_url }}">Choose</a></p></body></html>
"""


def files(address: str, database: str) -> dict[str, str]:
    """The workspace's files. `address`: the email API. `database`: as in config/project.yaml."""
    senders = "".join(f"  s{n}: {{ name: S{n}, email: s{n}@news.acme.example }}\n" for n in range(OWNERS))
    people = "".join(f"c{n},c{n}@mail.example,Name {n},s{n % OWNERS},news\n" for n in range(PEOPLE))
    return {
        "config/project.yaml": (
            f"project: kills\nformat: 1\ndatabase: {database}\nprovider: api\nallow_private_networks: true\n"
            f"providers:\n  api: {{ type: postmark, token: a-server-token, url: {address} }}\n"
            "signing_key: a-key-for-tests-only\npublic_url: https://acme.example\n"
            'company: { name: Acme, address: "1 Reading Lane, London" }\ntopics: { news: News }\n'
        ),
        "config/customers.yaml": (
            "customers: { key: customer_id, fields: { first_name: text, account_owner: text } }\n"
        ),
        "config/segments.yaml": "segments: { everybody: { title: All, all: [ { subscribed: news } ] } }\n",
        "config/offers.yaml": (
            'offers: { thanks: { title: Thanks, code: { unique: "T-####-####" }, one_per: letter, when_exhausted: stop } }\n'
        ),
        "config/senders.yaml": (
            f"senders:\n{senders}account-owner: {{ from_field: account_owner, otherwise: s0 }}\n"
        ),
        f"campaigns/{CAMPAIGN}.yaml": (
            f"campaign: {CAMPAIGN}\nstatus: active\npurpose: marketing\ntopic: news\n"
            "audience: { include: [everybody] }\nsender: account-owner\n"
            "content: { template: note.html, subject: Hello, offer: thanks }\n"
        ),
        "templates/note.html": TEMPLATE,
        "people.csv": f"customer_id,email,first_name,account_owner,topics\n{people}",
    }


@dataclass(frozen=True)
class World:
    """A workspace on disk, its email API's log, and its database's address."""

    root: Path
    log: Path
    url: str

    @contextmanager
    def database(self) -> Iterator[Database]:
        """To look into."""
        with open_database(self.url, root=self.root) as database:
            yield database

    def sent(self) -> Counter[str]:
        """How often the API accepted each letter, by our own id of it."""
        if not self.log.exists():
            return Counter()
        lines = [line for line in self.log.read_bytes().split(b"\n") if line]
        return Counter(json.loads(line)["message"]["Metadata"]["reference"] for line in lines)

    def states(self, occurrence: str) -> dict[str, str]:
        """Each letter of an occurrence by our own id, and its state in the ledger."""
        query = text(
            "SELECT m.value, d.id, d.state FROM deliveries d JOIN runs r ON r.id = d.run, meta m"
            " WHERE m.key = 'install_id' AND r.occurrence = :occurrence"
        )
        with self.database() as database, database.read() as connection:
            rows = connection.execute(query, {"occurrence": occurrence}).fetchall()
        return {f"{install[:8]}-{number}": state for install, number, state in rows}

    def codes(self) -> int:
        """How many codes belong to more than one letter, or to none although they are reserved."""
        query = text(
            "SELECT count(*) FROM codes WHERE state <> 'free' AND"
            " (delivery IS NULL OR delivery NOT IN (SELECT id FROM deliveries))"
        )
        with self.database() as database, database.read() as connection:
            return int(connection.execute(query).scalar_one())


def make_world(folder: Path, address: str, log: Path, url: str = "sqlite:///touchbase.db") -> World:
    """Lays the workspace out and imports its people."""
    root = folder / "workspace"
    for name, content in files(address, url).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    app = App.open(root)
    app.import_customers(root / "people.csv")
    app.close()
    return World(root, log, url)
