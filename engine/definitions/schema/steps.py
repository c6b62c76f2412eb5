"""Sequences: what starts one, its steps from top to bottom, and the ways out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from engine.definitions.schema.base import Definition, mistake
from engine.definitions.schema.segments import Condition, Conditions, EventFieldCondition
from engine.definitions.schema.values import EventField, EventName, Name, RelativePath, Text, Title
from engine.definitions.schema.wording import Repetition, Span


class Trigger(Definition):
    """What starts the sequence for one customer: an event, or joining a segment."""

    event: EventName | None = Field(None, description="Starts at this event.", examples=["complaint_opened"])
    where: tuple[EventFieldCondition, ...] = Field(
        (), description="Only events that pass all of these tests."
    )
    one_per: EventField | None = Field(
        None, description="One sequence per value of this event field.", examples=["event.complaint_id"]
    )
    joins: Name | None = Field(None, description="Starts when somebody joins this segment.")
    repeat: Repetition | None = Field(
        None,
        description="Whether somebody may go through it again.",
        examples=["never", "once per 12 months"],
    )

    @model_validator(mode="after")
    def _one_start(self) -> Trigger:
        if (self.event is None) == (self.joins is None):
            raise mistake("a trigger is either `event` or `joins`", "keep one of them")
        for key in ("where", "one_per"):
            if getattr(self, key) and self.event is None:
                raise mistake(f"`{key}` speaks of an event", "it goes with `event:`", at=(key,))
        return self


class SendStep(Definition):
    """Sends a letter."""

    id: Name | None = Field(
        None, description="The step's name in reports; needed when there are several letters."
    )
    send: RelativePath = Field(description="A template in templates/.", examples=["winback-1.html"])
    subject: Text = Field(description="The subject line; a template.")
    preheader: Text = Field("", description="The line shown after the subject in an inbox; a template.")
    text: RelativePath | None = Field(
        None, description="A template for the text part; otherwise made from the HTML."
    )
    offer: Name | None = Field(None, description="An offer of config/offers.yaml.")
    only_if: Conditions | None = Field(
        None, description="Only for customers who pass; others go on to the next step."
    )
    within: Span | None = Field(None, description="The promise: a letter later than this is reported.")
    approve: Literal["each"] | None = Field(
        None, description="`each`: a person releases every single letter."
    )


class WaitStep(Definition):
    """Waits."""

    wait: Span = Field(description="How long.", examples=["5 days"])


def _otherwise(written: Any) -> str:
    return "<steps>" if isinstance(written, list | tuple) else "<words>"


class WaitForStep(Definition):
    """Waits for something to happen."""

    wait_for: Condition = Field(description="An event (or any other condition) to wait for.")
    up_to: Span = Field(description="How long at most.")
    if_not: Otherwise = Field(
        "go on", description="When it did not happen: `stop`, `go on`, or a short list of steps."
    )


class NotifyStep(Definition):
    """Tells colleagues."""

    notify: Text = Field(description="Who: an address or the name of a team.")
    message: Text = Field("", description="What to say; a template.")
    only_if: Conditions | None = Field(None, description="Only for customers who pass.")


class TaskStep(Definition):
    """Gives a person something to do."""

    task: Title = Field(description="What to do; a template.", examples=["Call {{ customer.first_name }}"])
    for_: Text | None = Field(
        None, alias="for", description="Who does it; without it, the customer's own sender."
    )
    due: Span | None = Field(None, description="By when.")
    only_if: Conditions | None = Field(None, description="Only for customers who pass.")


class OnlyIfStep(Definition):
    """A gate: who does not pass leaves the sequence here."""

    only_if: Conditions = Field(description="Conditions that must all hold to go on.")


STEPS: dict[str, type[Definition]] = {
    "send": SendStep,
    "wait": WaitStep,
    "wait_for": WaitForStep,
    "notify": NotifyStep,
    "task": TaskStep,
    "only_if": OnlyIfStep,
}


def _kind(written: Any) -> str | None:
    if isinstance(written, Definition):
        return next((f"<{key}>" for key, kind in STEPS.items() if isinstance(written, kind)), None)
    if isinstance(written, Mapping):
        return next((f"<{key}>" for key in STEPS if key in written), None)
    return None


Step = Annotated[
    Annotated[SendStep, Tag("<send>")]
    | Annotated[WaitStep, Tag("<wait>")]
    | Annotated[WaitForStep, Tag("<wait_for>")]
    | Annotated[NotifyStep, Tag("<notify>")]
    | Annotated[TaskStep, Tag("<task>")]
    | Annotated[OnlyIfStep, Tag("<only_if>")],
    Discriminator(
        _kind, custom_error_type="no_step", custom_error_message="this step does not say what to do"
    ),
]

Otherwise = Annotated[
    Annotated[Literal["stop", "go on"], Tag("<words>")] | Annotated[tuple[Step, ...], Tag("<steps>")],
    Discriminator(_otherwise),
]

__all__ = [
    "STEPS",
    "NotifyStep",
    "OnlyIfStep",
    "SendStep",
    "Step",
    "TaskStep",
    "Trigger",
    "WaitForStep",
    "WaitStep",
]
