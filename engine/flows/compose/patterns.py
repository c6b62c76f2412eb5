"""Offers whose unique codes somebody could guess."""

from __future__ import annotations

from collections.abc import Iterator

from engine.content.codes import pattern_problem
from engine.definitions.places import problem_at
from engine.definitions.workspace import Workspace
from engine.model.problem import Problem


def guessable_codes(workspace: Workspace, *, only: str = "") -> Iterator[Problem]:
    """A problem at each pattern with too little room for as many codes as its offer gives. `only`: one offer."""
    for name, offer in workspace.offers.items():
        pattern = offer.code.unique if offer.code is not None else None
        if pattern is None or (only and name != only):
            continue
        wrong = pattern_problem(pattern, offer.limit)
        if wrong is not None:
            yield problem_at(workspace.place("offers", name, "code", "unique"), "X024", *wrong)
