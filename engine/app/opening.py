"""Wiring for a schedule's window: what is due while it is closed waits until it opens, on each reader's own clock."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from engine.app.desk import Desk
from engine.audience.clocks import known_zone
from engine.calendar import RECIPIENT, clock_of, closed, closes
from engine.definitions.schema.campaign import Campaign
from engine.policy.deciding import detailed
from engine.store.ledger import postponing


def keep_window(desk: Desk, campaign: Campaign, run: int, now: datetime) -> datetime | None:
    """Lets letters wait whose window is closed, and says when the next of the open ones closes.

    None where there is no window, or none that closes while letters are due.
    """
    if campaign.schedule is None or campaign.schedule.window is None:
        return None
    window, clock = campaign.schedule.window, clock_of(campaign.schedule, desk.zone)
    zones: dict[str | None, ZoneInfo]
    if clock != RECIPIENT:
        zones = {None: clock}
    else:
        with desk.database.read() as connection:
            zones = {
                written: known_zone(written, desk.zone)
                for written in postponing.zones_due(connection, run, now)
            }
    opens = {
        written: opening
        for written, zone in zones.items()
        if (opening := closed(window, zone, now)) is not None
    }
    if opens:
        where = desk.workspace.where("campaigns", campaign.campaign, "schedule", "window")
        detail = detailed(where, "its window is closed")
        with desk.database.write() as connection:
            postponing.postpone(connection, run, opens, now, detail)
    ends = [closes(window, zone, now) for written, zone in zones.items() if written not in opens]
    return min((end for end in ends if end is not None), default=None)
