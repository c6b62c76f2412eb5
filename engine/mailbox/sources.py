"""Where mails lie: single files, mbox files, Maildirs and folders of mails, read one mail at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from engine.errors import UsageError

LARGEST = 2_000_000
"""Bytes read of one mail: reports are short, and what they return of our letter stands at their beginning."""

MAILDIR = ("new", "cur")
START = b"From "
"""A file that begins so is an mbox, unless its name says that it is one mail."""

NEXT = re.compile(rb"From \S.*\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b")
"""A line like this after an empty one starts the next mail of an mbox (RFC 4155); a sentence may begin with From."""

ONE_MAIL = frozenset({".eml", ".msg"})


@dataclass(frozen=True, slots=True)
class Source:
    """One mail: the file it lies in, with its number where the file holds several.

    `key`: what the mailbox it came from calls it; "" for a file somebody named.
    """

    file: str
    raw: bytes
    key: str = ""


def mails(paths: list[Path]) -> Iterator[Source]:
    """Every mail under the paths, in the order of their names. UsageError for a path that cannot be read."""
    for path in paths:
        try:
            yield from _under(path)
        except OSError as error:
            raise UsageError(
                f"{error.filename or path} cannot be read: {error.strerror}",
                help="name .eml files, mbox files, Maildirs or folders of mails",
            ) from error


def _under(path: Path) -> Iterator[Source]:
    if not path.is_dir():
        yield from _in_file(path)
        return
    if all((path / name).is_dir() for name in MAILDIR):
        folders = [path / name for name in MAILDIR]
    else:
        folders = [path]
    for folder in folders:
        for entry in sorted(folder.iterdir()):
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                yield from _under(entry)
            elif entry.is_file():
                yield from _in_file(entry)


def _in_file(path: Path) -> Iterator[Source]:
    with path.open("rb") as file:
        if path.suffix.lower() in ONE_MAIL or file.peek(len(START))[: len(START)] != START:
            yield Source(str(path), file.read(LARGEST))
            return
        found = _mbox(file)
        first, second = next(found, b""), next(found, None)
        if second is None:
            yield Source(str(path), first)
            return
        for number, raw in enumerate(chain((first, second), found), start=1):
            yield Source(f"{path}:{number}", raw)


def _mbox(file: BinaryIO) -> Iterator[bytes]:
    """Each mail of an mbox, cut at LARGEST, with at most one of them in memory."""
    lines: list[bytes] = []
    size = 0
    started, after_empty = False, False
    while line := file.readline(LARGEST):
        if NEXT.match(line) if started and after_empty else not started and line.startswith(START):
            if started:
                yield b"".join(lines)
            started, lines, size = True, [], 0
        elif size < LARGEST:
            # `>From ` in a body was `From ` before it was put into the mbox.
            kept = line[1:] if line.startswith(b">") and line.lstrip(b">").startswith(START) else line
            lines.append(kept)
            size += len(kept)
        after_empty = not line.strip()
    if started:
        yield b"".join(lines)
