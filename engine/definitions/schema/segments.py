"""Segments: named rules over customers, as a closed set of condition types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, StrictBool, Tag, model_validator

from engine.definitions.schema.base import Definition, OneOrMany, mistake
from engine.definitions.schema.values import (
    Count,
    EventField,
    EventName,
    FieldName,
    Name,
    Number,
    Positive,
    Scalars,
    Text,
    Title,
)
from engine.definitions.schema.wording import DayOrMoment, Span

FIELD_TESTS = (
    "is",
    "is_not",
    "contains",
    "starts_with",
    "ends_with",
    "at_least",
    "at_most",
    "within",
    "not_within",
    "before",
    "after",
    "known",
)


class FieldTests(Definition):
    """Tests on one value; several must all hold. A missing value passes none but `known: false`."""

    is_: Scalars | None = Field(
        None,
        alias="is",
        description="The value equals this; a list means any of them.",
        examples=["GB", ["GB", "IE"]],
    )
    is_not: Scalars | None = Field(
        None,
        description="The value is known and equals none of these. Someone without a value does not pass; "
        "add them with `known: false` under `any:`.",
    )
    contains: Scalars | None = Field(
        None, description="Text: has this part in it. A list field: has this entry; a list means any of them."
    )
    starts_with: Text | None = Field(None, description="The text starts with this (capitals do not matter).")
    ends_with: Text | None = Field(
        None, description="The text ends with this (capitals do not matter).", examples=["@acme.example"]
    )
    at_least: Number | None = Field(None, description="The number is this or more.")
    at_most: Number | None = Field(None, description="The number is this or less.")
    within: Span | None = Field(
        None, description="The date lies in the past, at most this long ago.", examples=["7 days"]
    )
    not_within: Span | None = Field(
        None, description="The date is known and is longer ago than this (dates to come pass too)."
    )
    before: DayOrMoment | None = Field(
        None, description="The date is earlier than this day.", examples=["2027-01-01"]
    )
    after: DayOrMoment | None = Field(
        None, description="The date is later than this day.", examples=["2026-12-31"]
    )
    known: StrictBool | None = Field(None, description="`true`: there is a value. `false`: there is none.")


class FieldCondition(FieldTests):
    """A test on a customer's field or a built-in (email, customer_id, time_zone, language, tags, topics)."""

    field: FieldName = Field(description="The field to test, as named in config/customers.yaml.")


class EventFieldCondition(FieldTests):
    """A test on a field of the event itself; `event.severity` and `severity` mean the same."""

    field: EventField = Field(
        description="The event's own field to test.", examples=["severity", "event.severity"]
    )


class EventCount(Definition):
    """How many such events; without it at least one."""

    at_least: Count | None = Field(None, description="This many or more.")
    at_most: Count | None = Field(None, description="This many or fewer; none at all counts too.")
    distinct: Literal["days"] | None = Field(
        None, description="`days` counts the days with such an event (in UTC) instead of the events."
    )


class EventCondition(Definition):
    """Something happened, or did not.

    `within`, `not_within`, `before`, `after` speak of the event's own time. `not_within` means: no such event
    in that time (true for people without any at all); the others narrow the events that are counted.
    """

    event: EventName = Field(description="The event's name.", examples=["order_placed"])
    count: EventCount | None = Field(None, description="How many; without it, at least one.")
    where: tuple[EventFieldCondition, ...] = Field(
        (), description="Only events whose own fields pass all of these tests."
    )
    within: Span | None = Field(None, description="Only events at most this long ago.")
    not_within: Span | None = Field(
        None, description="None at all in the last of this time.", examples=["180 days"]
    )
    before: DayOrMoment | None = Field(None, description="Only events before this day.")
    after: DayOrMoment | None = Field(None, description="Only events after this day.")
    same: EventField | None = Field(
        None, description="In a sequence: only events with the same value here as the event that started it."
    )
    without_later: EventName | None = Field(
        None,
        description="Only events that no event of this name followed: opened and not resolved since.",
        examples=["complaint_resolved"],
    )

    @model_validator(mode="after")
    def _one_reading(self) -> EventCondition:
        for key in ("count", "within", "before", "after"):
            if self.not_within is not None and getattr(self, key) is not None:
                raise mistake(
                    f"`not_within` and `{key}` in one condition can be read in two ways",
                    "write two conditions; a list means that both hold",
                    at=("not_within",),
                )
        return self


class SegmentCondition(Definition):
    """Membership in another segment."""

    segment: Name = Field(description="The other segment; use `not:` for everybody outside it.")


class SubscribedCondition(Definition):
    """Subscribed to a topic and reachable by email."""

    subscribed: Name = Field(description="A topic of config/project.yaml.", examples=["newsletter"])


class OfferCondition(Definition):
    """Was given an offer by any campaign."""

    offer: Name = Field(description="An offer of config/offers.yaml.")
    is_: Literal["given", "unused", "used"] = Field(
        "given",
        alias="is",
        description="`given`: received a code; `unused`, `used`: and has not, or has, used it.",
    )
    within: Span | None = Field(None, description="Given at most this long ago.")
    not_within: Span | None = Field(None, description="Not given in the last of this time.")
    expires_within: Span | None = Field(
        None,
        description="Only codes that nobody has used and that end in the next of this time: for a reminder.",
        examples=["7 days"],
    )


class All(Definition):
    """Every condition holds. No conditions at all means nobody."""

    all: Conditions = Field(description="Conditions that must all hold.")


class AnyOf(Definition):
    """At least one condition holds."""

    any: Conditions = Field(description="Conditions of which at least one must hold.")


class Not(Definition):
    """The conditions do not all hold. With `any:` inside: none of them holds."""

    not_: Conditions = Field(
        alias="not", description="A condition, or a list that means all of them, turned round."
    )


SUBJECTS: dict[str, type[Definition]] = {
    "field": FieldCondition,
    "event": EventCondition,
    "segment": SegmentCondition,
    "subscribed": SubscribedCondition,
    "offer": OfferCondition,
    "all": All,
    "any": AnyOf,
    "not": Not,
}


def tag(key: str) -> str:
    """The name of a branch in error locations: never a key a marketer could write."""
    return f"<{key}>"


def _subject(written: Any) -> str | None:
    if isinstance(written, Definition):
        return next((tag(key) for key, kind in SUBJECTS.items() if isinstance(written, kind)), None)
    if isinstance(written, Mapping):
        return next((tag(key) for key in SUBJECTS if key in written), None)
    return None


Condition = Annotated[
    Annotated[FieldCondition, Tag("<field>")]
    | Annotated[EventCondition, Tag("<event>")]
    | Annotated[SegmentCondition, Tag("<segment>")]
    | Annotated[SubscribedCondition, Tag("<subscribed>")]
    | Annotated[OfferCondition, Tag("<offer>")]
    | Annotated[All, Tag("<all>")]
    | Annotated[AnyOf, Tag("<any>")]
    | Annotated[Not, Tag("<not>")],
    Discriminator(
        _subject, custom_error_type="no_subject", custom_error_message="this condition has no subject"
    ),
]
Conditions = Annotated[tuple[Condition, ...], OneOrMany()]


class Expectation(Definition):
    """A test on the segment's size; `plan` refuses outside it."""

    between: tuple[Count, Count] = Field(
        description="The smallest and the largest size that is believable.", examples=[[500, 20000]]
    )

    @model_validator(mode="after")
    def _ordered(self) -> Expectation:
        if self.between[0] > self.between[1]:
            raise mistake("the smaller number comes first", "write `between: [500, 20000]`", at=("between",))
        return self


class Segment(Definition):
    """A named rule over customers. `all`, `any` and `not` may stand together and must then all hold."""

    title: Title = Field("", description="What the segment means, for people.", validate_default=False)
    all: Conditions | None = Field(None, description="Conditions that must all hold.")
    any: Conditions | None = Field(None, description="Conditions of which at least one must hold.")
    not_: Conditions | None = Field(None, alias="not", description="Conditions that must not all hold.")
    top: Positive | None = Field(
        None, description="Only this many, the highest `by` first (ties: the lower customer key)."
    )
    by: FieldName | None = Field(
        None, description="The number or date field that `top` sorts by; missing values lose."
    )
    expect: Expectation | None = Field(
        None, description="How many people are believable; `plan` refuses outside it."
    )

    @model_validator(mode="after")
    def _complete(self) -> Segment:
        if self.top is not None and self.by is None:
            raise mistake(
                "`top` needs `by`", "say which field to sort by, like `by: lifetime_value`", at=("top",)
            )
        if self.by is not None and self.top is None:
            raise mistake("`by` needs `top`", "say how many, like `top: 10`", at=("by",))
        return self

    @property
    def rule(self) -> All:
        """The conditions as one tree. An empty tree means nobody, unless `top` alone ranks everybody."""
        parts: list[Condition] = []
        if self.any is not None:
            parts.append(AnyOf(any=self.any))
        if self.not_ is not None:
            parts.append(Not(not_=self.not_))
        return All(all=(*(self.all or ()), *parts))

    @property
    def names_nobody(self) -> bool:
        """True when no condition and no `top` is written: such a segment is empty."""
        return not self.rule.all and self.top is None


class SegmentsFile(Definition):
    """config/segments.yaml"""

    segments: dict[Name, Segment] = Field(description="Segments by name.")


__all__ = [
    "FIELD_TESTS",
    "SUBJECTS",
    "All",
    "AnyOf",
    "Condition",
    "Conditions",
    "EventCondition",
    "EventCount",
    "EventFieldCondition",
    "Expectation",
    "FieldCondition",
    "FieldTests",
    "Not",
    "OfferCondition",
    "Segment",
    "SegmentCondition",
    "SegmentsFile",
    "SubscribedCondition",
]
