"""Sunset: the events that are signs of life, and the campaign that asks for the last time."""

from __future__ import annotations

from collections.abc import Iterator

from engine.definitions.checks.conditions import check_event_name
from engine.definitions.checks.names import known
from engine.definitions.places import problem_at
from engine.definitions.schema.sunset import CALLED
from engine.definitions.workspace import Workspace
from engine.model.problem import Problem
from engine.model.words import Purpose


def check_sunset(workspace: Workspace) -> Iterator[Problem]:
    """Problems of `sunset` in config/policy.yaml."""
    sunset = workspace.policy.sunset
    if sunset is None:
        return
    at = ("policy", "sunset")
    for number, name in enumerate(sunset.evidence):
        if name not in CALLED:
            yield from check_event_name(workspace, name, *at, "evidence", number)
    if sunset.last_ask is None:
        return
    name, path = sunset.last_ask.campaign, (*at, "last_ask", "campaign")
    yield from known(workspace, "campaign", name, workspace.declared("campaigns"), *path)
    campaign = workspace.campaigns.get(name)
    if campaign is None:
        return
    if campaign.purpose is not Purpose.MARKETING:
        message = (
            f"`{name}` is a service letter; the last ask is marketing, which stops where it is not wanted"
        )
        yield problem_at(workspace.place(*path), "X088", message, f"write `purpose: marketing` in {name}")
    if campaign.schedule is not None or campaign.trigger is not None:
        message = f"`{name}` has a calendar of its own, so that it reaches people who were never silent"
        help = "remove its schedule: it is sent by itself, once to each of those it is for"
        yield problem_at(workspace.place(*path), "X089", message, help)
