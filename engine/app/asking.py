"""Wiring for the last ask: the campaign that reaches nobody but those who are to be asked, once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.app.desk import Desk
from engine.app.people import rulebook
from engine.audience.sunset import to_ask
from engine.policy.sunset import ladder_of

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select


def today(desk: Desk) -> str:
    """The day in the project's zone."""
    return desk.now.astimezone(desk.zone).date().isoformat()


def occurrence(desk: Desk) -> str:
    """Which occurrence of its campaign asks today, whoever begins it."""
    return f"last ask {today(desk)}"


def asks(desk: Desk, campaign: str) -> bool:
    """Whether that campaign is the last ask."""
    ladder = ladder_of(desk.workspace)
    return ladder is not None and ladder.campaign == campaign


def those_to_ask(desk: Desk) -> Callable[[Connection], Select[tuple[int]]]:
    """The customers whom the last ask is to reach now."""
    ladder = ladder_of(desk.workspace)
    assert ladder is not None
    query = to_ask(rulebook(desk, desk.now), ladder)
    return lambda connection: query
