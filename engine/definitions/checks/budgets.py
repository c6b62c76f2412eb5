"""The budget of gifts: the tiers it names are there, and there is something it can limit."""

from __future__ import annotations

from collections.abc import Iterator

from engine.definitions.checks.contact import check_rhythms
from engine.definitions.places import problem_at
from engine.definitions.workspace import Workspace
from engine.model.problem import Problem, Severity


def check_budget(workspace: Workspace) -> Iterator[Problem]:
    """Problems of `budget` in config/offers.yaml."""
    budget = workspace.budget
    if budget is None:
        return
    if budget.by is not None or budget.allowances:
        yield from check_rhythms(workspace, budget_field(workspace), budget.allowances, "budget")
    if all(offer.worth is None for offer in workspace.offers.values()):
        message, help = (
            "no offer says what it is worth, so the budget limits nothing",
            "add `worth:` to an offer",
        )
        place = workspace.place("budget", key=True)
        yield problem_at(place, "X102", message, help, Severity.WARNING)


def budget_field(workspace: Workspace) -> str:
    """The field by whose values the budget is divided."""
    budget = workspace.budget
    return budget.by if budget is not None and budget.by is not None else workspace.tiers.field
