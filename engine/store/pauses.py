"""Campaigns that somebody paused by command: nothing of them is sent until somebody lets them go on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from engine.store import bulk, tables
from engine.store.types import to_microseconds

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class PausedCampaign:
    """A paused campaign: since when, and why in a person's words."""

    campaign: str
    at: datetime
    reason: str


def add(connection: Connection, campaign: str, reason: str, now: datetime) -> bool:
    """Pauses the campaign; False if it was paused already, and its first reason stays."""
    table = tables.pauses
    row = (campaign, to_microseconds(now), reason or None)
    return bulk.insert_rows(connection, (table.c.campaign, table.c.at, table.c.reason), [row]) == 1


def of_campaign(connection: Connection, campaign: str) -> PausedCampaign | None:
    """The campaign's pause, or None where it may be sent."""
    row = connection.execute(select(tables.pauses).where(tables.pauses.c.campaign == campaign)).first()
    return None if row is None else PausedCampaign(row.campaign, row.at, row.reason or "")


def standing(connection: Connection) -> list[PausedCampaign]:
    """Every pause, the oldest first."""
    rows = connection.execute(select(tables.pauses).order_by(tables.pauses.c.at, tables.pauses.c.campaign))
    return [PausedCampaign(row.campaign, row.at, row.reason or "") for row in rows]


def remove(connection: Connection, campaign: str) -> bool:
    """Lets the campaign go on; False if it was not paused."""
    return connection.execute(delete(tables.pauses).where(tables.pauses.c.campaign == campaign)).rowcount == 1
