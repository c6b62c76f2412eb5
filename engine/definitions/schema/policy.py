"""Policy: the rules of contact that hold over all campaigns."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from engine.definitions.schema.base import Definition, mistake
from engine.definitions.schema.floors import Floors
from engine.definitions.schema.sunset import Sunset
from engine.definitions.schema.values import Count, EventName, Name, Positive
from engine.definitions.schema.wording import Day, SendZone, Span, Time
from engine.model.duration import Duration, Unit
from engine.model.touch import TouchKind
from engine.model.words import Intent, Purpose


class Cap(Definition):
    """A ceiling: nobody gets more letters than this in that time."""

    at_most: Count = Field(description="So many letters.")
    per: Span = Field(
        description="In this time. Days and longer are whole days on the recipient's calendar: `7 days` are today and "
        "the six days before.",
        examples=["7 days"],
    )
    window: Literal["rolling", "calendar"] = Field(
        "rolling",
        description="`rolling` looks back from the letter; `calendar` is the current day, week, month or year.",
    )
    purpose: Purpose | None = Field(None, description="Only letters with this purpose.")
    intent: Intent | None = Field(None, description="Only letters with this intent.")
    topic: Name | None = Field(None, description="Only letters on this topic.")
    tag: Name | None = Field(None, description="Only letters of campaigns with this tag.")

    @model_validator(mode="after")
    def _one_period(self) -> Cap:
        if self.window == "calendar" and (self.per.count != 1 or self.per.unit in (Unit.MINUTE, Unit.HOUR)):
            raise mistake(
                f"`{self.per}` is no calendar period", "write `per: 1 day`, `1 week`, `1 month` or `1 year`",
                at=("per",),
            )  # fmt: skip
        return self


class Balance(Definition):
    """A letter with this intent may only be one of so many."""

    at_most: Count = Field(description="So many letters with this intent …")
    of_last: Positive = Field(description="… among the last so many, this one included.")
    not_in_first: Count = Field(
        0, description="The first so many letters to a person never have this intent.", examples=[2]
    )

    @model_validator(mode="after")
    def _possible(self) -> Balance:
        if self.at_most >= self.of_last:
            raise mistake(
                f"`at_most: {self.at_most}` of `of_last: {self.of_last}` limits nothing",
                "raise `of_last` or lower `at_most`",
                at=("at_most",),
            )
        return self


class CountedAs(Definition):
    """What a call, a visit or a gift is to caps and balance."""

    purpose: Purpose = Field(Purpose.SERVICE, description="The purpose that caps see.")
    intent: Intent = Field(Intent.INFORM, description="The intent that caps and the balance see.")


class TouchesByPeople(Definition):
    """How what people do for a customer stands to caps and balance."""

    count: tuple[TouchKind, ...] = Field(
        tuple(TouchKind),
        description="The kinds that use up room, as letters do. Without it: all. `[]`: none.",
    )
    as_: CountedAs = Field(CountedAs(), alias="as", description="As which letters they count.")


class QuietHours(Definition):
    """Hours in which nothing is sent; may run over midnight."""

    from_: Time = Field(alias="from", description="From this time.")
    until: Time = Field(description="Until this time.")
    time_zone: SendZone = Field(
        "recipient", description="Whose clock: `recipient`, `project`, or a named zone."
    )

    @model_validator(mode="after")
    def _some_hours(self) -> QuietHours:
        if self.from_ == self.until:
            raise mistake(
                "these hours have no length",
                "`until` is the first moment at which letters go again",
                at=("until",),
            )
        return self


class Welcome(Definition):
    """Who is new hears from these campaigns first: while somebody is in the segment, no other marketing reaches them."""

    segment: Name = Field(description="The newcomers.", examples=["newcomers"])
    campaigns: tuple[Name, ...] = Field(description="The campaigns that welcome them.")


class ScoreboardRule(Definition):
    """What `touchbase scoreboard` counts by."""

    purchase: EventName = Field("order_placed", description="The event that says that a customer bought.")
    period: Span = Field(
        Duration(12, Unit.MONTH),
        description="How long the period is that is looked at, and the one before it.",
        examples=["12 months"],
    )


class Policy(Definition):
    """Rules over all campaigns."""

    caps: tuple[Cap, ...] = Field((), description="Ceilings; all of them hold.")
    cadence: Floors | None = Field(None, description="The floor: nobody is forgotten.")
    balance: dict[Intent, Balance] = Field(default_factory=dict, description="How much of each intent.")
    people: TouchesByPeople = Field(TouchesByPeople(), description="How calls, visits and gifts count.")
    scoreboard: ScoreboardRule = Field(ScoreboardRule(), description="What `touchbase scoreboard` counts by.")
    quiet_hours: QuietHours | None = Field(None, description="Hours in which nothing is sent.")
    not_on: tuple[Day, ...] = Field((), description="Days on which nothing is sent.")
    hold_marketing_for: tuple[Name, ...] = Field((), description="Segments that get no marketing for now.")
    welcome: Welcome | None = Field(None, description="Newcomers are welcomed before anything else.")
    sunset: Sunset | None = Field(None, description="What becomes of people who do nothing with our letters.")
    order: tuple[Name, ...] = Field(
        (), description="Campaigns, the more important first: who wins when a cap allows only one."
    )


class PolicyFile(Definition):
    """config/policy.yaml"""

    policy: Policy = Field(description="Rules over all campaigns.")
