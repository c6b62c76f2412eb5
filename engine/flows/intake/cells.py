"""Cells that a spreadsheet would run as a formula: guarded on the way out, freed again on the way in."""

from __future__ import annotations

import re

DANGEROUS = re.compile("^'*[=+\\-@\t\r\n]")
"""OWASP, "CSV Injection": cells that begin like this are formulas to Excel and LibreOffice."""
GUARDED = re.compile("^'+[=+\\-@\t\r\n]")


def guard(cell: str) -> str:
    """The cell with an apostrophe before it where a spreadsheet would run it."""
    return f"'{cell}" if DANGEROUS.match(cell) else cell


def unguard(cell: str) -> str:
    """The cell as it was before `guard`."""
    return cell[1:] if GUARDED.match(cell) else cell
