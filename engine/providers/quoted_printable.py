"""Bodies as quoted-printable (RFC 2045 section 6.7), with room for personal values of any length.

The standard library's encoder breaks lines wherever the 76th column falls, also inside a token. This one
leaves each token alone on its own physical line, so that whatever is filled in keeps lines short.
"""

from __future__ import annotations

import re

from engine.errors import LetterError
from engine.providers.base import TOKEN

WIDTH = 72
"""Columns before a soft break: 76 less the `=` and less the two a protected first character may add."""

SOFT_BREAK = b"=\r\n"
NEWLINE = re.compile(r"\r?\n")
NEEDS_CODE = re.compile(rb"[^\t\x20-\x3c\x3e-\x7e]")
EASY = re.compile(r"(?!\.|From )[!-<>-~](?:[ -<>-~]{0,70}[!-<>-~])?")
CODES = [b"=%02X" % byte for byte in range(256)]


def encode_body(text: str) -> bytes:
    """A body whose tokens each begin and end a physical line; decodes to exactly the same text."""
    return b"\r\n".join(encode_line(line) for line in NEWLINE.split(text))


def encode_value(value: str) -> bytes:
    """A value for the place of a token: it may span lines, none longer than 76 with what follows it."""
    if EASY.fullmatch(value):
        return value.encode()
    return b"\r\n".join(wrap(utf8(line), ends_line=True) for line in NEWLINE.split(value))


def encode_line(line: str) -> bytes:
    """One line of the text, tokens between soft breaks."""
    pieces: list[bytes] = []
    start = 0
    for found in TOKEN.finditer(line):
        if found.start() > start:
            pieces.append(wrap(utf8(line[start : found.start()]), ends_line=False))
        pieces.append(found[0].encode())
        start = found.end()
    if start < len(line):
        pieces.append(wrap(utf8(line[start:]), ends_line=True))
    return SOFT_BREAK.join(pieces)


def utf8(text: str) -> bytes:
    """The text's bytes; LetterError for half characters, which no mail program could show."""
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise LetterError(
            "the letter's body holds half a character (a lone surrogate)", reason="template_error"
        ) from error


def wrap(raw: bytes, *, ends_line: bool) -> bytes:
    """Bytes as physical lines. `ends_line`: a hard break follows, so white space at the end must be coded."""
    coded = NEEDS_CODE.sub(lambda found: CODES[found[0][0]], raw)
    if ends_line and coded[-1:] in (b" ", b"\t"):
        coded = coded[:-1] + CODES[coded[-1]]
    if len(coded) <= WIDTH:
        return protect(coded)
    lines: list[bytes] = []
    start = 0
    while len(coded) - start > WIDTH:
        stop = start + WIDTH
        cut = coded.rfind(b"=", stop - 2, stop)
        stop = cut if cut != -1 else stop
        lines.append(protect(coded[start:stop]))
        start = stop
    lines.append(protect(coded[start:]))
    return SOFT_BREAK.join(lines)


def protect(line: bytes) -> bytes:
    """A physical line that no old mail program mistakes: not a lone dot, not a mailbox's `From `."""
    if line.startswith((b".", b"From ")):
        return CODES[line[0]] + line[1:]
    return line
