"""Events whose meaning is built in: segments may name them undeclared, and some are written here alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from engine.model.heard import News


class OwnEvent(StrEnum):
    """What is decided here and noted as an event of the customer; no file may bring such an event in."""

    TIER_CHANGED = "tier_changed"
    OWNER_CHANGED = "owner_changed"
    STAGE_CHANGED = "stage_changed"
    FLOOR_MISSED = "floor_missed"


CHANGE = ("from", "to", "reason")
"""The fields of every change: two names (no `from` where there was none before) and the reason in words."""


@dataclass(frozen=True, slots=True)
class BuiltInEvent:
    """An event with a meaning of its own.

    `fields`: the names of its own fields, all text, for checks of conditions; None where they vary.
    `imported`: whether a file may bring it in.
    """

    fields: tuple[str, ...] | None
    imported: bool


BUILT_IN_EVENTS: Mapping[str, BuiltInEvent] = {
    OwnEvent.TIER_CHANGED: BuiltInEvent(CHANGE, imported=False),
    OwnEvent.OWNER_CHANGED: BuiltInEvent(CHANGE, imported=False),
    OwnEvent.STAGE_CHANGED: BuiltInEvent(CHANGE, imported=False),
    OwnEvent.FLOOR_MISSED: BuiltInEvent(None, imported=False),
    "code_redeemed": BuiltInEvent(None, imported=True),
    **{str(news): BuiltInEvent(None, imported=True) for news in News},
}
"""By name. What is heard of letters may be imported too: it may come from whatever sent them before."""
