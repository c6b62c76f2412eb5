"""Campaigns: every segment, sender, feed, offer, topic and field they name is there and fits."""

from __future__ import annotations

from collections.abc import Iterator

from engine.definitions.checks.conditions import check_event_name
from engine.definitions.checks.contact import check_rhythms
from engine.definitions.checks.field_tests import check_event_field, check_kind, event_fields
from engine.definitions.checks.names import each_known, known
from engine.definitions.checks.schedules import check_schedule
from engine.definitions.checks.sequences import check_sequence
from engine.definitions.places import Key, problem_at
from engine.definitions.schema.campaign import TEMPLATE_NAMES, Campaign
from engine.definitions.schema.customers import FieldKind
from engine.definitions.schema.senders import ACCOUNT_OWNER
from engine.definitions.workspace import Workspace
from engine.model.problem import Problem


def check_campaigns(workspace: Workspace) -> Iterator[Problem]:
    """Problems of every campaign."""
    for name, campaign in workspace.campaigns.items():
        at = ("campaigns", name)
        yield from _audience(workspace, campaign, *at)
        yield from _names(workspace, campaign, *at)
        yield from _content(workspace, campaign, *at)
        if campaign.schedule is not None:
            yield from check_schedule(workspace, campaign.schedule, *at, "schedule")
        yield from _goal(workspace, campaign, *at)
        yield from check_sequence(workspace, campaign, *at)


def _audience(workspace: Workspace, campaign: Campaign, *at: Key) -> Iterator[Problem]:
    audience = campaign.audience
    if audience is None:
        return
    names = workspace.declared("segments")
    yield from each_known(workspace, "segment", audience.include, names, *at, "audience", "include")
    yield from each_known(workspace, "segment", audience.exclude, names, *at, "audience", "exclude")
    if not audience.include:
        message, help = "`include` is empty, so nobody gets this", "name at least one segment"
        yield problem_at(workspace.place(*at, "audience", "include", key=True), "X080", message, help)
    for number, name in enumerate(audience.exclude):
        if name in audience.include:
            message = f"`{name}` is included and excluded"
            place = workspace.place(*at, "audience", "exclude", number)
            yield problem_at(place, "X081", message, "remove it from one of the two lists")


def _names(workspace: Workspace, campaign: Campaign, *at: Key) -> Iterator[Problem]:
    if campaign.topic is not None:
        yield from known(workspace, "topic", campaign.topic, workspace.project.topics, *at, "topic")
    if campaign.by_owner and workspace.account_owner is None:
        message = "`by: owner` needs people of the customers' own, and `account-owner` is not set up"
        help = "add `account-owner: { from_field: …, otherwise: … }` to config/senders.yaml"
        yield problem_at(workspace.place(*at, "by"), "X011", message, help)
    if campaign.sender == ACCOUNT_OWNER:
        if workspace.account_owner is None:
            message = "`account-owner` is not set up"
            help = "add `account-owner: { from_field: …, otherwise: … }` to config/senders.yaml"
            yield problem_at(workspace.place(*at, "sender"), "X011", message, help)
    else:
        senders = {*workspace.declared("senders"), *([ACCOUNT_OWNER] if workspace.account_owner else [])}
        yield from known(workspace, "sender", campaign.sender, senders, *at, "sender")
    if campaign.cadence is not None:
        yield from check_rhythms(workspace, campaign.cadence.by, campaign.cadence.rhythms, *at, "cadence")


def _content(workspace: Workspace, campaign: Campaign, *at: Key) -> Iterator[Problem]:
    content = campaign.content
    if content.offer is not None:
        offers = workspace.declared("offers")
        yield from known(workspace, "offer", content.offer, offers, *at, "content", "offer")
    for name, choice in content.feeds.items():
        path = (*at, "content", "feeds", name)
        if name in TEMPLATE_NAMES:
            message = f"`{name}` already means something in templates"
            yield problem_at(workspace.place(*path, key=True), "X082", message, "choose a name like `posts`")
        yield from known(workspace, "feed", choice.feed, workspace.declared("feeds"), *path, "feed")
        if choice.match is not None:
            yield from check_kind(workspace, choice.match, (FieldKind.LIST,), *path, "match")


def _goal(workspace: Workspace, campaign: Campaign, *at: Key) -> Iterator[Problem]:
    goal = campaign.goal
    if goal is None:
        return
    fields = event_fields(workspace, goal.event)
    yield from check_event_name(workspace, goal.event, *at, "goal", "event")
    for number, test in enumerate(goal.where):
        yield from check_event_field(workspace, test, fields, (*at, "goal", "where", number))
