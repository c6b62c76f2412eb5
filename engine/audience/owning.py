"""Whose customer somebody is: `account-owner` as one SQL expression over the customers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, case, literal

from engine.audience.conditions import People
from engine.audience.contact import field_text
from engine.audience.rulebook import Rulebook

if TYPE_CHECKING:
    from engine.definitions.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Owning:
    """`account-owner` in config/senders.yaml, as far as a question to the database needs it.

    `from_field`: the customers' field that names a sender. `otherwise`: whose customers they are where it names
    none. `names`: every sender there is.
    """

    from_field: str
    otherwise: str
    names: tuple[str, ...]

    def person(self, written: object) -> str:
        """The sender that a field's value means: the very rule of `owner_of`, for one value."""
        return written if isinstance(written, str) and written in self.names else self.otherwise


def owning_of(workspace: Workspace) -> Owning | None:
    """The workspace's own rule; None where no customer has a person of their own."""
    owner = workspace.account_owner
    return None if owner is None else Owning(owner.from_field, owner.otherwise, tuple(workspace.senders))


def owner_of(people: People, owning: Owning | None, rules: Rulebook) -> ColumnElement[Any]:
    """The name of each row's own person, present or away; "" for everybody where there is no `account-owner`.

    A value that names no sender, and none at all, means `otherwise`.
    """
    if owning is None:
        return literal("")
    written = field_text(people, owning.from_field, rules)
    return case((written.in_(owning.names), written), else_=owning.otherwise)


def has_no_owner(people: People, owning: Owning, rules: Rulebook) -> ColumnElement[bool]:
    """The row's field names no sender: whoever has it is served by `otherwise`."""
    return field_text(people, owning.from_field, rules).not_in(owning.names)
