"""Policy: the rules of contact that hold over all campaigns."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from engine.definitions.schema.base import Definition
from engine.definitions.schema.values import Count, FieldName, Name, Positive
from engine.definitions.schema.wording import Day, Rhythm, SendZone, Span, Time
from engine.model.words import Intent, Purpose


class Cap(Definition):
    """A ceiling: nobody gets more letters than this in that time."""

    at_most: Count = Field(description="So many letters.")
    per: Span = Field(description="In this time, always looking back from now.", examples=["7 days"])
    purpose: Purpose | None = Field(None, description="Only letters with this purpose.")
    intent: Intent | None = Field(None, description="Only letters with this intent.")
    topic: Name | None = Field(None, description="Only letters on this topic.")


class Floor(Definition):
    """The least contact somebody should have."""

    at_least: Rhythm = Field(description="At least this often.", examples=["every 30 days"])


class Floors(Definition):
    """The floor by the value of a field: nobody is forgotten. Every other key is such a value."""

    __pydantic_extra__: dict[str, Floor]
    model_config = ConfigDict(extra="allow")

    by: FieldName = Field("tier", description="The field whose values are the keys here.")
    otherwise: Floor | None = Field(None, description="For every other value, and for none.")

    @property
    def floors(self) -> dict[str, Floor]:
        """The written values of the field and their floors, without `otherwise`."""
        return dict(self.__pydantic_extra__ or {})


class Balance(Definition):
    """A letter with this intent may only be one of so many."""

    at_most: Count = Field(description="So many letters with this intent …")
    of_last: Positive = Field(description="… among the last so many.")


class QuietHours(Definition):
    """Hours in which nothing is sent; may run over midnight."""

    from_: Time = Field(alias="from", description="From this time.")
    until: Time = Field(description="Until this time.")
    time_zone: SendZone = Field(
        "recipient", description="Whose clock: `recipient`, `project`, or a named zone."
    )


class Policy(Definition):
    """Rules over all campaigns."""

    caps: tuple[Cap, ...] = Field((), description="Ceilings; all of them hold.")
    cadence: Floors | None = Field(None, description="The floor: nobody is forgotten.")
    balance: dict[Intent, Balance] = Field(default_factory=dict, description="How much of each intent.")
    quiet_hours: QuietHours | None = Field(None, description="Hours in which nothing is sent.")
    not_on: tuple[Day, ...] = Field((), description="Days on which nothing is sent.")
    hold_marketing_for: tuple[Name, ...] = Field((), description="Segments that get no marketing for now.")
    order: tuple[Name, ...] = Field(
        (), description="Campaigns, the more important first: who wins when a cap allows only one."
    )


class PolicyFile(Definition):
    """config/policy.yaml"""

    policy: Policy = Field(description="Rules over all campaigns.")
