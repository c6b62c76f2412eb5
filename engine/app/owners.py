"""Wiring for who does something for a customer: senders by name, and each customer's own person."""

from __future__ import annotations

from difflib import get_close_matches

from engine.app.desk import Desk
from engine.audience.owning import owning_of
from engine.definitions.schema.senders import ACCOUNT_OWNER
from engine.errors import UsageError
from engine.store.customers import Customer


def sender_name(desk: Desk, written: str, customer: Customer | None = None) -> str:
    """The sender somebody wrote on the command line; `account-owner` is the customer's own person.

    Raises UsageError, with the list, for a name that no sender has.
    """
    senders = desk.workspace.senders
    if written == ACCOUNT_OWNER and customer is not None:
        if desk.workspace.account_owner is None:
            raise UsageError(
                "`account-owner` is not set up",
                help="add `account-owner: { from_field: …, otherwise: … }` to config/senders.yaml",
            )
        return own_person(desk, customer)
    if written in senders:
        return written
    folded = {
        **{sender.name.lower(): name for name, sender in senders.items()},
        **{name: name for name in senders},
    }
    near = get_close_matches(written.lower(), folded, n=1)
    known = ", ".join(senders) or "none yet"
    raise UsageError(
        f"there is no sender `{written}` in config/senders.yaml",
        help=f"did you mean `{folded[near[0]]}`? There are: {known}" if near else f"there are: {known}",
    )


def own_person(desk: Desk, customer: Customer) -> str:
    """The customer's own person as `account-owner` in config/senders.yaml says; "" where it is not set up."""
    owning = owning_of(desk.workspace)
    return "" if owning is None else owning.person(customer.fields.get(owning.from_field))
