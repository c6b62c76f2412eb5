"""Whose fault a refusal is: one sender's, as long as letters of others are taken, or the account's.

A provider that does not know a sender's address says much the same as one that does not know us. Who else is taken
tells the two apart, whichever provider it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from engine.errors import ProviderError
from engine.store.ledger import renewing

if TYPE_CHECKING:
    from sqlalchemy import Connection

REST = timedelta(hours=1)
"""How long the letters of a sender who was refused wait: a person has to do something about it."""


@dataclass
class Senders:
    """The senders of one run at one way out. `names`: of each variant. `taken`, `refused`: by this process so far."""

    names: Mapping[int, str]
    taken: set[str] = field(default_factory=set)
    refused: dict[str, ProviderError] = field(default_factory=dict)

    def took(self, variant: int) -> None:
        """Letters of the variant were taken."""
        self.taken.add(self.names.get(variant, ""))

    def blame(
        self, connection: Connection, run: int, variant: int, way: str, error: ProviderError, now: datetime
    ) -> bool:
        """Holds the letters of the variant's sender back; False where the account is at fault, and none are held.

        That is when nobody else's letters were taken, and none are left to try.
        """
        sender = self.names.get(variant, "")
        self.refused[sender] = error
        others = [number for number, name in self.names.items() if name not in self.refused]
        if sender and (self.taken - {*self.refused} or renewing.waiting(connection, run, others, now)):
            detail = f"{way} does not take letters from {sender}: {error.message}"
            renewing.hold_back(connection, run, self._of(sender), now + REST, detail, now)
            return True
        for name in self.refused:
            renewing.let_go(connection, run, self._of(name), now)
        self.refused.clear()
        return False

    def in_words(self, way: str) -> list[str]:
        """Who was refused, for a person to read."""
        return [
            f"letters from {name} wait for an hour: {way}: {error.message}"
            + (f"; {error.help}" if error.help else "")
            for name, error in self.refused.items()
        ]

    def _of(self, sender: str) -> list[int]:
        return [number for number, name in self.names.items() if name == sender]
