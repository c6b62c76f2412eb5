"""What no cell may hold: control characters, bytes that are no letter, whole documents."""

from __future__ import annotations

import re

LONGEST_CELL = 10_000
"""Characters; longer cells are documents, not facts about a person."""
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|[\ud800-\udfff]")
"""No keyboard types these; PostgreSQL cannot keep the first, a letter's header must not carry the others."""


def check_cell(cell: str) -> None:
    """Raises ValueError for what no cell may hold: control characters, half characters, whole documents."""
    found = CONTROL.search(cell)
    if found and "\udc80" <= found[0] <= "\udcff":
        raise ValueError(f"holds the byte 0x{ord(found[0]) - 0xDC00:02X}, which is no letter in this file")
    if found:
        raise ValueError(f"holds a control character (U+{ord(found[0]):04X})")
    if len(cell) > LONGEST_CELL:
        raise ValueError(f"is longer than {LONGEST_CELL:,} characters")
