"""The embedded way out: every letter an .eml file in a folder, and pages that list them."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import html
import json
import os
import re
from collections.abc import Mapping
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from pathlib import Path

from engine.errors import AccountFault, NotSent, Unknown
from engine.model.letter import Batch, Outcome, Verdict
from engine.providers.base import Account, Idempotency, Limits
from engine.providers.mime_wire import MimeWire
from engine.providers.options import Options

LISTING = "index.jsonl"
PAGE = "index.html"
LISTED = 1000
TAIL_BYTES = 512 * 1024
"""The page shows the newest letters, and only so much of the listing is read for it; the listing has all."""

FOREVER = float("inf")
HEADER = re.compile(rb"^(Subject|To): ((?:[^\r\n]|\r\n[ \t])*)", re.MULTILINE)
SLUG = re.compile(r"[^a-z0-9]+")
LONGEST_SLUG = 48
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Outbox:
    """Writes letters instead of sending them. Options: `folder` (default `outbox`, inside the workspace)."""

    limits = Limits(
        messages=500, bytes=50 * 1024 * 1024, idempotency=Idempotency(lifetime=FOREVER, longest_key=255)
    )

    def __init__(self, name: str, options: Mapping[str, object]) -> None:
        self.name = name
        self.folder = Options(name, options, frozenset({"folder"})).path("folder", "outbox")
        self.merge_wire = None
        self.wire = MimeWire(utf8_addresses=True)

    async def open(self) -> None:
        """Make the folder and try to write in it; AccountFault when that is impossible."""
        await asyncio.to_thread(self.prepare)

    async def probe(self) -> Account:
        """See Probes: the folder may be written."""
        await self.open()
        return Account(f"the folder {self.folder}")

    async def send(self, batch: Batch) -> list[Outcome]:
        """Write each letter whole or not at all, then the folder itself to the disk.

        The same key writes the same file again. Raises NotSent when not even the first letter could be
        written; after that the letters that do not fit are RETRY. Unknown: the disk would not confirm.
        """
        if not len(batch):
            return []
        return await asyncio.to_thread(self.write, batch)

    async def close(self) -> None:
        """Nothing stays open between batches."""

    def prepare(self) -> None:
        """See open."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            trial = self.folder / f".trial-{os.getpid()}"
            trial.write_bytes(b"")
            trial.unlink()
        except OSError as error:
            if error.errno in FULL:
                raise NotSent(
                    f"no room for letters in {self.folder}", help="make room on the disk"
                ) from error
            raise self.unwritten(error) from error

    def write(self, batch: Batch) -> list[Outcome]:
        """See send."""
        outcomes: list[Outcome] = []
        lines: list[bytes] = []
        for number, message in enumerate(batch.messages()):
            name = file_name(batch.references[number] or batch.keys[number], batch.recipients[number])
            try:
                write_whole(self.folder / name, message)
            except OSError as error:
                if not outcomes:
                    raise self.unwritten(error) from error
                detail = f"not written: {error.strerror}"
                outcomes.extend([Outcome(Verdict.RETRY, detail=detail)] * (len(batch) - number))
                break
            outcomes.append(Outcome(Verdict.ACCEPTED, provider_id=name))
            lines.append(listing_line(name, batch.recipients[number], batch.references[number], message))
        self.confirm(lines)
        return outcomes

    def unwritten(self, error: OSError) -> NotSent | AccountFault:
        """The error when nothing can be written."""
        if error.errno in FULL:
            return NotSent(f"no room for letters in {self.folder}", help="make room on the disk")
        return AccountFault(
            f"cannot write letters into {self.folder}: {error.strerror}",
            help="make the folder writable, or name another one in config/project.yaml",
        )

    def confirm(self, lines: list[bytes]) -> None:
        """List the letters and ask the disk to keep the folder; the letters themselves are in it already."""
        # A listing that cannot grow must not make whole letters uncertain, so its errors are passed over.
        with contextlib.suppress(OSError):
            with (self.folder / LISTING).open("ab") as listing:
                listing.write(b"".join(lines))
            write_whole(self.folder / PAGE, page(newest(self.folder / LISTING)))
        try:
            keep(self.folder)
        except OSError as error:
            raise Unknown(
                f"the disk did not confirm the letters in {self.folder}: {error.strerror}"
            ) from error


def newest(listing: Path) -> list[dict[str, object]]:
    """The last letters of the listing, newest first, each once; lines cut short are passed over."""
    with listing.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - TAIL_BYTES))
        lines = file.read().splitlines()
    letters: dict[str, dict[str, object]] = {}
    for line in reversed(lines):
        with contextlib.suppress(ValueError):
            entry = json.loads(line)
            if isinstance(entry, dict):
                letters.setdefault(str(entry.get("file")), entry)
        if len(letters) == LISTED:
            break
    return list(letters.values())


def file_name(reference: str, recipient: str) -> str:
    """A safe, stable name: who and which letter, readable, told apart by a digest of the exact reference."""
    who = SLUG.sub("-", recipient.lower()).strip("-")[:LONGEST_SLUG].strip("-") or "letter"
    which = hashlib.blake2b(reference.encode(), digest_size=8).hexdigest()
    return f"{who}-{which}.eml"


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is either absent, old or complete; nothing is left behind on failure."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def keep(folder: Path) -> None:
    """Ask the disk to keep the folder's entries through a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def listing_line(name: str, recipient: str, reference: str, message: bytes) -> bytes:
    """One letter in the listing: file, to, subject, reference, bytes."""
    entry = {
        "file": name,
        "to": recipient,
        "subject": subject_of(message),
        "reference": reference,
        "bytes": len(message),
    }
    return json.dumps(entry, ensure_ascii=False).encode() + b"\n"


def subject_of(message: bytes) -> str:
    """The subject as people read it."""
    head = message[: message.find(b"\r\n\r\n") + 2]
    found = {match[1]: match[2] for match in HEADER.finditer(head)}
    raw = found.get(b"Subject", b"").replace(b"\r\n", b"").decode("ascii", "replace")
    if "=?" not in raw:
        return raw
    try:
        return str(make_header(decode_header(raw)))
    except (HeaderParseError, LookupError, ValueError):
        return raw


STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#222;"
    "background:#fff}table{border-collapse:collapse;width:100%}td,th{padding:.4rem .6rem;text-align:left;"
    "border-bottom:1px solid #ddd}@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}"
    "a{color:#8bf}td,th{border-color:#444}}"
)


def page(letters: list[dict[str, object]]) -> bytes:
    """The page that lists letters in the order given."""
    rows = "".join(
        f'<tr><td>{escaped(letter, "to")}</td><td><a href="{escaped(letter, "file")}">'
        f"{escaped(letter, 'subject') or '(no subject)'}</a></td></tr>\n"
        for letter in letters
    )
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Outbox</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body>\n'
        f"<h1>Outbox</h1>\n<p>The newest {len(letters)} letters. Open one with any mail program. "
        f'All of them as data: <a href="{LISTING}">{LISTING}</a>.</p>\n<table>\n'
        f"<thead><tr><th>To</th><th>Subject</th></tr></thead>\n<tbody>\n{rows}</tbody></table>\n"
        "</body></html>\n"
    ).encode()


def escaped(letter: dict[str, object], field: str) -> str:
    """A field of a listed letter, safe in HTML."""
    return html.escape(str(letter.get(field, "")))
