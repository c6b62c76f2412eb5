"""What a file's bytes stand for: its mark first, then UTF-8 if it fits, then the likeliest code page."""

from __future__ import annotations

import codecs
import re
from typing import BinaryIO

CHUNK = 1 << 20
SAMPLE = 1 << 16
"""Bytes of lines with foreign characters that are enough to tell a code page."""

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

CODE_PAGES = (
    "cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258",
    "cp932", "gb18030", "big5", "cp949", "cp874", "mac_roman", "cp850", "cp437", "koi8_r",
)  # fmt: skip
"""What Excel and LibreOffice call "ANSI" around the world, and the old Macintosh and DOS pages."""

WESTERN = re.compile(
    "[^\x00-\x7f\xa0ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝßàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿŒœŠšŽžŸ€£°º’‘“”–—…´«»©®]"
)
FOREIGN_RUN = re.compile(rb"[\x80-\xff]{3,}")
LOWER_THEN_CAPITAL = re.compile("[a-z][ŠŽŸÀ-ÖØ-Ý]")


def find_encoding(stream: BinaryIO) -> str:
    """The name of the encoding, for Python's codecs. Reads the whole stream once and leaves it at its start.

    A byte order mark decides; without one, UTF-16 is known by its zero bytes and UTF-8 by being valid to the
    last byte (so that one Latin-1 name on line 900,000 is noticed), or in half of its lines with foreign
    letters: then the others are at fault. Anything else is an 8-bit code page.
    """
    head = stream.read(4096)
    stream.seek(0)
    for mark, name in MARKS:
        if head.startswith(mark):
            return name
    wide = _wide(head)
    if wide:
        return wide
    if _is_utf8(stream):
        return "utf-8"
    foreign = _foreign_lines(stream)
    if _mostly_utf8(foreign):
        return "utf-8"
    return _code_page(b"\n".join(foreign)[:SAMPLE])


def _wide(head: bytes) -> str:
    """UTF-16 without its mark: western text has a zero in nearly every other place."""
    if len(head) < 4:
        return ""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if odd > half * 0.4 and even < half * 0.05:
        return "utf-16-le"
    if even > half * 0.4 and odd < half * 0.05:
        return "utf-16-be"
    return ""


def _is_utf8(stream: BinaryIO) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    try:
        while chunk := stream.read(CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    else:
        return True
    finally:
        stream.seek(0)


def _mostly_utf8(lines: list[bytes]) -> bool:
    """Letters of a code page next to each other hardly ever happen to be UTF-8: a few such lines are proof."""
    return sum(_decodes(line, "utf-8") for line in lines) * 2 >= max(1, len(lines))


def _foreign_lines(stream: BinaryIO) -> list[bytes]:
    """The first lines that hold bytes beyond ASCII, SAMPLE bytes of them at most."""
    kept: list[bytes] = []
    size = 0
    while size < SAMPLE and (chunk := stream.read(CHUNK)):
        for line in chunk.splitlines():
            if not line.isascii():
                kept.append(line)
                size += len(line)
    stream.seek(0)
    return kept


def _code_page(sample: bytes) -> str:
    """Western Europe where the letters look it, else what charset-normalizer's statistics say."""
    if not FOREIGN_RUN.search(sample):
        for page in ("cp1252", "mac_roman"):
            if _looks_western(sample, page):
                return page
    from charset_normalizer import from_bytes

    best = from_bytes(sample, cp_isolation=list(CODE_PAGES), enable_fallback=False).best()
    if best is not None:
        return best.encoding
    return "cp1252" if _decodes(sample, "cp1252") else "latin-1"


def _looks_western(sample: bytes, page: str) -> bool:
    if not _decodes(sample, page):
        return False
    text = sample.decode(page)
    return not WESTERN.search(text) and not LOWER_THEN_CAPITAL.search(text)


def _decodes(sample: bytes, encoding: str) -> bool:
    try:
        sample.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
