"""Brings the suppressions of addresses in line with what was heard of them; other people's words are left alone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from engine.flows.receive.standing import COMPLAINED, SOFT_BOUNCES, Standing, standing
from engine.store import heard, suppressions
from engine.store.suppressions import UNSUBSCRIBED, Suppression

if TYPE_CHECKING:
    from sqlalchemy import Connection

BY_NEWS = "heard from "
"""What the source of a suppression begins with when news alone made it, so that news alone may take it back."""


def follow(connection: Connection, hashes: Iterable[str], now: datetime) -> dict[str, list[Standing]]:
    """For each address what its news justifies now, after its suppressions were made to say the same."""
    told = heard.told(connection, hashes)
    kept = suppressions.of_addresses(connection, sorted(told))
    wanted = {address: standing(news) for address, news in told.items()}
    for address, found in sorted(wanted.items()):
        _write(connection, address, found, kept.get(address, []))
    return wanted


def _write(connection: Connection, address: str, wanted: list[Standing], kept: list[Suppression]) -> None:
    by_scope = {each.scope: each for each in wanted}
    standing_now = {each.scope: each for each in kept}
    for scope, was in standing_now.items():
        if was.source.startswith(BY_NEWS) and not _same(was, by_scope.get(scope)):
            suppressions.lift(connection, address, scope)
    for scope, new in by_scope.items():
        before = standing_now.get(scope)
        if before is not None and not before.source.startswith(BY_NEWS):
            if new.reason == SOFT_BOUNCES:
                continue
            if new.reason == COMPLAINED and before.reason == UNSUBSCRIBED:
                # Whoever leaves may come back by a word of their own; whoever complains may not.
                suppressions.lift(connection, address, scope)
        source = BY_NEWS + new.provider
        suppressions.add(connection, address, scope, new.reason, source, new.at, new.detail, until=new.until)


def _same(was: Suppression, new: Standing | None) -> bool:
    return new is not None and (was.reason, was.at, was.until, was.detail) == (
        new.reason,
        new.at,
        new.until,
        new.detail,
    )
