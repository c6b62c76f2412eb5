"""Wiring for generosity: who got a gift in a year, what is spent of the budget, and what became of the codes."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import TYPE_CHECKING

from engine.app.desk import Desk
from engine.app.people import rulebook
from engine.audience import generosity
from engine.audience.generosity import Span
from engine.definitions.checks.budgets import budget_field
from engine.definitions.workspace import Workspace
from engine.errors import UsageError
from engine.flows.plan.budgeting import limits_between
from engine.flows.plan.rotating import gifts
from engine.model.gift import CodeCounts, GiftReport, TierGifts
from engine.policy.windows import midnight
from engine.store import budgets

if TYPE_CHECKING:
    pass

SOON = timedelta(days=30)
"""A code that ends within so long is one to remind somebody of."""
FIRST_YEAR, LAST_YEAR = 1970, 9998


def report(desk: Desk, *, year: int | None = None, named: int = 10) -> GiftReport:
    """The gifts of a calendar year (None: this one) on the project's clock.

    `named`: so many of those who got none are named in each tier.
    """
    today = desk.now.astimezone(desk.zone).date()
    year = today.year if year is None else year
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise UsageError(f"{year} is no year of ours", help="write it like --year 2027")
    workspace, rules, field = desk.workspace, rulebook(desk, desk.now), budget_field(desk.workspace)
    start, end = (midnight(date(number, 1, 1), desk.zone) for number in (year, year + 1))
    span = Span(start, end, gifts(workspace))
    budget = limits_between(workspace, start, end, yearly=True)
    with desk.database.read() as connection:
        spent = budgets.given(connection, budget)
        counts = {each.tier: each for each in generosity.tier_counts(connection, rules, field, span)}
        by_tier: defaultdict[str, CodeCounts] = defaultdict(CodeCounts)
        by_offer: defaultdict[str, CodeCounts] = defaultdict(CodeCounts)
        for tier, offer, codes in generosity.code_counts(connection, rules, field, span, desk.now + SOON):
            by_offer[offer] += codes
            if offer in span.gifts:
                by_tier[tier] += codes
        missing = {
            tier: generosity.without_gift(connection, rules, field, span, tier, named)
            for tier, each in counts.items()
            if each.customers > each.got and named
        }
    lines = []
    for tier in _in_order(workspace, field, {*counts, *spent}):
        count, gone = counts.get(tier), spent.get(tier, budgets.Given())
        limit = budget.tiers.get(tier, budget.otherwise)
        lines.append(
            TierGifts(
                tier,
                count.customers if count else 0,
                count.got if count else 0,
                count.waiting if count else 0,
                gone.gifts,
                gone.worth,
                limit.spend if tier in budget.tiers else None,
                by_tier[tier],
                _is_meant(workspace, tier),
                missing.get(tier, ()),
            )
        )
    return GiftReport(
        year, today, lines, budgets.total(spent).worth, budget.overall.spend, sorted(by_offer.items())
    )


def _is_meant(workspace: Workspace, tier: str) -> bool:
    """Whether the budget gives such customers anything."""
    written = workspace.budget
    if written is None:
        return True
    allowance = written.allowances.get(tier, written.otherwise)
    return allowance is None or 0 not in (allowance.each, allowance.at_most)


def _in_order(workspace: Workspace, field: str, found: set[str]) -> list[str]:
    """The tiers, best first; what nobody declared after them, and no tier at all last."""
    kind = workspace.customers.fields.get(field)
    declared = [
        *(workspace.tiers.order if field == workspace.tiers.field else ()),
        *(kind.choices if kind else ()),
    ]
    known = list(dict.fromkeys(declared))
    rest = sorted(found - {*known, ""})
    return [*known, *rest, *([""] if "" in found else [])]
