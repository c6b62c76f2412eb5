"""One assigning, in one transaction: kept, or rolled back by who only wanted to see what would happen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from engine.audience import account_owners, assigning
from engine.audience.owning import Owning
from engine.audience.rulebook import Rulebook
from engine.definitions.covering import Senders, is_away
from engine.definitions.schema.customers import Accounts
from engine.definitions.schema.senders import AccountOwner, Share
from engine.flows.assign.sharing import Phase, in_turn, to_the_fewest
from engine.store import owner_moves

if TYPE_CHECKING:
    from sqlalchemy import Connection

SHARES: dict[Share, Callable[[Sequence[str], Sequence[int], int], list[Phase]]] = {
    Share.ROUND_ROBIN: in_turn,
    Share.FEWEST_CUSTOMERS: to_the_fewest,
}


def lay_out(
    connection: Connection,
    rules: Rulebook,
    owning: Owning,
    owner: AccountOwner,
    senders: Senders,
    accounts: Accounts | None = None,
) -> dict[str, int]:
    """Lays the moves out that follow from the rules of `owner`; how many customers everybody has before them.

    Those of one account get one person. Whoever is away on the day of the rulebook's moment gets nobody in turn, unless
    all of them are.
    """
    had = dict.fromkeys(senders, 0)
    for name, _, number in assigning.owned(connection, rules, owning, ""):
        had[name] = had.get(name, 0) + number
    owner_moves.lay_out(connection)
    by = owner.by
    if by is not None and by.people:
        chosen = assigning.by_field(rules, owning, owner.only, by.field, by.people)
        owner_moves.add(connection, chosen)
    if owner.assign is not None:
        _share_out(connection, rules, owning, owner, senders, had)
    if accounts is not None:
        chosen = account_owners.one_for_each(rules, owning, accounts, owner_moves.moves)
        owner_moves.change(connection, chosen)
    return had


def _share_out(
    connection: Connection,
    rules: Rulebook,
    owning: Owning,
    owner: AccountOwner,
    senders: Senders,
    had: dict[str, int],
) -> None:
    assert owner.assign is not None
    by = owner.by
    names = owner.among or tuple(name for name in senders if name != owner.otherwise)
    there = [name for name in names if name in senders and not is_away(senders[name], rules.today)] or list(
        names
    )
    gains = owner_moves.gains(connection)
    named = list(by.people) if by is not None else []
    those = assigning.waiting(rules, owning, owner.only, by.field if named and by is not None else "", named)
    customers = assigning.count(connection, rules, those)
    numbers = [_own(owning, had, name) + gains.get(name, 0) for name in there]
    phases = SHARES[owner.assign](there, numbers, customers)
    if phases:
        owner_moves.add(connection, assigning.shared_out(rules, those, phases, f"assigned: {owner.assign}"))


def _own(owning: Owning, had: dict[str, int], name: str) -> int:
    """Customers of their own; `otherwise` has those of nobody too, who say nothing about its load."""
    return had.get(name, 0) if name != owning.otherwise else 0
