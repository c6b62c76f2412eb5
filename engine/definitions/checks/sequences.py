"""Sequences: triggers, steps and ways out; every step leads somewhere and every name is there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.definitions.checks.conditions import check_condition, check_conditions, check_event_name, walk_one
from engine.definitions.checks.field_tests import check_event_field, event_fields
from engine.definitions.checks.names import known
from engine.definitions.places import Key, problem_at
from engine.definitions.schema.campaign import Campaign
from engine.definitions.schema.steps import SendStep, Step, WaitForStep
from engine.definitions.suggest import suggestion
from engine.definitions.workspace import Workspace
from engine.model.problem import Problem


def check_sequence(workspace: Workspace, campaign: Campaign, *at: Key) -> Iterator[Problem]:
    """Problems of a campaign's trigger, steps and exits."""
    yield from _trigger(workspace, campaign, *at)
    by_event = campaign.trigger is not None and campaign.trigger.event is not None
    for number, condition in enumerate(campaign.exit_when or ()):
        for part, path in walk_one(workspace, condition, *at, "exit_when", number):
            yield from check_condition(workspace, part, path, in_sequence=by_event)
    seen: dict[str, int] = {}
    yield from _steps(workspace, campaign.steps, seen, by_event, *at, "steps")


def _trigger(workspace: Workspace, campaign: Campaign, *at: Key) -> Iterator[Problem]:
    trigger = campaign.trigger
    if trigger is None:
        return
    if trigger.joins is not None:
        segments = workspace.declared("segments")
        yield from known(workspace, "segment", trigger.joins, segments, *at, "trigger", "joins")
        return
    event = trigger.event or ""
    fields = event_fields(workspace, event)
    yield from check_event_name(workspace, event, *at, "trigger", "event")
    for number, test in enumerate(trigger.where):
        yield from check_event_field(workspace, test, fields, (*at, "trigger", "where", number))
    if trigger.one_per is not None and fields is not None:
        name = trigger.one_per
        if name not in fields:
            help = suggestion(name, fields, otherwise="declare it in config/customers.yaml")
            place = workspace.place(*at, "trigger", "one_per")
            yield problem_at(place, "X015", f"this event has no field `{name}`", help)


def _steps(
    workspace: Workspace, steps: Sequence[Step], seen: dict[str, int], by_event: bool, *at: Key
) -> Iterator[Problem]:
    for number, step in enumerate(steps):
        path = (*at, number)
        only_if = getattr(step, "only_if", None) or ()
        yield from check_conditions(workspace, only_if, *path, "only_if", in_sequence=by_event)
        if isinstance(step, SendStep):
            yield from _send(workspace, step, seen, *path)
        if isinstance(step, WaitForStep):
            for part, where in walk_one(workspace, step.wait_for, *path, "wait_for"):
                yield from check_condition(workspace, part, where, in_sequence=by_event)
            if isinstance(step.if_not, tuple):
                yield from _steps(workspace, step.if_not, seen, by_event, *path, "if_not")


def _send(workspace: Workspace, step: SendStep, seen: dict[str, int], *path: Key) -> Iterator[Problem]:
    if step.offer is not None:
        yield from known(workspace, "offer", step.offer, workspace.declared("offers"), *path, "offer")
    name = step.id or step.send
    if name in seen:
        message = f"two steps are called `{name}`"
        help = f"the first is on line {seen[name]}; give this one an `id:` of its own"
        place = workspace.place(*path, "id" if step.id else "send")
        yield problem_at(place, "X090", message, help)
    seen.setdefault(name, workspace.place(*path, "send").line)
