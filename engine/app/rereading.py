"""Wiring for reading a letter again, exactly as it was sent, however long ago."""

from __future__ import annotations

from pathlib import Path

from engine.app.desk import Desk
from engine.app.letter_files import write_letter
from engine.app.people import find_customer
from engine.errors import UsageError
from engine.flows.readers.replaying import replay
from engine.model.letter import Letter
from engine.providers.mime_wire import MimeWire
from engine.store import deliveries

MOST_DIGITS = 18
"""A longer number fits in no database."""


def letter(desk: Desk, email: str, run: str) -> Letter:
    """The letter a customer got in a run. UsageError where there is none."""
    customer = find_customer(desk, email)
    if not run.isascii() or not run.isdecimal() or len(run) > MOST_DIGITS:
        raise UsageError(f"`{run}` is no run's number", help=f"`touchbase history {email} --json` names them")
    with desk.database.read() as connection:
        row = deliveries.of_customer(connection, int(run), customer.id)
        found = replay(connection, row) if row is not None else None
    if found is None:
        why = (
            f"the letter of run {run} to {email} never left"
            if row is not None
            else f"{email} is not in run {run}"
        )
        raise UsageError(why, help=f"`touchbase history {email}` shows what there was")
    return found


def write(found: Letter, out: Path) -> None:
    """The letter into a file: .html, .txt or .eml."""
    write_letter(out, found.html, found.text, lambda: MimeWire(utf8_addresses=True).encode(found))
