"""Floors: how often somebody must hear from us at least, and what happens before they would not."""

from __future__ import annotations

from datetime import time
from typing import Literal

from pydantic import ConfigDict, Field, field_validator

from engine.definitions.schema.base import Definition, mistake
from engine.definitions.schema.values import FieldName, Name
from engine.definitions.schema.wording import Rhythm, Span, Time
from engine.model.duration import Duration, Unit

OWNER = "owner"
"""In `fill`: the customer's own person gets a task."""

Resetting = Literal[
    "letters", "marketing", "service", "people", "call", "visit", "gift", "note", "meeting", "message", "check-in"
]  # fmt: skip

CLOCK_UNITS = (Unit.MINUTE, Unit.HOUR)


def _in_days(span: Duration | None) -> Duration | None:
    if span is not None and span.unit in CLOCK_UNITS:
        raise mistake(
            f"`{span}` is shorter than a day", "floors are counted in days, weeks, months and years"
        )
    return span


class Floor(Definition):
    """The least contact somebody should have."""

    at_least: Rhythm = Field(
        description="They hear from us at least this often, by a letter or a person.",
        examples=["every 30 days"],
    )
    personal: Rhythm | None = Field(
        None,
        description="A person is in touch with them at least this often; no letter counts for it.",
        examples=["every 6 months"],
    )

    _days = field_validator("at_least", "personal")(_in_days)


class Floors(Definition):
    """The floor by the value of a field: nobody is forgotten. Every other key is such a value."""

    __pydantic_extra__: dict[str, Floor]
    model_config = ConfigDict(extra="allow")

    by: FieldName | None = Field(
        None,
        description="The field whose values are the keys here; without it, that of config/tiers.yaml: `tier`.",
    )
    otherwise: Floor | None = Field(None, description="For every other value, and for none.")
    grace: Span | None = Field(
        None,
        description="So long after that a floor is missed; until then it is only due.",
        examples=["3 days"],
    )
    reset_by: tuple[Resetting, ...] = Field(
        ("letters", "people"),
        description="What counts as having heard from us: `letters` that count under the rules, `marketing` or `service` "
        "letters alone, `people` in any way, or one way alone.",
    )
    fill: tuple[Name, ...] = Field(
        (),
        description="What prevents a silence: campaigns, the first that may reach somebody, and `owner`, a task for "
        "their own person.",
        examples=["[quarterly-note, owner]"],
    )
    ahead: Span = Field(
        Duration(7, Unit.DAY), description="So long before a floor is missed, at most, something is done."
    )
    at: Time = Field(
        time(9, 0), description="From this time of day on, by the project's clock, the daemon fills."
    )

    _days = field_validator("grace", "ahead")(_in_days)

    @property
    def floors(self) -> dict[str, Floor]:
        """The written values of the field and their floors, without `otherwise`."""
        return dict(self.__pydantic_extra__ or {})
