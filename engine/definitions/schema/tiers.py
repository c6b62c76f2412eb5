"""Tiers: which field holds them, and how they are scored from what customers did."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

from pydantic import ConfigDict, Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from engine.definitions.schema.base import Definition, Worded, matches, mistake
from engine.definitions.schema.values import EventName, FieldName, Name, Positive, as_written, describe
from engine.definitions.schema.wording import DURATION_PATTERN, SHARE_PATTERN, Rhythm, Share, Span, read_share
from engine.definitions.schema.wording import read_duration as read_span
from engine.model.duration import Duration, Unit

FEWEST_BANDS, MOST_BANDS = 2, 100
LARGEST = 100_000_000_000
"""Amounts beyond it, either way, are taken for mistakes and not counted: sums stay exact whole numbers."""

EVENT_VALUE_PATTERN = r"^[A-Za-z_][A-Za-z0-9_:-]{0,62}\.[A-Za-z_][A-Za-z0-9_]{0,62}$"
EVENT_VALUE_HELP = "write the event and its field, like `order_placed.amount`"
TOP_PATTERN = rf"^([1-9][0-9]{{0,8}}|{SHARE_PATTERN[1:-1]})$"
TOP_HELP = "write a number of customers or a share of them, like `50` or `5%`"
POINTS_PATTERN = r"^[1-9][0-9]{0,5}( points?)?$"
POINTS_HELP = "write it like `12 points`"
BANDS_HELP = "write a number of equal groups, like `5`, or the limits between bands, like `[100, 500, 2000]`"


@dataclass(frozen=True, slots=True)
class EventValue:
    """A number that events carry: `order_placed.amount`."""

    event: str
    field: str

    def __str__(self) -> str:
        return f"{self.event}.{self.field}"


@dataclass(frozen=True, slots=True)
class Bands:
    """How values become bands, the lowest 1. Without `limits` the customers with a value fall into `number` groups
    of equal size; otherwise each limit begins a band, the worst first."""

    number: int
    limits: tuple[float, ...] | tuple[Duration, ...] = ()

    def __str__(self) -> str:
        return f"[{', '.join(_limit(limit) for limit in self.limits)}]" if self.limits else str(self.number)


def _limit(limit: float | Duration) -> str:
    return str(limit) if isinstance(limit, Duration) else f"{limit:g}"


def read_event_value(written: object) -> EventValue:
    """`order_placed.amount`: the part behind the last point is the field."""
    if not isinstance(written, str) or not matches(EVENT_VALUE_PATTERN, written):
        shown = f"`{as_written(written)}`" if isinstance(written, str | int | float) else describe(written)
        raise mistake(f"{shown} cannot be read here", EVENT_VALUE_HELP)
    event, _, field = written.rpartition(".")
    return EventValue(event, field)


def read_bands(written: object) -> Bands:
    """`5`, `[100, 500, 2000]` or `[1 year, 90 days]`."""
    if isinstance(written, int) and not isinstance(written, bool):
        if not FEWEST_BANDS <= written <= MOST_BANDS:
            raise mistake(f"`{written}` groups cannot be made", f"choose {FEWEST_BANDS} to {MOST_BANDS}")
        return Bands(int(written))
    if not isinstance(written, list | tuple) or not written:
        shown = f"`{as_written(written)}`" if isinstance(written, str | float) else describe(written)
        raise mistake(f"{shown} cannot be read here", BANDS_HELP)
    if all(isinstance(limit, int | float) and not isinstance(limit, bool) for limit in written):
        numbers = tuple(float(limit) for limit in written)
        if any(abs(number) > LARGEST for number in numbers):
            raise mistake("this limit is too large", f"stay below {LARGEST:,}")
        return Bands(len(written) + 1, numbers)
    if all(isinstance(limit, str) and matches(DURATION_PATTERN, limit) for limit in written):
        return Bands(len(written) + 1, tuple(read_span(limit) for limit in written))
    raise mistake("the limits are neither all numbers nor all spans of time", BANDS_HELP)


def read_top(written: object) -> int | Share:
    """`50`, `5%`."""
    if not isinstance(written, str | int) or isinstance(written, bool):
        raise mistake(f"{describe(written)} cannot be read here", TOP_HELP)
    text = as_written(written)
    if not matches(TOP_PATTERN, text):
        raise mistake(f"`{text}` cannot be read here", TOP_HELP)
    return read_share(text) if text.endswith("%") else int(text)


def read_points(written: object) -> int:
    """`12 points`, or the bare number."""
    text = as_written(written) if isinstance(written, str | int) and not isinstance(written, bool) else ""
    if not matches(POINTS_PATTERN, text):
        shown = f"`{as_written(written)}`" if isinstance(written, str | int | float) else describe(written)
        raise mistake(f"{shown} cannot be read here", POINTS_HELP)
    return int(text.partition(" ")[0])


class _BandsWorded(Worded):
    """The same rule for editors: a whole number, or a list of numbers or of spans."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        span = {"type": "string", "pattern": DURATION_PATTERN}
        lists = [{"type": "array", "minItems": 1, "items": item} for item in ({"type": "number"}, span)]
        number = {"type": "integer", "minimum": FEWEST_BANDS, "maximum": MOST_BANDS}
        return {"if": {"type": "array"}, "then": {"anyOf": lists}, "else": number}


EventNumber = Annotated[
    EventValue, Worded(EventValue, read_event_value, EVENT_VALUE_HELP, EVENT_VALUE_PATTERN)
]
BandsText = Annotated[Bands, _BandsWorded(Bands, read_bands, BANDS_HELP)]
Top = Annotated[int | Share, Worded(Share, read_top, TOP_HELP, TOP_PATTERN, numbers=True)]
Points = Annotated[int, Worded((), read_points, POINTS_HELP, POINTS_PATTERN, numbers=True)]

SUBJECTS = ("sum", "count", "since_last", "since", "growth", "field")
SUBJECT_HELP = "write one of: " + ", ".join(SUBJECTS)
IN_TIME = ("since_last", "since")
"""Criteria of time: their limits are spans."""

DAYS = {Unit.DAY: 1, Unit.WEEK: 7, Unit.MONTH: 30, Unit.YEAR: 365}


class Criterion(Definition):
    """One thing customers are judged by; exactly one of sum, count, since_last, since, growth and field."""

    name: Name = Field(description="What it is called in reasons.", examples=["spend"])
    sum: EventNumber | None = Field(
        None, description="The sum of a field of an event.", examples=["order_placed.amount"]
    )
    count: EventName | None = Field(
        None, description="How many such events there were.", examples=["order_placed"]
    )
    since_last: EventName | None = Field(
        None, description="How long ago the last such event was: the shorter, the better."
    )
    since: FieldName | None = Field(
        None,
        description="How long ago a customer's own date was: the longer, the better.",
        examples=["signed_up_at"],
    )
    growth: EventNumber | None = Field(
        None, description="How much larger the sum is in `within` than in the same span before it."
    )
    field: FieldName | None = Field(
        None, description="A number among the customer's fields.", examples=["referrals"]
    )
    within: Span | None = Field(
        None,
        description="Only events this long ago at most; for sum, count and growth.",
        examples=["24 months"],
    )
    bands: BandsText = Field(
        Bands(5),
        description="A number of groups of equal size (customers with equal values share the lower one), or limits, the "
        "worst first: `[100, 500, 2000]` gives four bands; spans of time for since_last and since.",
        examples=["5", "[1 year, 90 days]"],
    )
    weight: Positive = Field(1, description="The band counts so many times.")

    @property
    def subject(self) -> str:
        """Which of the six it is."""
        return next(name for name in SUBJECTS if getattr(self, name) is not None)

    @model_validator(mode="after")
    def _one_subject(self) -> Criterion:
        written = [name for name in SUBJECTS if getattr(self, name) is not None]
        if len(written) != 1:
            found = " and ".join(f"`{name}`" for name in written)
            message = f"{found} are two criteria" if written else "this criterion does not say what it counts"
            raise mistake(message, SUBJECT_HELP, at=tuple(written[1:2]))
        subject = written[0]
        if self.within is not None and subject in (*IN_TIME, "field"):
            raise mistake(f"`within` means nothing beside `{subject}`", "remove it", at=("within",))
        if self.within is None and subject == "growth":
            raise mistake("`growth` compares two spans", "add `within: 12 months`", at=("growth",))
        self._limits_in_order(subject)
        return self

    def _limits_in_order(self, subject: str) -> None:
        limits = self.bands.limits
        spans = [limit for limit in limits if isinstance(limit, Duration)]
        if limits and bool(spans) != (subject in IN_TIME):
            wanted, example = (
                ("spans", "[1 year, 90 days]") if subject in IN_TIME else ("numbers", "[100, 500]")
            )
            raise mistake(
                f"the limits of `{subject}` are {wanted}", f"write them like `{example}`", at=("bands",)
            )
        if any(span.unit not in DAYS for span in spans):
            raise mistake("limits are whole days", "write days, weeks, months or years", at=("bands",))
        sizes = [float(limit) for limit in limits if not isinstance(limit, Duration)]
        sizes += [span.count * DAYS[span.unit] * (-1 if subject == "since_last" else 1) for span in spans]
        if any(second <= first for first, second in pairwise(sizes)):
            order = "the longest first" if subject == "since_last" else "the smallest first"
            raise mistake("these limits are not in order, the worst first", f"write {order}", at=("bands",))


class TierRule(Definition):
    """What it takes to be in a tier: one of the two."""

    top: Top | None = Field(
        None, description="The best so many of all customers with a score; better tiers count among them."
    )
    at_least: Points | None = Field(None, description="So many points.", examples=["12 points"])

    @model_validator(mode="after")
    def _one(self) -> TierRule:
        if (self.top is None) == (self.at_least is None):
            at = ("at_least",) if self.top is not None else ()
            raise mistake("a tier takes `top` or `at_least`", "write one of the two", at=at)
        return self

    def __str__(self) -> str:
        return f"the top {self.top}" if self.top is not None else f"at least {self.at_least} points"


class Giving(Definition):
    """Who gets which tier: every other key is a tier. The best tier whose rule somebody meets is theirs."""

    __pydantic_extra__: dict[str, TierRule]
    model_config = ConfigDict(extra="allow")

    otherwise: Name | None = Field(
        None, description="The tier of everybody else; without it they have none.", examples=["silver"]
    )

    @property
    def rules(self) -> dict[str, TierRule]:
        """The rules by tier, without `otherwise`."""
        return dict(self.__pydantic_extra__ or {})


class Tiers(Definition):
    """Tiers: a field that is imported, or one that is scored here."""

    field: FieldName = Field(
        "tier", description="The field that holds them, `one_of` in config/customers.yaml."
    )
    order: tuple[Name, ...] = Field(
        (), description="The tiers, best first; without it, as the field's `one_of` has them."
    )
    score: tuple[Criterion, ...] = Field(
        (), description="What customers are judged by; without it the field is imported like any other."
    )
    give: Giving | None = Field(None, description="Who gets which tier.")
    keep_for: Span | None = Field(
        None, description="After a change nobody falls for so long.", examples=["3 months"]
    )
    recompute: Rhythm | None = Field(
        None,
        description="How often the daemon does it, once in each day, week, month, quarter (`every 3 months`), "
        "half-year or year of the calendar; without it only `touchbase tiers --apply` does.",
        examples=["every month"],
    )

    @model_validator(mode="after")
    def _whole(self) -> Tiers:
        if bool(self.score) != (self.give is not None):
            here, there = ("score", "give") if self.score else ("give", "score")
            raise mistake(f"`{here}` needs `{there}`", "write both, or neither", at=(here,))
        for key in ("keep_for", "recompute"):
            if getattr(self, key) is not None and not self.score:
                raise mistake(f"`{key}` means nothing without `score`", "remove it", at=(key,))
        names = [criterion.name for criterion in self.score]
        for number, name in enumerate(names):
            if name in names[:number]:
                raise mistake(
                    f"two criteria are called `{name}`", "give one of them another name", at=("score", number, "name")
                )  # fmt: skip
        every = self.recompute
        if every is not None and not is_calendar_period(every):
            help = "write `every day`, `every week`, `every month`, `every 3 months`, `every 6 months` or `every year`"
            raise mistake(f"`every {every}` is no period of the calendar", help, at=("recompute",))
        return self


def is_calendar_period(every: Duration) -> bool:
    """A day, a week, a year, or so many months that a year is made of them."""
    return (every.unit is Unit.MONTH and 12 % every.count == 0) or (every.count == 1 and every.unit in DAYS)


class TiersFile(Definition):
    """config/tiers.yaml"""

    tiers: Tiers = Field(description="Which customers matter most, and why.")
