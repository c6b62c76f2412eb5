"""One owner for an account: whom customers of nobody get, so that the people of one company have one person."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, Table, func, literal, not_, select

from engine.audience.accounts import account_of
from engine.audience.owning import Owning, has_no_owner, owner_of
from engine.audience.portable import bytewise
from engine.audience.rulebook import Rulebook
from engine.definitions.schema.customers import Accounts


def one_for_each(rules: Rulebook, owning: Owning, accounts: Accounts, moves: Table) -> Select[Any]:
    """Customer, person and reason of everybody in `moves` who belongs to an account.

    They get whom the account has already, by its lowest customer key where it has several; where it has nobody yet,
    all get whom the first of them was to get. `moves`: see engine.store.owner_moves.
    """
    people = rules.customers
    account = account_of(people, accounts, rules)
    key = bytewise(people.c.customer_id, rules.dialect)
    place = func.row_number().over(partition_by=account, order_by=key)
    having = (
        select(account.label("account"), owner_of(people, owning, rules).label("owner"), place.label("place"))
        .where(account != "", not_(has_no_owner(people, owning, rules)))
        .subquery("having")
    )
    first = func.first_value(moves.c.after).over(partition_by=account, order_by=key)
    return (
        select(
            moves.c.customer,
            func.coalesce(having.c.owner, first).label("after"),
            literal("as the others of account ").concat(account).label("reason"),
        )
        .select_from(
            moves.join(people, people.c.id == moves.c.customer).outerjoin(
                having, (having.c.account == account) & (having.c.place == 1)
            )
        )
        .where(account != "")
    )
