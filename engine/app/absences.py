"""Wiring for the day on which letters leave: each is from whoever is there then, though it was planned before."""

from __future__ import annotations

from datetime import datetime

from engine.app import running
from engine.app.desk import Desk
from engine.app.lacking import skip_missing
from engine.definitions.covering import next_change
from engine.definitions.schema.campaign import Campaign
from engine.flows.compose.composer import Composer
from engine.flows.plan.choosing import VariantKey
from engine.store import posts, runs, variants
from engine.store.ledger import renewing


def bring_in_line(desk: Desk, maker: Composer, campaign: Campaign, run: runs.Run, now: datetime) -> None:
    """Gives the letters of the run that are due, and were never tried, to who is there on the day of `now`.

    A letter that was tried once stays as it is: it may be known to the provider already.
    """
    senders, day = desk.workspace.senders, now.astimezone(desk.zone).date()
    with desk.database.read() as connection:
        keys = {number: VariantKey.read(text) for number, text in variants.keys_of_run(connection, run.id)}
        changed = {number: key.on(day, senders) for number, key in keys.items()}
        moved = [number for number, key in changed.items() if key != keys[number] and key.sender in senders]
        moved = renewing.waiting(connection, run.id, moved, now) if moved else []
        known = posts.by_ids(connection, [post for number in moved for post in keys[number].post_ids])
    made = {number: running.compile_key(maker, changed[number], known, run.as_of) for number in moved}
    if not made:
        return
    with desk.database.write() as connection:
        given = {}
        for before, letter in made.items():
            after = running.keep_variant(connection, campaign, run.id, changed[before], letter, now)
            renewing.give(connection, run.id, before, after, now)
            given[after] = letter
        skip_missing(connection, maker, run.id, campaign.content.offer or "", given)


def next_turn(desk: Desk, now: datetime) -> datetime | None:
    """The midnight at which somebody next leaves or is back; None where nobody does."""
    day = next_change(desk.workspace.senders, now.astimezone(desk.zone).date())
    return None if day is None else datetime(day.year, day.month, day.day, tzinfo=desk.zone)


def senders_of(desk: Desk, run: runs.Run) -> dict[int, str]:
    """Who each variant of the run is from."""
    with desk.database.read() as connection:
        keys = variants.keys_of_run(connection, run.id)
    return {number: VariantKey.read(text).sender for number, text in keys}
