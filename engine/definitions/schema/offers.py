"""Offers: something generous, with its code, its limits and its end."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from engine.definitions.schema.base import Definition, Worded, mistake
from engine.definitions.schema.values import (
    Count,
    FieldName,
    Name,
    Number,
    Positive,
    RelativePath,
    Text,
    Title,
    read_text,
)
from engine.definitions.schema.wording import Date, Span

CODE_HELP = 'write `{ unique: "BACK-####-####" }`, `{ shared: SPRING }` or `{ pool: codes/file.csv }`'
# Eight random signs out of 28 are 3.8e11 codes: guessing one of 5,000 takes 75 million tries on average.
FEWEST_SIGNS = 6
PATTERN_HELP = f"write at least {FEWEST_SIGNS} `#`, like `BACK-####-####`; each becomes a random sign"


def read_pattern(written: object) -> str:
    """A pattern of a unique code; `#` is drawn at random."""
    text = read_text(written)
    if text.count("#") < FEWEST_SIGNS:
        raise mistake(f"codes like `{text}` could be guessed", PATTERN_HELP)
    if not text.isprintable() or any(sign.isspace() for sign in text):
        raise mistake(f"`{text}` has a space in it", PATTERN_HELP)
    return text


CodePattern = Annotated[
    str, Worded(str, read_pattern, PATTERN_HELP, rf"^[^#\s]*(#[^#\s]*){{{FEWEST_SIGNS},}}$")
]


class Code(Definition):
    """How the code comes about; one of the three."""

    unique: CodePattern | None = Field(None, description="One new code each; every `#` is a random sign.")
    shared: Title | None = Field(None, description="The same code for everybody.")
    pool: RelativePath | None = Field(None, description="A file with ready-made codes, one a line.")

    @model_validator(mode="after")
    def _one(self) -> Code:
        written = [key for key in ("unique", "shared", "pool") if getattr(self, key) is not None]
        if len(written) != 1:
            raise mistake("a code is `unique`, `shared` or from a `pool`", CODE_HELP, at=tuple(written[1:2]))
        return self


Amount = Annotated[Number, Field(ge=0)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class Offer(Definition):
    """An offer. A template sees `title, code, expires, terms` and the offer's own `fields`."""

    title: Title = Field(description="What readers see.", examples=["15% off your next order"])
    terms: Text = Field("", description="The small print.")
    percent_off: Number | None = Field(None, description="Percent off the price.")
    amount_off: dict[Currency, Number] | None = Field(None, description="Money off, per currency.")
    fields: dict[FieldName, Text] = Field(default_factory=dict, description="Own values for templates.")
    code: Code | None = Field(None, description="How the code comes about; without it, the offer has none.")
    valid_for: Span | None = Field(None, description="How long a code is valid after it was given.")
    until: Date | None = Field(None, description="The last day it is valid at all.")
    at_least_left: Span | None = Field(
        None,
        description="A letter whose code would end sooner than this after it leaves is not sent any more.",
        examples=["3 days"],
    )
    used_in: FieldName = Field(
        "code", description="The field of imported events that says which code somebody came with."
    )
    one_per: Literal["customer", "campaign", "letter"] = Field(
        "customer",
        description="`customer`: one code ever, whatever the campaign; `campaign`: one from each campaign; "
        "`letter`: a new one in each letter. Who had theirs gets the letter without the offer, or with "
        "`when_exhausted: skip` no letter. A shared code may be shown again and again.",
    )
    worth: Amount | None = Field(
        None,
        description="What one costs us, in our own currency: it is a gift, and the `budget` counts it.",
        examples=[12],
    )
    limit: Count | None = Field(None, description="At most this many codes are given.")
    warn_below: Positive | None = Field(None, description="Warn when fewer codes than this are left.")
    when_exhausted: Literal["send_without", "skip", "stop"] = Field(
        "stop",
        description="When no code is left: send without the offer, skip the customer, or stop the run.",
    )


class Allowance(Definition):
    """How generous we may be in a period."""

    each: Count | None = Field(None, description="At most this many gifts to one customer.")
    at_most: Count | None = Field(None, description="At most this many gifts in all.")
    spend: Amount | None = Field(
        None, description="At most this much in all, by what the offers are `worth`."
    )

    @property
    def is_empty(self) -> bool:
        """Whether it limits nothing."""
        return self.each is None and self.at_most is None and self.spend is None


class Budget(Allowance):
    """How much we give in a calendar year or month: in all, and by the value of a field. Every other key is such a value.

    It counts the codes of all offers that say what they are `worth`, from the moment they are reserved; a code whose
    letter is not sent gives its share back. Where it does not reach, the values written first come first, and
    `when_exhausted` of the offer says what the others get.
    """

    __pydantic_extra__: dict[str, Allowance]
    model_config = ConfigDict(extra="allow")

    by: FieldName | None = Field(
        None, description="The field whose values are the keys here; without it, the tier's."
    )
    per: Literal["year", "month"] = Field("year", description="The calendar period, on the project's clock.")
    otherwise: Allowance | None = Field(
        None, description="For every other value, and for none; without it, only what holds for all."
    )

    @property
    def allowances(self) -> dict[str, Allowance]:
        """The written values of the field and what they may get, without `otherwise`."""
        return dict(self.__pydantic_extra__ or {})

    @model_validator(mode="after")
    def _some_limit(self) -> Budget:
        written = [self, *self.allowances.values(), *([self.otherwise] if self.otherwise else [])]
        if all(each.is_empty for each in written):
            raise mistake(
                "the budget says no limit", "write `each:`, `at_most:` or `spend:`, like `spend: 3000`"
            )
        return self


class OffersFile(Definition):
    """config/offers.yaml"""

    offers: dict[Name, Offer] = Field(default_factory=dict, description="Offers by name.")
    budget: Budget | None = Field(None, description="How much is given away in a year.")
