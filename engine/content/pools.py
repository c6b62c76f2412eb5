"""Ready-made codes from a file: one a line, or the first column of whatever a shop exported."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from engine.errors import ImportRefused

MOST_CHARACTERS = 100
HEADINGS = frozenset(
    {
        "code",
        "codes",
        "coupon",
        "coupons",
        "coupon code",
        "discount code",
        "promo code",
        "voucher",
        "voucher code",
    }
)
DELIMITERS = ",;\t|"


@dataclass(frozen=True, slots=True)
class Pool:
    """`codes`: each once, in the file's order. `repeated`: how many lines said one again.

    `unusable`: line numbers of codes that are too long or hold characters nobody can type.
    """

    codes: tuple[str, ...]
    repeated: int
    unusable: tuple[int, ...]


def read_pool(content: bytes, name: str) -> Pool:
    """The codes in a file's bytes; `name` is how errors call it.

    A byte order mark, a heading, quotes, blank lines, further columns and repeated codes are all no problem.

    Raises:
        ImportRefused: it is not text, or holds no code at all.
    """
    text = _decoded(content, name)
    codes: dict[str, None] = {}
    repeated, unusable, first = 0, [], True
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    for row in rows:
        code = row[0].strip() if row else ""
        if not code or (first and code.casefold() in HEADINGS):
            first = first and not code
            continue
        first = False
        if len(code) > MOST_CHARACTERS or not code.isprintable():
            unusable.append(rows.line_num)
        elif code in codes:
            repeated += 1
        else:
            codes[code] = None
    if not codes:
        raise ImportRefused(f"`{name}` has no codes in it", help="write one code a line")
    return Pool(tuple(codes), repeated, tuple(unusable))


def _decoded(content: bytes, name: str) -> str:
    """The text: UTF-8 or UTF-16 with its mark, else what old spreadsheets write."""
    for encoding in ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise ImportRefused(f"`{name}` is not a text file", help="save the codes as CSV (UTF-8)")


def _delimiter(text: str) -> str:
    """The sign between columns that the first lines use most; a file of single codes uses none."""
    start = text[:4000]
    return max(DELIMITERS, key=start.count)
