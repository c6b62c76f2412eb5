"""Wiring for a digest on a screen or in a file; nothing is sent and nothing kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.app import digest_letters
from engine.app.desk import Desk
from engine.app.digesting import digest_of, lapsing_of
from engine.app.letter_files import write_letter
from engine.app.owners import sender_name
from engine.model.digest import Digest
from engine.providers.mime_wire import MimeWire


@dataclass(frozen=True, slots=True)
class Shown:
    """A digest and the letter it makes."""

    digest: Digest
    subject: str
    text: str


def show(desk: Desk, owner: str, out: Path | None = None) -> Shown:
    """The digest as it would leave now; `out`: the letter also into a file, .html, .txt or .eml."""
    name = sender_name(desk, owner)
    # Columns are added in a transaction of their own, before ours begins.
    assert desk.fields is not None
    lapsing = lapsing_of(desk, [name])
    with desk.database.read() as connection:
        digest = digest_of(desk, connection, name, lapsing)
    wire = MimeWire(utf8_addresses=True)
    letter = digest_letters.letter_of(desk, digest, wire)
    if out is not None:
        write_letter(out, letter.html, letter.text, lambda: wire.encode(letter))
    return Shown(digest, letter.subject, letter.text)
