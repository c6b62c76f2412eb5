"""Wiring for people who stop something: pausing a campaign, letting it go on, ending a run for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.app.desk import Desk
from engine.app.numbers import find_run
from engine.errors import Refused
from engine.flows.deliver.sending import PAUSED
from engine.model.report import Halt
from engine.store import pauses, runs
from engine.store.ledger import closing

if TYPE_CHECKING:
    from sqlalchemy import Connection

HALTABLE = frozenset({runs.READY, runs.SENDING})


def check_not_paused(connection: Connection, campaign: str, occurrence: str) -> None:
    """Refused for a campaign that somebody paused, and for a run that stopped itself."""
    paused = pauses.of_campaign(connection, campaign)
    help = f"`touchbase resume {campaign}` lets it go on"
    if paused is not None:
        why = f": {paused.reason}" if paused.reason else ""
        raise Refused(f"{campaign} is paused since {paused.at:%Y-%m-%d %H:%M} UTC{why}", help=help)
    found = runs.find(connection, campaign, occurrence)
    if found is not None and found.state == runs.PAUSED:
        raise Refused(f"run {found.id} of {campaign} is paused: {found.reason or PAUSED}", help=help)


def pause(desk: Desk, campaign: str, reason: str) -> Halt:
    """Nothing of the campaign is sent any more; calls in flight are still answered. Twice is as good as once."""
    _known(desk, campaign)
    with desk.database.write() as connection:
        pauses.add(connection, campaign, reason, desk.now)
        halted = [
            run.id
            for run in runs.of_campaign(connection, campaign, HALTABLE)
            if runs.pause(connection, run.id, reason or PAUSED)
        ]
        found = pauses.of_campaign(connection, campaign)
    return Halt(campaign, paused=True, runs=halted, reason=found.reason if found is not None else "")


def resume(desk: Desk, campaign: str) -> Halt:
    """The campaign may be sent again, and its paused runs go on with the next `send`. Refused if nothing was paused."""
    _known(desk, campaign)
    with desk.database.write() as connection:
        was_paused = pauses.remove(connection, campaign)
        going_on = [
            run.id
            for run in runs.of_campaign(connection, campaign, {runs.PAUSED})
            if runs.resume(connection, run.id, desk.now)
        ]
    if not was_paused and not going_on:
        raise Refused(f"{campaign} is not paused", help=f"`touchbase send {campaign}` sends it")
    return Halt(campaign, paused=False, runs=going_on)


def cancel(desk: Desk, run: str) -> int:
    """Ends a run and everything of it that has certainly not left; how many letters."""
    with desk.database.write() as connection:
        found = find_run(connection, run)
        if runs.CANCELLED not in runs.CHANGES[found.state]:
            raise Refused(
                f"run {run} of {found.campaign} is {found.state} already",
                help="what has left cannot be called back",
            )
        return closing.cancel(connection, found.id, desk.now)


def _known(desk: Desk, campaign: str) -> None:
    """A campaign whose file is gone or broken may still be stopped, if it ever had a run."""
    if campaign in desk.workspace.declared("campaigns"):
        return
    with desk.database.read() as connection:
        if runs.recent(connection, campaign, limit=1):
            return
    desk.campaign(campaign)
