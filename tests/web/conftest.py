"""A workspace whose letters have gone out, and its web part as a process of its own on loopback."""

from __future__ import annotations

import base64
import contextlib
import email
import email.policy
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from engine.store.database import Database, open_database
from tests.acceptance.conftest import NOW, laid_out

PREFIX = "https://letters.reading.example"
WEBHOOK_KEY = "whsec_" + base64.b64encode(b"the key of the webhook").decode()


CHANGED = (
    "customers",
    "subscriptions",
    "consent",
    "suppressions",
    "preferences",
    "events",
    "heard",
    "deliveries",
)
"""What readers and providers change."""


@dataclass
class House:
    """A running web part. `links[address]` are the personal links of that reader's letter, by their first letter."""

    root: Path
    address: str
    links: dict[str, dict[str, str]]
    html: dict[str, str]
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=20, follow_redirects=False))

    def database(self) -> Database:
        """The workspace's database, to look into."""
        return open_database("sqlite:///touchbase.db", root=self.root)

    def link(self, address: str, kind: str) -> str:
        """A reader's link on this server. `kind`: u, p, w, o or c."""
        return self.address + self.links[address][kind]

    def subscribed(self, customer_id: str) -> dict[str, bool]:
        """What a customer is subscribed to."""
        from sqlalchemy import text

        query = text(
            "SELECT s.topic, s.subscribed FROM subscriptions s JOIN customers c ON c.id = s.customer"
            " WHERE c.customer_id = :key"
        )
        with self.database() as database, database.read() as connection:
            return {topic: bool(yes) for topic, yes in connection.execute(query, {"key": customer_id})}

    def count(self, table: str) -> int:
        """How many rows a table has."""
        from sqlalchemy import text

        with self.database() as database, database.read() as connection:
            return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


@pytest.fixture(scope="session")
def sent_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that tracks, with three letters in its outbox; never changed by a test."""
    made = laid_out(tmp_path_factory.mktemp("web") / "workspace")
    made.edit(
        "config/project.yaml",
        "providers:\n",
        "tracking: { opens: true, clicks: true }\nproviders:\n"
        f"  resend: {{ type: resend, token: t, webhook_key: {WEBHOOK_KEY} }}\n"
        "  keyless: { type: resend, token: t }\n",
    )
    made.json("import", "customers", "people.csv")
    made.json("import", "events", "complaints.csv", "--event", "complaint_opened")
    assert made.json("send", "digest")["accepted"] == 3
    return made.root


@pytest.fixture(scope="session")
def one_house(sent_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A copy of that workspace with its server running."""
    root = tmp_path_factory.mktemp("house") / "workspace"
    shutil.copytree(sent_workspace, root)
    yield from running(root)


@pytest.fixture
def house(one_house: House, sent_workspace: Path) -> House:
    """The running house with the database as it was when the letters had gone out."""
    with contextlib.closing(sqlite3.connect(one_house.root / "touchbase.db", isolation_level=None)) as now:
        now.execute("ATTACH ? AS original", (str(sent_workspace / "touchbase.db"),))
        now.execute("BEGIN IMMEDIATE")
        for table in CHANGED:
            now.execute(f"DELETE FROM {table}")
            now.execute(f"INSERT INTO {table} SELECT * FROM original.{table}")
        now.execute("COMMIT")
    return one_house


def running(root: Path) -> Iterator[House]:
    """The server of a workspace, stopped by SIGTERM afterwards."""
    environment = {**os.environ, "TOUCHBASE_NOW": NOW}
    environment.pop("TOUCHBASE_WORKSPACE", None)
    server = subprocess.Popen(
        [sys.executable, "-m", "engine", "serve", "--port", "0", "--json"],
        cwd=root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    said = "".join(iter(lambda: server.stdout.readline() or "}", "}\n")) + "}"  # type: ignore[union-attr]
    links, html = letters_of(root)
    made = House(root, json.loads(said)["address"], links, html)
    try:
        yield made
    finally:
        made.client.close()
        server.terminate()
        _, errors = server.communicate(timeout=30)
        assert "Traceback" not in errors, errors


def letters_of(root: Path) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """For every letter in the outbox its personal links and its HTML, by the reader's address."""
    links: dict[str, dict[str, str]] = {}
    html: dict[str, str] = {}
    for path in sorted((root / "outbox").rglob("*.eml")):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        address = message["To"].addresses[0].addr_spec
        part = message.get_body(("html",))  # type: ignore[attr-defined]
        html[address] = part.get_content().replace("\r\n", "\n")
        found = re.findall(rf'(?:href|src)="{re.escape(PREFIX)}(/(\w)/[^"]+)"', html[address])
        links[address] = {kind: link for link, kind in reversed(found)}
    return links, html
