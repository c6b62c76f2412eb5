"""Wiring for accounts: who belongs together, and what `why` says of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from engine.app.desk import Desk
from engine.app.people import rulebook
from engine.audience.account_people import Account, Contact, accounts_listed, contacts_listed
from engine.audience.owning import owning_of
from engine.definitions.schema.campaign import Campaign
from engine.definitions.schema.customers import Accounts
from engine.errors import UsageError
from engine.model.account import AccountLine, ContactLine
from engine.model.report import Fact, HistoryLine
from engine.model.words import Reason
from engine.store import history, touches_by_people
from engine.store.customers import Customer
from engine.store.deliveries import Delivery

if TYPE_CHECKING:
    from sqlalchemy import Connection

MOST_CONTACTS = 100
"""So many people of one account are looked at: a company with more is told from it by its number."""

NEAR = 1000
"""Among so many accounts a misspelt name is looked for."""


def listed(
    desk: Desk, name: str = "", *, differing: bool = False, limit: int = 100, skip: int = 0
) -> list[AccountLine]:
    """Accounts by name, each with its people and their last touches. `name`: those of that key or name.

    UsageError where nothing says what an account is, and for a name that no account has.
    """
    accounts = _accounts(desk)
    rules, owning = rulebook(desk, desk.now), owning_of(desk.workspace)
    with desk.database.read() as connection:
        found = accounts_listed(
            connection, rules, accounts, owning, named=name, differing=differing, limit=limit, skip=skip
        )
        if name and not found and not skip and not differing:
            every = accounts_listed(connection, rules, accounts, owning, limit=NEAR)
            raise _unknown(name, every)
        keys = [each.account for each in found]
        kind = desk.workspace.customers.field_type(accounts.role or "")
        roles = kind.choices if kind is not None else ()
        people = contacts_listed(connection, rules, accounts, owning, keys, MOST_CONTACTS, roles)
        last = _last(connection, [person.customer for person in people])
    return [
        _line(each, [person for person in people if person.account == each.account], last) for each in found
    ]


def _accounts(desk: Desk) -> Accounts:
    found = desk.workspace.customers.accounts
    if found is None:
        raise UsageError(
            "nothing says which customers make an account",
            help="add `accounts: { by: company_id, name: company, role: role }` to config/customers.yaml",
        )
    return found


def _unknown(name: str, every: Sequence[Account]) -> UsageError:
    known = {word: word for each in every for word in (each.account, each.name) if word}
    near = get_close_matches(name, known, n=1)
    help = f"did you mean `{near[0]}`?" if near else "`touchbase accounts` lists them"
    return UsageError(f"no account has the key or name `{name}`", help=help)


def _last(connection: Connection, people: Sequence[int]) -> dict[int, HistoryLine]:
    """The last touch of each of these customers, by a letter or by a person."""
    found = dict(history.last_letters(connection, people)) if people else {}
    for touch in touches_by_people.last_of(connection, people, 1) if people else ():
        before = found.get(touch.customer)
        if before is None or touch.at >= before.at:
            found[touch.customer] = HistoryLine(touch.at, "touch", touch.kind, touch.text, by=touch.by)
    return found


def _line(account: Account, people: Sequence[Contact], last: dict[int, HistoryLine]) -> AccountLine:
    contacts = [
        ContactLine(each.customer_id, each.email, each.role, each.owner, last.get(each.customer))
        for each in people
    ]
    owners = tuple(sorted({each.owner for each in people if each.owner}))
    return AccountLine(account.account, account.name, account.people, owners, account.owners > 1, contacts)


def account_facts(desk: Desk, campaign: Campaign, customer: Customer, row: Delivery | None) -> Iterator[Fact]:
    """Whether somebody has a role the campaign asks for, and who gets their account's letter."""
    audience, accounts = campaign.audience, desk.workspace.customers.accounts
    if audience is None or accounts is None:
        return
    role = str(customer.fields.get(desk.workspace.customers.role_field) or "")
    at = ("campaigns", campaign.campaign, "audience")
    if audience.roles:
        words = f"role {role or 'not known'}; only {' and '.join(audience.roles)}"
        yield Fact(words, role in audience.roles, desk.workspace.where(*at, "roles"))
    if audience.one_per is None:
        return
    account = str(customer.fields.get(accounts.by) or "").strip()
    where = desk.workspace.where(*at, "one_per")
    if not account:
        yield Fact("of no account: a letter of their own", where=where)
        return
    first = f", {' before '.join(audience.prefer)}" if audience.prefer else ""
    other = row is not None and row.reason == Reason.ONE_PER_ACCOUNT
    told = f" ({row.detail})" if row is not None and other else ""
    yield Fact(
        f"one letter for the account {account}{first}{told}", None if row is None else not other, where
    )
