"""What an import says when it is done: numbers that add up, and what a person should know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.flows.intake.reading import Table
from engine.flows.intake.rejects import Rejects
from engine.model.report import ImportReport

NAMES_SHOWN = 8
CERTAIN = ("utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be")
"""Encodings that a file shows; the others are guessed from its letters."""


@dataclass(slots=True)
class Tally:
    """Running numbers of one import."""

    read: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    repeated: int = 0
    moved: int = 0
    subscribed: int = 0
    used: int = 0
    used_by_others: int = 0

    def add(self, added: int, updated: int, unchanged: int) -> None:
        """The outcome of some rows."""
        self.added += added
        self.updated += updated
        self.unchanged += unchanged

    def notes(self, shared: int) -> list[str]:
        """What a person should know about the customers. `shared`: addresses that several customers have."""
        notes = []
        if self.repeated:
            notes.append(
                f"{_rows(self.repeated)} had a key that came before in the file; the last one counts"
            )
        if self.moved:
            notes.append(f"{self.moved:,} changed their address; who had unsubscribed stays unsubscribed")
        if self.subscribed:
            notes.append(f"{self.subscribed:,} new subscriptions to topics")
        if shared:
            notes.append(
                f"{shared:,} address{'' if shared == 1 else 'es'} in the database belong"
                f"{'s' if shared == 1 else ''} to more than one customer; a run writes to each address once"
            )
        return notes

    @property
    def uses(self) -> list[str]:
        """What a person should know about codes that came back."""
        if not self.used:
            return []
        told = "1 code of an offer was used" if self.used == 1 else f"{self.used:,} codes of offers were used"
        if self.used_by_others:
            told += f", {self.used_by_others:,} by somebody else than it was given to"
        return [told]

    def report(self, refused: Rejects, notes: Sequence[str]) -> ImportReport:
        """The finished numbers: read = added + updated + unchanged + rejected."""
        first = [f"{reason}" for reason in refused.first]
        return ImportReport(
            read=self.read,
            added=self.added,
            updated=self.updated,
            unchanged=self.unchanged,
            rejected=refused.count,
            rejects=refused.written,
            notes=(*first, *notes),
        )


def column_notes(table: Table, ignored: Sequence[str]) -> list[str]:
    """How the file was read, where that is not the usual way, and which columns were left out."""
    notes = []
    if table.encoding not in CERTAIN:
        notes.append(f'read as {table.encoding}; if names look wrong, export the file as "CSV UTF-8"')
    named = [f"`{name}`" for name in ignored if name]
    if named:
        more = f" and {len(named) - NAMES_SHOWN} more" if len(named) > NAMES_SHOWN else ""
        notes.append(f"columns left out: {', '.join(named[:NAMES_SHOWN])}{more}")
    return notes


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number:,} rows"
