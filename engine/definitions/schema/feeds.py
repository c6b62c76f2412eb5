"""Feeds: where posts come from."""

from __future__ import annotations

from pydantic import Field

from engine.definitions.schema.base import Definition
from engine.definitions.schema.values import Count, FeedAddress, Name, Text
from engine.definitions.schema.wording import Span
from engine.model.duration import Duration, Unit


class Feed(Definition):
    """A blog's RSS, Atom or JSON feed."""

    url: FeedAddress = Field(
        description="The feed's address, or a file inside the workspace (for trying things out).",
        examples=["https://blog.acme.example/feed.xml"],
    )
    title: Text = Field("", description="What people call it.")
    backfill: Count = Field(
        5, description="How many of the posts already there count as new when it is first read."
    )
    check_every: Span = Field(
        Duration(30, Unit.MINUTE),
        description="How often `touchbase feeds --read` looks at it. `plan` and `send` always look; only while "
        "its site does not answer do they go on with what was read less than this long ago.",
        examples=["30 minutes"],
    )
    max_age: Span | None = Field(
        None, description="Posts older than this are never sent.", examples=["120 days"]
    )


class FeedsFile(Definition):
    """config/feeds.yaml"""

    feeds: dict[Name, Feed] = Field(description="Feeds by name.")
