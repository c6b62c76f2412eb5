"""When a campaign wakes up: rhythms, single moments, and moments relative to a customer's date."""

from __future__ import annotations

from datetime import time

from pydantic import Field, model_validator

from engine.definitions.schema.base import Definition, mistake
from engine.definitions.schema.values import FieldName
from engine.definitions.schema.wording import (
    Date,
    Day,
    DayOfMonth,
    Every,
    LatePolicy,
    LocalMoment,
    SendZone,
    Span,
    Time,
)
from engine.model.duration import Unit

RELATIVE_TO = ("before", "after")


class Schedule(Definition):
    """One of three: `every` (a rhythm), `once` (a moment), or `before`/`after` (a customer's date)."""

    every: Every | None = Field(
        None,
        description="The rhythm. With `before` or `after`: `year` repeats on the anniversary (birthdays).",
        examples=["day", "2 weeks", "month", "year"],
    )
    days: tuple[Day, ...] | None = Field(
        None, description="The days of the week it may fall on.", examples=[["tue", "thu"]]
    )
    day: DayOfMonth | None = Field(
        None, description="The day of the month.", examples=["first tuesday", "day 15", "last day"]
    )
    starting: Date | None = Field(
        None, description="The first occurrence; “every 2 weeks” is counted from it.", examples=["2027-01-05"]
    )
    until: Date | None = Field(None, description="The last day it may happen.")
    skip_dates: tuple[Date, ...] = Field((), description="Days on which it does not happen.")
    once: LocalMoment | None = Field(None, description="A single moment.", examples=["2027-01-05 09:30"])
    before: FieldName | None = Field(
        None, description="A date field of the customer; `by` says how long before it."
    )
    after: FieldName | None = Field(
        None, description="A date field of the customer; `by` says how long after it."
    )
    by: Span | None = Field(None, description="How long before or after that date; without it, on the day.")
    at: Time | None = Field(None, description="The time of day.", examples=["09:30"])
    time_zone: SendZone = Field(
        "project",
        description="Whose clock `at` means: `recipient`, `project`, or a named zone.",
        examples=["recipient", "project", "Europe/Oslo"],
    )
    if_late: LatePolicy | None = Field(
        None,
        description="What to do with an occurrence that was missed; without it, it is skipped.",
        examples=["send within 24 hours", "skip"],
    )

    @model_validator(mode="after")
    def _one_kind(self) -> Schedule:
        relative = [key for key in RELATIVE_TO if getattr(self, key) is not None]
        kinds = [
            *relative,
            *(["once"] if self.once else []),
            *(["every"] if self.every and not relative else []),
        ]
        if not kinds:
            raise mistake("this schedule has no rhythm", "add `every:`, `once:`, `before:` or `after:`")
        if len(kinds) > 1:
            raise mistake(
                f"`{kinds[0]}` and `{kinds[1]}` exclude each other", "keep one of them", at=(kinds[1],)
            )
        self._fitting(kinds[0])
        return self

    def _fitting(self, kind: str) -> None:
        relative = kind in RELATIVE_TO
        if self.by is not None and not relative:
            raise mistake("`by` needs `before` or `after`", "name the date field it counts from", at=("by",))
        if relative and self.every is not None and (self.every.unit, self.every.count) != (Unit.YEAR, 1):
            raise mistake("a date repeats every year or not at all", "write `every: year`", at=("every",))
        for key in ("days", "day", "starting", "until"):
            if (
                getattr(self, key) is not None
                and kind != "every"
                and not (relative and key in ("days", "until"))
            ):
                raise mistake(f"`{key}` needs a rhythm", "it goes with `every:`", at=(key,))
        if self.once is not None and self.at is not None:
            raise mistake(
                "`once` already says the time", "remove `at`, or write the time in `once`", at=("at",)
            )
        if self.day is not None and self.every is not None and self.every.unit not in (Unit.MONTH, Unit.YEAR):
            raise mistake(
                "`day` needs a rhythm of months", "write `every: month`, or use `days:`", at=("day",)
            )
        if self.every is not None and self.every.unit in (Unit.MINUTE, Unit.HOUR):
            raise mistake("a campaign runs at most once a day", "write `every: day`", at=("every",))

    @property
    def time_of_day(self) -> time | None:
        """The written time, from `at` or `once`."""
        return self.once.time() if self.once is not None else self.at
