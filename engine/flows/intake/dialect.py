"""Which character separates the cells: judged by the first rows, never by the first row alone."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence

DELIMITERS = (",", ";", "\t", "|")
ROWS_JUDGED = 30
SEPARATOR_LINE = re.compile(r"^sep=(.)\r?\n?$", re.IGNORECASE)
"""The first line Excel writes and reads to name the separator."""


def declared_delimiter(first_line: str) -> str:
    """The separator that a `sep=;` line names, or an empty text."""
    found = SEPARATOR_LINE.match(first_line)
    return found.group(1) if found else ""


def find_delimiter(lines: Sequence[str]) -> str:
    """The delimiter under which the most rows have as many cells as the header, and the header more than one.

    A file with a single column has none; the comma is as good as any.
    """
    ranked = max(DELIMITERS, key=lambda delimiter: _agreement(lines, delimiter))
    return ranked if _agreement(lines, ranked)[1] > 1 else ","


def _agreement(lines: Sequence[str], delimiter: str) -> tuple[float, int]:
    """The share of rows as wide as the header (0 for a header of one cell), and the header's width."""
    try:
        rows = [row for row in csv.reader(lines, delimiter=delimiter) if row][:ROWS_JUDGED]
    except csv.Error:
        rows = [row for row in csv.reader(lines[:1], delimiter=delimiter) if row]
    if not rows or len(rows[0]) < 2:
        return (0.0, 1)
    widths = Counter(len(row) for row in rows)
    return (round(widths[len(rows[0])] / len(rows), 1), len(rows[0]))
