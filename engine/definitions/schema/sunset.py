"""Sunset: what becomes of people who do nothing with our letters, step by step, judged by evidence."""

from __future__ import annotations

from datetime import time

from pydantic import Field, field_validator, model_validator

from engine.definitions.schema.base import Definition, mistake
from engine.definitions.schema.values import EventName, Name, Positive
from engine.definitions.schema.wording import Rhythm, Span, Time
from engine.model.built_in_events import OwnEvent
from engine.model.duration import Duration
from engine.model.heard import News
from engine.model.stage import DAYS, days

CALLED = {"click": str(News.CLICKED), "reply": str(News.REPLIED), "open": str(News.OPENED)}
"""How people call what is heard of letters."""

SIGNS = (str(News.CLICKED), str(News.REPLIED), str(News.SUBSCRIBED))
"""What is heard of letters and was done by their reader."""

UNANSWERED = 3
"""One or two letters without an answer are no silence."""


class _Step(Definition):
    after: Span = Field(
        description="After so long without a sign of life, from the first letter that was not answered.",
        examples=["180 days"],
    )

    @field_validator("after")
    @classmethod
    def _whole_days(cls, after: Duration) -> Duration:
        if after.unit not in DAYS:
            raise mistake(f"`{after}` is shorter than a day", "write it in days, weeks, months or years")
        return after


class Cooling(_Step):
    """Fewer letters for whoever does nothing with them."""

    cadence: Rhythm = Field(
        description="Marketing reaches them at most this often.", examples=["every 2 months"]
    )


class LastAsk(_Step):
    """One letter that asks whether they still want this."""

    campaign: Name = Field(
        description="The campaign that asks; it is sent once to each of them, by itself.",
        examples=["still-want-this"],
    )
    at: Time = Field(time(9, 0), description="From this time of day on, by the project's clock, it is sent.")


class Dormant(_Step):
    """Hardly any letters; whoever has an owner becomes a task for them instead of being given up."""

    cadence: Rhythm = Field(description="Marketing reaches them at most this often.", examples=["every year"])


class Suppressed(_Step):
    """No marketing any more, until they do something themselves. Never for whoever has an owner."""


class Sunset(Definition):
    """What becomes of people who do nothing with our marketing. Service letters go on."""

    evidence: tuple[EventName, ...] = Field(
        description="Events that are a sign of life: `click`, `reply`, and events of your own. Never `opened`: machines "
        "open letters, too. Joining a topic on one's own always counts.",
        examples=[["click", "reply", "order_placed"]],
    )
    letters: Positive = Field(UNANSWERED, description="At least so many letters must have gone unanswered.")
    cooling: Cooling | None = Field(None, description="The first step.")
    last_ask: LastAsk | None = Field(None, description="The second step.")
    dormant: Dormant | None = Field(None, description="The third step.")
    suppressed: Suppressed | None = Field(None, description="The last step.")

    @property
    def events(self) -> tuple[str, ...]:
        """The names of the events that are a sign of life."""
        return tuple(dict.fromkeys(CALLED.get(name, name) for name in self.evidence))

    @model_validator(mode="after")
    def _evidence(self) -> Sunset:
        if not self.evidence:
            raise mistake(
                "nothing would ever be a sign of life", "name events, like `click`", at=("evidence",)
            )
        for number, name in enumerate(self.evidence):
            if CALLED.get(name, name) == News.OPENED:
                raise mistake(
                    "an open proves nothing: machines open letters, and people whose mail hides it never seem to",
                    "take it out; name what people do, like `click`, `reply` or `order_placed`",
                    at=("evidence", number),
                )
            if name in (*News, *OwnEvent) and name not in SIGNS:
                raise mistake(
                    f"`{name}` says nothing of whether somebody wants letters",
                    "take it out; name what people do, like `click`, `reply` or `order_placed`",
                    at=("evidence", number),
                )
        return self

    @model_validator(mode="after")
    def _in_order(self) -> Sunset:
        before: tuple[str, Duration] | None = None
        for key in ("cooling", "last_ask", "dormant", "suppressed"):
            step = getattr(self, key)
            if step is None:
                continue
            if before is not None and days(step.after) <= days(before[1]):
                raise mistake(
                    f"`{key}` begins no later than `{before[0]}`",
                    f"write more than {before[1]}",
                    at=(key, "after"),
                )
            before = key, step.after
        if before is None:
            raise mistake("no step is written", "add `cooling: { after: 180 days, cadence: every 2 months }`")
        return self
