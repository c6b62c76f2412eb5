"""The budget of generosity for a run: laid out before codes are reserved, and what is left of it afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from engine.audience.generosity import tiers_select
from engine.audience.rulebook import Rulebook
from engine.definitions.checks.budgets import budget_field
from engine.definitions.schema.offers import Allowance, Offer
from engine.definitions.workspace import Workspace
from engine.model.duration import Duration, Unit
from engine.model.words import Reason
from engine.policy.deciding import detailed
from engine.policy.windows import first_day, midnight, shifted
from engine.store import budgets
from engine.store.budgets import Budget, Given, Limit
from engine.store.ledger import plan as ledger

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from sqlalchemy import Connection, Select


def budget_at(workspace: Workspace, moment: datetime, zone: ZoneInfo) -> Budget:
    """The budget in the period that holds the moment; one without limits where the workspace writes none."""
    written = workspace.budget
    per = Duration(1, Unit.MONTH if written is not None and written.per == "month" else Unit.YEAR)
    first = first_day(per, True, moment.astimezone(zone).date())
    return limits_between(workspace, midnight(first, zone), midnight(shifted(first, per, 1), zone))


def limits_between(workspace: Workspace, start: datetime, end: datetime, *, yearly: bool = False) -> Budget:
    """The written limits in a time. `yearly`: only a budget of a year has any."""
    written = workspace.budget
    if written is None or (yearly and written.per != "year"):
        return Budget(start, end, Limit(), {})
    tiers = {tier: _limit(allowance) for tier, allowance in written.allowances.items()}
    return Budget(start, end, _limit(written), tiers, _limit(written.otherwise or Allowance()))


def _limit(allowance: Allowance) -> Limit:
    return Limit(allowance.each, allowance.at_most, allowance.spend)


def lay_out(
    connection: Connection,
    rules: Rulebook,
    workspace: Workspace,
    run: int,
    name: str,
    given_at: datetime,
    order: Select[Any] | None = None,
) -> None:
    """Decides for whom the budget reaches. Only where the offer says what it is worth. `order`: whose turn is first."""
    offer = workspace.offers[name]
    budget = budget_at(workspace, given_at, rules.zone)
    tiers = tiers_select(rules, budget_field(workspace))
    worth = offer.worth or 0.0
    budgets.lay_out(connection, run, name, budget, worth, tiers, one_per=offer.one_per, order=order)


def skip_barred(connection: Connection, workspace: Workspace, run: int) -> None:
    """Ends the letters the budget does not reach for, each with the limit that says so."""
    for rule, which in budgets.barred(connection):
        detail = _words(workspace, rule, which)
        those = budgets.barred_by(rule, which)
        ledger.leave_out(connection, run, Reason.BUDGET, detail, those=those)


def _words(workspace: Workspace, rule: str, which: str) -> str:
    """Which limit it is, in words, with its place."""
    budget = workspace.budget
    assert budget is not None
    of_all = which in (budgets.EACH_OF_ALL, budgets.ALL)
    allowance = budget if of_all else budget.allowances.get(rule, budget.otherwise) or Allowance()
    path = ("budget",) if of_all else ("budget", rule or "otherwise")
    people = "customers" if of_all else f"{rule} customers" if rule else "customers of other tiers"
    limits, key = [], "spend"
    if which in (budgets.EACH, budgets.EACH_OF_ALL):
        limits, key = [f"at most {_gifts(allowance.each or 0)} to each of the {people}"], "each"
    else:
        if allowance.at_most is not None:
            limits, key = [f"at most {_gifts(allowance.at_most)} to {people}"], "at_most"
        if allowance.spend is not None:
            limits.append(f"at most {allowance.spend:,.10g} for {people}")
    place = workspace.place(*path, key, key=True)
    return detailed(place.where, f"{' and '.join(limits)} in a {budget.per}")


def _gifts(number: int) -> str:
    return f"{number:,} gift{'' if number == 1 else 's'}"


def left(
    connection: Connection, workspace: Workspace, offer: Offer, given_at: datetime, zone: ZoneInfo
) -> str:
    """What this run leaves of the budget, as a note; "" where nothing limits it."""
    if workspace.budget is None or offer.worth is None:
        return ""
    budget = budget_at(workspace, given_at, zone)
    spent = budgets.given(connection, budget)
    under = budgets.by_limit(budget, spent)
    parts = list(_left("", budget.overall, budgets.total(spent)))
    for tier, limit in [*budget.tiers.items(), ("", budget.otherwise)]:
        parts += _left(f"{tier or 'others'} ", limit, under.get(tier, Given()))
    if not parts:
        return ""
    form = "%Y" if workspace.budget.per == "year" else "%Y-%m"
    return f"left of the budget of {budget.start.astimezone(zone):{form}} after this run: {', '.join(parts)}"


def _left(whose: str, limit: Limit, spent: Given) -> Iterator[str]:
    if limit.spend is not None:
        yield f"{whose}{limit.spend - spent.worth:,.10g} of {limit.spend:,.10g}"
    if limit.at_most is not None:
        yield f"{whose}{limit.at_most - spent.gifts:,} of {limit.at_most:,} gifts"
