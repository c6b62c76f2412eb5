"""A task for the owner instead of a letter that the rules keep back: where, with which title, and by when."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from engine.model.words import Reason

if TYPE_CHECKING:
    from engine.definitions.schema.campaign import Campaign

FOR_OWNERS = (Reason.CAP, Reason.BALANCE, Reason.ORDER, Reason.HOLD)
"""Why a letter may become a task. The campaign's own cadence is no reason: its time will come."""
WITHIN = timedelta(days=7)


def instead_of(campaign: Campaign) -> str:
    """The title of the task that an owner gets instead of the campaign's letter; "" for none."""
    wanted = campaign.policy.instead is not None and not campaign.by_owner
    return f"Instead of the letter “{campaign.name}”" if wanted else ""


def due_by(now: datetime, zone: ZoneInfo) -> datetime:
    """The end of the day a week from now, on that clock."""
    return (now.astimezone(zone) + WITHIN).replace(hour=23, minute=59, second=0, microsecond=0)
