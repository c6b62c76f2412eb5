"""What a campaign `by: owner` gives people to do: a task with a drafted text for the customer's own person."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from engine.definitions.schema.base import Definition
from engine.definitions.schema.values import RelativePath, Text
from engine.definitions.schema.wording import Span
from engine.model.touch import TouchKind


class By(StrEnum):
    """Who a campaign reaches its people by."""

    ENGINE = "engine"
    OWNER = "owner"


class OwnerTask(Definition):
    """The task that each customer's own person gets."""

    kind: TouchKind = Field(TouchKind.NOTE, description="What is to be done.", examples=["call"])
    title: Text = Field(
        description="What to do; a template.", examples=["Call {{ customer.first_name | default('them') }}"]
    )
    text: RelativePath | None = Field(
        None,
        description="A template in templates/ for a drafted text; with `content:`, its letter is the draft.",
        examples=["call-notes.md"],
    )
    due: Span | None = Field(None, description="By when, from the day it is made.", examples=["5 days"])
    expires: Span | None = Field(
        None,
        description="Closed by itself when nobody did it for so long; without it, it stays.",
        examples=["30 days"],
    )
