"""When a campaign wakes up: rhythms, single moments, moments relative to a customer's date, and new posts."""

from __future__ import annotations

from datetime import time
from typing import Literal

from pydantic import Field, model_validator

from engine.definitions.schema.base import Definition, mistake
from engine.definitions.schema.values import FieldName
from engine.definitions.schema.wording import (
    Date,
    Day,
    DayOfMonth,
    Every,
    HolidayCalendars,
    LatePolicy,
    LocalMoment,
    OncePer,
    SendZone,
    Span,
    Time,
)
from engine.model.duration import Unit

RELATIVE_TO = ("before", "after")
NEW_POSTS = "new posts"

NINE = time(9)
"""When a letter leaves whose schedule says a day and no time."""

NEEDS_RHYTHM = ("days", "day", "starting", "until")
BESIDE_DATES = ("days", "until")
BESIDE_POSTS = ("days", "starting", "until")
NOT_BESIDE_POSTS = {
    "at": "a new post has its own moment; for a fixed time write `every: day` with `at`",
    "if_late": "nothing new is ever late",
    "if_skipped": "posts wait for the next day by themselves",
}


class Window(Definition):
    """The only hours and days on which letters of this campaign leave by themselves, on the schedule's clock."""

    from_: Time | None = Field(None, alias="from", description="From this time.", examples=["08:00"])
    until: Time | None = Field(
        None,
        description="Until this time, which is not part of it; an earlier time than `from` is that of the next day.",
        examples=["18:00"],
    )
    days: tuple[Day, ...] | None = Field(
        None,
        description="Only on these days of the week.",
        examples=[["mon", "tue", "wed", "thu", "fri"]],
    )

    @model_validator(mode="after")
    def _open_at_all(self) -> Window:
        if (self.from_ is None) != (self.until is None):
            raise mistake("a window of hours needs both ends", "write `from` and `until`")
        if self.from_ is not None and self.from_ == self.until:
            raise mistake(
                "this window is never open", "write another time; without hours leave both out", at=("until",)
            )
        if self.days is not None and not self.days:
            raise mistake("`days` is empty, so this window is never open", "name a day", at=("days",))
        if self.from_ is None and self.days is None:
            raise mistake("this window says nothing", "write `from` and `until`, or `days`")
        return self

    def holds(self, at: time) -> bool:
        """Whether that time of day lies inside the hours."""
        if self.from_ is None or self.until is None:
            return True
        if self.from_ < self.until:
            return self.from_ <= at < self.until
        return at >= self.from_ or at < self.until


class Schedule(Definition):
    """One of: `every` (a rhythm), `once` (a moment), `before`/`after` (a customer's date), or `when` (new posts)."""

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
    skip_holidays: HolidayCalendars = Field(
        (),
        description="Public holidays on which it does not happen: a country or a part of one, or a list.",
        examples=["GB-ENG", ["DE-BY", "AT"]],
    )
    window: Window | None = Field(
        None, description="The only hours and days on which its letters leave by themselves, late ones too."
    )
    if_skipped: Literal["skip", "next day"] = Field(
        "skip",
        description="What becomes of an occurrence on a day that is left out: nothing, or it moves to the next "
        "day that is not, unless the next occurrence is there by then.",
    )
    once: LocalMoment | None = Field(None, description="A single moment.", examples=["2027-01-05 09:30"])
    before: FieldName | None = Field(
        None, description="A date field of the customer; `by` says how long before it."
    )
    after: FieldName | None = Field(
        None, description="A date field of the customer; `by` says how long after it."
    )
    by: Span | None = Field(None, description="How long before or after that date; without it, on the day.")
    when: Literal["new posts"] | None = Field(
        None,
        description="It happens as soon as a feed under `content.feeds` has a new post; stands instead of a rhythm.",
    )
    at_most: OncePer | None = Field(
        None,
        description="With `when`: never more often than this; without it, `1 per day`.",
        examples=["1 per day", "1 per week"],
    )
    at: Time | None = Field(
        None, description="The time of day; without it, nine in the morning.", examples=["09:30"]
    )
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
            *(["when"] if self.when else []),
        ]
        if not kinds:
            raise mistake(
                "this schedule has no rhythm",
                "add `every:`, `once:`, `before:`, `after:` or `when: new posts`",
            )
        if len(kinds) > 1:
            raise mistake(
                f"`{kinds[0]}` and `{kinds[1]}` exclude each other", "keep one of them", at=(kinds[1],)
            )
        self._fitting(kinds[0])
        self._beside_posts()
        self._open(kinds[0])
        return self

    def _fitting(self, kind: str) -> None:
        relative = kind in RELATIVE_TO
        self._relative(relative)
        for key in NEEDS_RHYTHM:
            allowed = (
                kind == "every"
                or (relative and key in BESIDE_DATES)
                or (kind == "when" and key in BESIDE_POSTS)
            )
            if getattr(self, key) is not None and not allowed:
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
        if self.days is not None and not self.days:
            raise mistake(
                "`days` is empty, so it never happens", "name a day, or remove `days`", at=("days",)
            )

    def _relative(self, relative: bool) -> None:
        if self.by is not None and not relative:
            raise mistake("`by` needs `before` or `after`", "name the date field it counts from", at=("by",))
        if self.by is not None and self.by.unit in (Unit.MINUTE, Unit.HOUR):
            raise mistake(
                "a date is a day, so `by` counts in days", "write `1 day`, or leave `by` out", at=("by",)
            )
        if relative and self.every is not None and (self.every.unit, self.every.count) != (Unit.YEAR, 1):
            raise mistake("a date repeats every year or not at all", "write `every: year`", at=("every",))

    def _beside_posts(self) -> None:
        if self.when is None:
            if self.at_most is not None:
                raise mistake("`at_most` needs `when`", "write `when: new posts`", at=("at_most",))
            return
        for key, help in NOT_BESIDE_POSTS.items():
            if key in self.model_fields_set and getattr(self, key) is not None:
                raise mistake(f"`when` and `{key}` exclude each other", help, at=(key,))
        if self.time_zone == "recipient":
            help = "name a zone or leave it out; `quiet_hours` of the policy keep each reader's night free"
            raise mistake("a new post has one moment for everybody", help, at=("time_zone",))

    def _open(self, kind: str) -> None:
        """A schedule that its own window never lets happen is a mistake."""
        if self.window is None:
            return
        if kind != "when" and not self.window.holds(self.time_of_day):
            key = "once" if self.once else "at" if self.at else "window"
            written = f"{self.time_of_day:%H:%M}"
            raise mistake(
                f"{written} lies outside the window", "move one of the two, so that it can leave", at=(key,)
            )
        days = {day.number for day in self.window.days or ()}
        if days and self.once is not None and self.once.weekday() not in days:
            raise mistake(
                "that day lies outside the window", "move one of the two, so that it can leave", at=("once",)
            )
        if days and self.days is not None and days.isdisjoint(day.number for day in self.days):
            raise mistake("no day is in both `days` and the window", "name one day in both", at=("days",))

    @property
    def time_of_day(self) -> time:
        """When on its day it happens: from `once`, from `at`, or nine in the morning."""
        return self.once.time() if self.once is not None else self.at or NINE
