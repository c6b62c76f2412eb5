"""Whose turn it is: a campaign that picks a few of its audience picks those who had theirs longest ago."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.audience.rotation import Rotation, had_lately, in_turn, longest_waiting
from engine.definitions.schema.campaign import Audience
from engine.definitions.workspace import Workspace
from engine.flows.plan import offering
from engine.model.words import Reason
from engine.policy.deciding import detailed
from engine.store.ledger import plan as ledger

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from engine.flows.plan.planning import Plan

GIFT, CAMPAIGN = "gift", "campaign"


def rotate(connection: Connection, plan: Plan) -> None:
    """Leaves out whoever is not picked, where the audience says how many are."""
    audience = plan.campaign.audience
    if audience is None or audience.pick is None:
        return
    since = plan.rules.span_start(audience.not_within) if audience.not_within is not None else None
    rotation = Rotation(
        plan.run.id,
        plan.campaign.campaign,
        plan.run.occurrence,
        gifts(plan.workspace) if audience.least_recently == GIFT else None,
        since,
    )
    if since is not None:
        words = f"had {_one(audience)} within the last {audience.not_within}"
        detail = detailed(_where(plan, "not_within"), words)
        ledger.leave_out(connection, plan.run.id, Reason.NOT_CHOSEN, detail, those=had_lately(rotation))
    if plan.offer is not None:
        offering.skip_beforehand(
            connection,
            plan.workspace,
            plan.offer[0],
            plan.run.id,
            given_at=max(plan.moment, plan.now),
            rules=plan.rules,
            order=in_turn(rotation, plan.rules.dialect),
        )
    chosen = longest_waiting(rotation, audience.pick, plan.rules.dialect)
    words = f"{audience.pick:,} others are picked, who had {_one(audience)} longer ago or never"
    detail = detailed(_where(plan, "pick"), words)
    ledger.leave_out(connection, plan.run.id, Reason.NOT_CHOSEN, detail, all_but=chosen)


def gifts(workspace: Workspace) -> tuple[str, ...]:
    """The offers that cost us something, and so are gifts."""
    return tuple(name for name, offer in workspace.offers.items() if offer.worth is not None)


def _one(audience: Audience) -> str:
    return "a gift" if audience.least_recently == GIFT else "this letter"


def _where(plan: Plan, key: str) -> str:
    return plan.workspace.where("campaigns", plan.campaign.campaign, "audience", key)
