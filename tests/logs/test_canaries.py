"""Canaries: keys, tokens and addresses that must not be found in logs, on the console or in errors (F-68).

The API on loopback repeats all it was told in its errors, as careless ones do, and everything runs at the level debug.
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from tests.acceptance.conftest import Desk
from tests.web.conftest import letters_of

TOKEN, SIGNING, WEBHOOK = "canary-token-5f1d", "canary-signing-77aa", "canary-webhook-9c3e"
SECRETS = (TOKEN, SIGNING, WEBHOOK)
PEOPLE = ("ana@mail.example", "bjorn@mail.example", "nameless@mail.example")


class Echo(BaseHTTPRequestHandler):
    """Answers every call with the status its path names, and with everything it was told."""

    status = 401

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0"))).decode("utf-8", "replace")
        told = json.dumps({"ErrorCode": 10, "Message": f"{dict(self.headers)} said {body[:20000]}"}).encode()
        self.send_response(self.status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@contextlib.contextmanager
def careless_api(status: int) -> Iterator[str]:
    handler = type("Careless", (Echo,), {"status": status})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Heard:
    """Everything a process wrote: `logs` may hold no address, nothing at all may hold a secret."""

    everything: list[str] = field(default_factory=list)
    logs: list[str] = field(default_factory=list)

    def listen(self, out: str, err: str) -> None:
        self.everything += [out, err]
        self.logs.append(err)

    def check(self) -> None:
        written, logs = "\n".join(self.everything), "\n".join(self.logs)
        assert not [secret for secret in SECRETS if secret in written]
        assert not [person for person in PEOPLE if person in logs or person.replace("@", "%40") in logs]


@pytest.fixture
def house(desk: Desk) -> Desk:
    desk.filled()
    desk.environment = {
        "CANARY_TOKEN": TOKEN,
        "CANARY_SIGNING": SIGNING,
        "CANARY_WEBHOOK": WEBHOOK,
        "TOUCHBASE_LOG_LEVEL": "debug",
        "TOUCHBASE_LOG_FORMAT": "json",
    }
    desk.edit("config/project.yaml", "a-key-for-tests-only", "!secret CANARY_SIGNING")
    desk.edit(
        "config/project.yaml",
        "provider: outbox\nproviders:\n",
        "provider: outbox\nallow_private_networks: true\nproviders:\n"
        "  pm: { type: postmark, token: !secret CANARY_TOKEN, webhook_key: !secret CANARY_WEBHOOK }\n",
    )
    return desk


def run(house: Desk, heard: Heard, *words: str) -> int:
    """A command as its own process, every word of it heard."""
    process = house.process(*words)
    heard.listen(*process.communicate(timeout=120))
    return process.returncode


@pytest.mark.parametrize("status", [401, 422, 500])
def test_a_send_that_is_refused_tells_no_canary(house: Desk, status: int) -> None:
    heard = Heard()
    with careless_api(status) as address:
        house.edit("config/project.yaml", "!secret CANARY_WEBHOOK", f"!secret CANARY_WEBHOOK, url: {address}")
        house.edit("config/project.yaml", "provider: outbox\n", "provider: pm\n")
        assert run(house, heard, "check", "--json") == 0
        run(house, heard, "send", "digest", "--yes", "--json")
        run(house, heard, "send", "digest", "--yes")
        run(house, heard, "status")
        run(house, heard, "runs", "--json")
    heard.check()
    assert any("digest" in line for line in heard.logs), "it logged what it did"


def test_a_database_that_refuses_us_tells_no_canary(house: Desk) -> None:
    heard = Heard()
    house.environment["TOUCHBASE_DATABASE_URL"] = f"postgresql://mailer:{TOKEN}@127.0.0.1:1/mail"
    assert run(house, heard, "runs") == 5
    assert run(house, heard, "runs", "--json") == 5
    heard.check()


def test_the_web_part_tells_no_canary(house: Desk) -> None:
    heard = Heard()
    assert run(house, heard, "send", "digest") == 0
    links, _ = letters_of(house.root)
    server = house.process("serve", "--port", "0", "--json")
    assert server.stdout is not None
    address = json.loads("".join(iter(lambda: server.stdout.readline() or "}", "}\n")) + "}")["address"]
    with httpx.Client(base_url=address, timeout=20) as client:
        for person, own in links.items():
            assert client.get(own["u"]).status_code == 200
            assert client.get(f"{own['u']}x", params={"email": person}).status_code == 404
            assert client.get(own["w"]).status_code == 200
        forged = client.post(
            "/webhooks/pm", json={"Email": PEOPLE[0]}, headers={"Authorization": "Basic eDp5"}
        )
        assert forged.status_code in (401, 403)
        break_database(house.root / "touchbase.db")
        assert client.get(links[PEOPLE[0]]["u"]).status_code >= 500
    server.terminate()
    heard.listen(*server.communicate(timeout=60))
    heard.check()
    tokens = [
        token for own in links.values() for link in own.values() for token in re.findall(r"/\w/([^/]+)", link)
    ]
    assert len(tokens) > len(links)
    assert not [token for token in tokens if token.removesuffix(".gif") in heard.logs[-1]]
    events = [json.loads(line)["event"] for line in heard.logs[-1].splitlines()]
    assert "news refused" in events
    assert "page broke" in events


def break_database(path: Path) -> None:
    """A table is gone, as no check at opening can find out."""
    import sqlite3

    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("ALTER TABLE deliveries RENAME TO deliveries_gone")
        connection.commit()
