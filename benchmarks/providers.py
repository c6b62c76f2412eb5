"""A letter's cost through every provider: the same newsletter, each time to a double of that API on loopback.

One sender, its whole ledger, one provider after the other; the doubles check each call against the API's rules and
are slow at it, so only the sender's own CPU is told. `python -m benchmarks --only providers` runs it.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.newsletter import write_workspace
from benchmarks.race import ROOT, race, touchbase
from benchmarks.sinks import Sink
from benchmarks.table import Table
from tests.doubles.ses import SECRET_KEY

COLUMNS = ("provider", "people in a call", "calls", "CPU µs a letter", "of it ledger", "peak MB")
ENOUGH = "per_second: 1000000"
"""No pace: what an account allows is not what a letter costs."""


HEARING = "token: a-server-token, webhook_key: a-webhook-key"
"""Who puts a way to unsubscribe of its own into letters must be listened to, or no letter leaves."""


@dataclass(frozen=True)
class Way:
    """A provider's entry in config/project.yaml, with {url} or {port}, and the command that runs its counterpart."""

    name: str
    settings: str
    counterpart: tuple[str, ...]


def _api(name: str, more: str = "token: a-server-token", path: str = "") -> Way:
    settings = f'type: {name}, {more}, url: "{{url}}{path}", {ENOUGH}'
    return Way(name, settings, ("-m", "benchmarks.counterparts", name))


WAYS = (
    _api("postmark", "token: a-server-token, stream: broadcast"),
    _api("sendgrid"),
    _api("mailgun", "token: a-server-token, domain: news.acme.example"),
    _api("ses", f"region: eu-west-1, access_key: AKIDEXAMPLE, secret_key: {SECRET_KEY}"),
    _api("resend"),
    _api("brevo", HEARING, "/v3"),
    _api("sparkpost", HEARING, "/api/v1"),
    _api("mailjet", "token: a-server-token, secret: a-secret, webhook_key: a-webhook-key"),
    _api("mailersend", HEARING),
    Way("smtp", f"type: smtp, host: 127.0.0.1, port: {{port}}, security: none, {ENOUGH}",
        ("-m", "aiosmtpd", "-n", "-c", "aiosmtpd.handlers.Sink", "-l", "127.0.0.1:{port}")),
    Way("outbox", "type: outbox, folder: outbox", ()),
)  # fmt: skip


def measure(folder: Path, customers: int) -> Table:
    """One row for each provider."""
    rows = []
    for way in WAYS:
        workspace = folder / way.name
        with counterpart(way) as address:
            settings = way.settings.format(url=address, port=address.rpartition(":")[2])
            write_workspace(workspace, customers=customers, sink=Sink(settings, 0), url=address)
            touchbase(workspace, "import", "customers", "customers.csv", "--json")
            race("planning", (workspace, "newsletter"), 1)
            found = race("touchbase", (workspace, "newsletter"), 1)
        calls, most, accepted = told(workspace)
        if not found.letters == accepted == customers:
            raise SystemExit(f"{way.name}: {found.letters} handed over, {accepted} accepted, for {customers}")
        rows.append(
            (
                way.name,
                f"{most:,}",
                f"{calls:,}",
                f"{found.microseconds:,.1f}",
                f"{found.ledger / found.cpu:.0%}",
                f"{found.peak:.0f}",
            )
        )
        shutil.rmtree(workspace)
    note = (
        f"{customers:,} letters each, one round, SQLite. So few letters carry what a sender does once, "
        "which a hundred thousand do not feel."
    )
    return Table("providers", COLUMNS, rows, note)


def told(workspace: Path) -> tuple[int, int, int]:
    """Calls made, most letters in one, and letters accepted, as the ledger has them."""
    with contextlib.closing(sqlite3.connect(workspace / "touchbase.db")) as database:
        calls, most = database.execute("SELECT count(*), max(messages) FROM calls").fetchone()
        accepted = database.execute("SELECT count(*) FROM deliveries WHERE state = 'accepted'").fetchone()[0]
    return calls, most, accepted


@contextlib.contextmanager
def counterpart(way: Way) -> Iterator[str]:
    """What answers, as a process of its own; its address."""
    if not way.counterpart:
        yield ""
        return
    with socket.create_server(("127.0.0.1", 0)) as plug:
        port = plug.getsockname()[1]
    own = "{port}" in way.counterpart[-1]
    command = [sys.executable, *(word.format(port=port) for word in way.counterpart)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert process.stdout is not None
        if not own:
            yield process.stdout.readline().strip()
        else:
            listening(port)
            yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def listening(port: int) -> None:
    """Wait until somebody answers there. SystemExit after ten seconds."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise SystemExit("the mail server did not start")
