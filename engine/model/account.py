"""Accounts as the doors are told of them: their people, what these are there, and whose they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.model.report import HistoryLine


@dataclass(frozen=True, slots=True)
class ContactLine:
    """One person of an account. `last`: the last touch, by a letter or by a person."""

    customer_id: str
    email: str
    role: str = ""
    owner: str = ""
    last: HistoryLine | None = None

    def as_json(self) -> dict[str, object]:
        """One object of `contacts`."""
        return {
            "customer_id": self.customer_id,
            "email": self.email or None,
            "role": self.role or None,
            "owner": self.owner or None,
            "last": self.last.as_json() if self.last is not None else None,
        }


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One account. `people`: how many; `contacts`: the first of them. `owners`: of these, each once."""

    account: str
    name: str
    people: int
    owners: Sequence[str] = ()
    differing: bool = False
    contacts: Sequence[ContactLine] = ()

    @property
    def last(self) -> HistoryLine | None:
        """The last touch of any of the contacts."""
        found = [line.last for line in self.contacts if line.last is not None]
        return max(found, key=lambda line: line.at, default=None)

    def as_json(self) -> dict[str, object]:
        """One object of `accounts --json`."""
        return {
            "account": self.account,
            "name": self.name or None,
            "people": self.people,
            "owners": list(self.owners),
            "differing": self.differing,
            "last": self.last.as_json() if self.last is not None else None,
            "contacts": [contact.as_json() for contact in self.contacts],
        }
