"""Senders and policy: every person, field, segment, topic and campaign they name is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from engine.definitions.checks.conditions import check_event_name
from engine.definitions.checks.field_tests import NAMES, field_names, field_type
from engine.definitions.checks.names import each_known, known
from engine.definitions.covering import circles
from engine.definitions.places import Key, problem_at
from engine.definitions.schema.campaign import Campaign, Status
from engine.definitions.schema.customers import FieldKind
from engine.definitions.schema.floors import OWNER
from engine.definitions.schema.senders import ACCOUNT_OWNER, AccountOwner
from engine.definitions.schema.wording import Weekday
from engine.definitions.suggest import suggestion
from engine.definitions.workspace import Workspace
from engine.model.contact import Label, Resets
from engine.model.problem import Problem, Severity
from engine.model.words import Intent

WORDS = (FieldKind.TEXT, FieldKind.ONE_OF)


def check_senders(workspace: Workspace) -> Iterator[Problem]:
    """Problems of config/senders.yaml."""
    names = workspace.declared("senders")
    for name, sender in workspace.senders.items():
        path = ("senders", name, "away", "cover")
        if name == ACCOUNT_OWNER:
            message, help = f"`{ACCOUNT_OWNER}` stands for each customer's own person", "choose another name"
            yield problem_at(workspace.place("senders", name, key=True), "X070", message, help)
        if sender.away is not None:
            yield from known(workspace, "sender", sender.away.cover, names, *path)
            if sender.away.cover == name:
                message = "nobody can stand in for themselves"
                yield problem_at(workspace.place(*path), "X071", message, "name another sender")
    for name, day in circles(workspace.senders):
        away = workspace.senders[name].away
        if away is not None and away.cover != name:
            message = f"on {day} everybody who could stand in for `{name}` is away too"
            help = "let the last of them be covered by somebody who is there, such as the team"
            yield problem_at(workspace.place("senders", name, "away", "cover"), "X075", message, help)
    owner = workspace.account_owner
    if owner is not None:
        yield from known(workspace, "sender", owner.otherwise, names, ACCOUNT_OWNER, "otherwise")
        yield from word_field(workspace, owner.from_field, ACCOUNT_OWNER, "from_field")
        yield from _assigning(workspace, owner, names)


def _assigning(workspace: Workspace, owner: AccountOwner, names: frozenset[str]) -> Iterator[Problem]:
    """Problems of how customers are shared out: who takes part, by which field, and whether the field may hold it."""
    yield from each_known(workspace, "sender", owner.among, names, ACCOUNT_OWNER, "among")
    if owner.by is not None:
        yield from word_field(workspace, owner.by.field, ACCOUNT_OWNER, "by", "field")
        for value, name in owner.by.people.items():
            yield from known(workspace, "sender", name, names, ACCOUNT_OWNER, "by", value)
    if owner.only is not None:
        yield from known(
            workspace, "segment", owner.only, workspace.declared("segments"), ACCOUNT_OWNER, "only"
        )
    if owner.assign is not None and not owner.among and not set(workspace.senders) - {owner.otherwise}:
        message = "there is nobody to assign customers to"
        help = f"add a sender beside `{owner.otherwise}`, or name some under `among:`"
        yield problem_at(workspace.place(ACCOUNT_OWNER, "assign", key=True), "X079", message, help)
    kind = field_type(workspace, owner.from_field)
    if owner.assigns and kind is not None and kind.kind is FieldKind.ONE_OF:
        given = {*(owner.by.people.values() if owner.by is not None else ()), *owner.among}
        given |= set(workspace.senders) - {owner.otherwise} if owner.assign and not owner.among else set()
        for name in sorted(given & names - set(kind.choices)):
            message = f"`{owner.from_field}` may not hold `{name}`, to whom customers are assigned"
            help = f"add `{name}` to its `one_of` in config/customers.yaml, or make it a text field"
            yield problem_at(workspace.place(ACCOUNT_OWNER, "from_field"), "X022", message, help)


def word_field(workspace: Workspace, name: str, *path: Key) -> Iterator[Problem]:
    """Problems of a field that must hold one word: it exists and is text or one of a few words."""
    yield from known(workspace, "field", name, field_names(workspace), *path)
    kind = field_type(workspace, name)
    if kind is not None and kind.kind not in WORDS:
        message = f"`{name}` holds {NAMES[kind.kind]}; here it must hold one word"
        yield problem_at(workspace.place(*path), "X023", message, "use a text field")


def check_rhythms(workspace: Workspace, by: str, values: Iterable[str], *path: Key) -> Iterator[Problem]:
    """Problems of a cadence: its field, and the field's values that it names."""
    written = workspace.place(*path, "by", key=True) != workspace.place(*path, key=True)
    at = (*path, "by") if written else path
    if written or by in field_names(workspace):
        yield from word_field(workspace, by, *at)
    else:
        message = f"there is no field `{by}` to tell customers apart"
        help = "add `by:` with a field of config/customers.yaml"
        yield problem_at(workspace.place(*path, key=True), "X015", message, help)
    kind = field_type(workspace, by)
    if kind is None or kind.kind is not FieldKind.ONE_OF:
        return
    for value in values:
        if value not in kind.choices:
            message = f"`{value}` is never a value of `{by}`"
            place = workspace.place(*path, value, key=True)
            yield problem_at(place, "X022", message, suggestion(value, [*kind.choices, "otherwise"]))


def check_floors(workspace: Workspace) -> Iterator[Problem]:
    """Problems of `policy.cadence`: its field and values, and whether what it names fills a silence."""
    cadence, at = workspace.policy.cadence, ("policy", "cadence")
    if cadence is None:
        return
    yield from check_rhythms(workspace, cadence.by or workspace.tiers.field, cadence.floors, *at)
    campaigns = workspace.declared("campaigns")
    for number, name in enumerate(cadence.fill):
        place = workspace.place(*at, "fill", number)
        if name == OWNER:
            continue
        yield from known(workspace, "campaign", name, [*campaigns, OWNER], *at, "fill", number)
        campaign = workspace.campaigns.get(name)
        if campaign is None:
            continue
        if campaign.intent is Intent.SELL:
            message = f"`{name}` sells, and nobody is to hear from us only because we want to sell"
            yield problem_at(place, "X076", message, "name a campaign that gives, informs, asks or thanks")
        elif not campaign.by_owner and not _resets(cadence.reset_by, campaign):
            message = f"`{name}` does not count as having heard from us, so it would be sent again every day"
            yield problem_at(place, "X077", message, "add its kind to `reset_by`, or name another campaign")
        elif campaign.status is not Status.ACTIVE:
            message = f"`{name}` is {campaign.status}, so it prevents no silence"
            yield problem_at(place, "X078", message, "write `status: active` in it", Severity.WARNING)
        elif campaign.audience is None:
            message = f"`{name}` has no audience, so it prevents no silence"
            yield problem_at(place, "X078", message, "add `audience:` to it", Severity.WARNING)


def _resets(words: tuple[str, ...], campaign: Campaign) -> bool:
    return Resets(words).by_letter(Label(campaign.campaign, str(campaign.purpose), counts=campaign.counts))


def check_policy(workspace: Workspace) -> Iterator[Problem]:
    """Problems of config/policy.yaml."""
    policy = workspace.policy
    tags = sorted({tag for campaign in workspace.campaigns.values() for tag in campaign.tags})
    for number, cap in enumerate(policy.caps):
        if cap.topic is not None:
            path = ("policy", "caps", number, "topic")
            yield from known(workspace, "topic", cap.topic, workspace.project.topics, *path)
        if cap.tag is not None and cap.tag not in tags:
            message = f"no campaign has the tag `{cap.tag}`, so this cap limits nothing"
            place = workspace.place("policy", "caps", number, "tag")
            help = suggestion(cap.tag, tags, otherwise="add `tags:` to a campaign")
            yield problem_at(place, "X073", message, help, Severity.WARNING)
    yield from check_floors(workspace)
    if "purchase" in policy.scoreboard.model_fields_set:
        yield from check_event_name(workspace, policy.scoreboard.purchase, "policy", "scoreboard", "purchase")
    segments = workspace.declared("segments")
    yield from each_known(
        workspace, "segment", policy.hold_marketing_for, segments, "policy", "hold_marketing_for"
    )
    campaigns = workspace.declared("campaigns")
    if policy.welcome is not None:
        at = ("policy", "welcome")
        yield from known(workspace, "segment", policy.welcome.segment, segments, *at, "segment")
        yield from each_known(workspace, "campaign", policy.welcome.campaigns, campaigns, *at, "campaigns")
    if len(set(policy.not_on)) == len(Weekday):
        message, help = "no day is left to send on", "take at least one day out"
        yield problem_at(workspace.place("policy", "not_on", key=True), "X074", message, help)
    for found in each_known(workspace, "campaign", policy.order, campaigns, "policy", "order"):
        yield replace(found, severity=Severity.WARNING)  # a campaign that is gone holds nobody up
