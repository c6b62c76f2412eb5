"""Accounts: the fields that say who belongs together, and the roles that campaigns ask for."""

from __future__ import annotations

from collections.abc import Iterator

from engine.definitions.checks.contact import word_field
from engine.definitions.checks.field_tests import field_type
from engine.definitions.places import problem_at
from engine.definitions.schema.campaign import Campaign
from engine.definitions.schema.customers import FieldKind
from engine.definitions.suggest import suggestion
from engine.definitions.workspace import Workspace
from engine.model.problem import Problem

SET_UP = "add `accounts: { by: company_id, name: company, role: role }` to config/customers.yaml"


def check_accounts(workspace: Workspace) -> Iterator[Problem]:
    """Problems of `accounts:` in config/customers.yaml, and of campaigns that speak of accounts."""
    accounts = workspace.customers.accounts
    for key in ("by", "name", "role"):
        field = getattr(accounts, key, None)
        if field is not None:
            yield from word_field(workspace, field, "customers", "accounts", key)
    for campaign in workspace.campaigns.values():
        yield from _audience(workspace, campaign)


def _audience(workspace: Workspace, campaign: Campaign) -> Iterator[Problem]:
    audience, accounts = campaign.audience, workspace.customers.accounts
    if audience is None:
        return
    at = ("campaigns", campaign.campaign, "audience")
    if audience.one_per is not None and accounts is None:
        message = "nothing says which customers make an account"
        yield problem_at(workspace.place(*at, "one_per"), "X056", message, SET_UP)
    for key in ("roles", "prefer"):
        words = getattr(audience, key)
        if words and (accounts is None or accounts.role is None):
            message = "nothing says what role somebody has"
            help = SET_UP if accounts is None else "add `role:` to `accounts:` in config/customers.yaml"
            yield problem_at(workspace.place(*at, key, key=True), "X057", message, help)
        elif accounts is not None and accounts.role is not None:
            kind = field_type(workspace, accounts.role)
            for number, word in enumerate(words):
                if kind is not None and kind.kind is FieldKind.ONE_OF and word not in kind.choices:
                    message = f"`{word}` is never a value of `{accounts.role}`"
                    place = workspace.place(*at, key, number)
                    yield problem_at(place, "X022", message, suggestion(word, kind.choices))
