"""Offers: what only codes of one's own can be asked for is not asked of a code everybody shares."""

from __future__ import annotations

from collections.abc import Iterator

from engine.definitions.places import problem_at
from engine.definitions.workspace import Workspace
from engine.model.problem import Problem

COUNTED = ("limit", "warn_below", "worth")


def check_offers(workspace: Workspace) -> Iterator[Problem]:
    """Problems of config/offers.yaml."""
    for name, offer in workspace.offers.items():
        if has_own_codes(workspace, name):
            continue
        for key in COUNTED:
            if getattr(offer, key) is not None:
                what = "everybody shares one code" if offer.code is not None else "this offer has no codes"
                message = f"`{key}` {'is spent with' if key == 'worth' else 'counts'} codes, but {what}"
                help = 'remove it, or give everybody a code of their own: `{ unique: "BACK-####-####" }`'
                yield problem_at(workspace.place("offers", name, key, key=True), "X100", message, help)


def has_own_codes(workspace: Workspace, name: str) -> bool:
    """Whether each customer gets a code of their own; False for an offer that is not there."""
    offer = workspace.offers.get(name)
    return offer is not None and offer.code is not None and offer.code.shared is None
