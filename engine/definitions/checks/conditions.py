"""Walks conditions and checks every name and test in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.definitions.checks.field_tests import check_event_field, check_field, event_fields
from engine.definitions.checks.names import known
from engine.definitions.checks.offers import has_own_codes
from engine.definitions.places import Key, Path, problem_at
from engine.definitions.schema.base import Definition
from engine.definitions.schema.segments import (
    All,
    AnyOf,
    Condition,
    EventCondition,
    FieldCondition,
    Not,
    OfferCondition,
    SegmentCondition,
    SubscribedCondition,
)
from engine.definitions.suggest import nearest, suggestion
from engine.definitions.workspace import Workspace
from engine.model.built_in_events import BUILT_IN_EVENTS
from engine.model.problem import Problem, Severity

GROUPS: tuple[tuple[type[Definition], str, str], ...] = (
    (All, "all", "all"),
    (AnyOf, "any", "any"),
    (Not, "not", "not_"),
)


def walk(
    workspace: Workspace, conditions: Iterable[Condition], *path: Key
) -> Iterator[tuple[Condition, Path]]:
    """Every condition below `path` with its own path."""
    for number, condition in enumerate(conditions):
        yield from walk_one(workspace, condition, *_item(workspace, path, number))


def walk_one(workspace: Workspace, condition: Condition, *path: Key) -> Iterator[tuple[Condition, Path]]:
    """A condition and everything inside it."""
    yield condition, path
    for group, key, attribute in GROUPS:
        if isinstance(condition, group):
            yield from walk(workspace, getattr(condition, attribute), *path, key)


def _item(workspace: Workspace, path: Path, number: int) -> Path:
    """The path of a list's item; a single condition may stand there without one."""
    here, item = workspace.place(*path), workspace.place(*path, number)
    single = number == 0 and item == workspace.place(*path, key=True) != here
    return path if single else (*path, number)


def check_conditions(
    workspace: Workspace, conditions: Iterable[Condition], *path: Key, in_sequence: bool = False
) -> Iterator[Problem]:
    """Problems of all conditions below `path`. `in_sequence`: an event started it, so `same` has sense."""
    for condition, at in walk(workspace, conditions, *path):
        yield from check_condition(workspace, condition, at, in_sequence=in_sequence)


def check_condition(
    workspace: Workspace, condition: Condition, at: Path, *, in_sequence: bool = False
) -> Iterator[Problem]:
    """Problems of one condition, without those inside a group."""
    match condition:
        case FieldCondition():
            yield from check_field(workspace, condition, at)
        case EventCondition():
            yield from _event(workspace, condition, at, in_sequence=in_sequence)
        case SegmentCondition():
            names = workspace.declared("segments")
            yield from known(workspace, "segment", condition.segment, names, *at, "segment")
        case SubscribedCondition():
            topics = workspace.project.topics
            yield from known(workspace, "topic", condition.subscribed, topics, *at, "subscribed")
        case OfferCondition():
            yield from known(workspace, "offer", condition.offer, workspace.declared("offers"), *at, "offer")
            if condition.within is not None and condition.not_within is not None:
                yield _both(workspace, at)
            if condition.is_ != "given" and condition.offer in workspace.offers:
                yield from _followed(workspace, condition, at)
            if condition.expires_within is not None:
                yield from _ending(workspace, condition, at)
        case All(all=inner) | AnyOf(any=inner) | Not(not_=inner):
            if not inner:
                message, help = "this group has no conditions", "write at least one, or remove the group"
                yield problem_at(workspace.place(*at), "X030", message, help)


def _event(
    workspace: Workspace, condition: EventCondition, at: Path, *, in_sequence: bool
) -> Iterator[Problem]:
    for key, name in (("event", condition.event), ("without_later", condition.without_later)):
        if name is not None:
            yield from check_event_name(workspace, name, *at, key)
    fields = event_fields(workspace, condition.event)
    for number, test in enumerate(condition.where):
        yield from check_event_field(workspace, test, fields, (*at, "where", number))
    count = condition.count
    if count is not None:
        if count.at_least is None and count.at_most is None:
            help = "add `at_least` or `at_most`"
            yield problem_at(workspace.place(*at, "count", key=True), "X031", "`count` says no number", help)
        elif count.at_least is not None and count.at_most is not None and count.at_least > count.at_most:
            message, help = "nobody can pass this count", "make `at_most` the larger number"
            yield problem_at(workspace.place(*at, "count", "at_most"), "X031", message, help)
    if condition.same is not None and not in_sequence:
        message = "`same` compares with the event that started a sequence; there is none here"
        yield problem_at(workspace.place(*at, "same", key=True), "X032", message, "remove it")
    if condition.before is not None and condition.after is not None and condition.before <= condition.after:
        message, help = "no moment lies between these days", "make `before` the later one"
        yield problem_at(workspace.place(*at, "before"), "X033", message, help)


def check_event_name(workspace: Workspace, name: str, *path: Key) -> Iterator[Problem]:
    """A warning for an event that no one declared, where events are declared at all; some are built in."""
    declared = workspace.customers.events
    if declared and name not in declared and name not in BUILT_IN_EVENTS:
        known = [*declared, *BUILT_IN_EVENTS]
        help = suggestion(name, known) if nearest(name, known) else "declare it in config/customers.yaml"
        place = workspace.place(*path)
        yield problem_at(place, "X018", f"no event `{name}` is declared", help, Severity.WARNING)


def _followed(workspace: Workspace, condition: OfferCondition, at: Path) -> Iterator[Problem]:
    if not has_own_codes(workspace, condition.offer):
        message = f"nobody can know who used `{condition.offer}`: it has no codes of one's own"
        place = workspace.place(*at, "is")
        yield problem_at(place, "X101", message, "write `is: given`, or give the offer unique codes")


def _ending(workspace: Workspace, condition: OfferCondition, at: Path) -> Iterator[Problem]:
    """`expires_within` speaks of unused codes that end some day."""
    place = workspace.place(*at, "expires_within", key=True)
    if condition.not_within is not None or condition.is_ == "used":
        other = "not_within" if condition.not_within is not None else "is: used"
        yield problem_at(
            place, "X033", f"`expires_within` and `{other}` exclude each other", "keep one of them"
        )
    offer = workspace.offers.get(condition.offer)
    if offer is None:
        return
    if not has_own_codes(workspace, condition.offer):
        message = f"nobody can know whose `{condition.offer}` ends when: it has no codes of one's own"
        yield problem_at(place, "X101", message, "remove it, or give the offer unique codes")
    elif offer.valid_for is None and offer.until is None:
        message = f"the codes of `{condition.offer}` never end"
        yield problem_at(place, "X101", message, "remove it, or write `valid_for:` or `until:` in the offer")


def _both(workspace: Workspace, at: Path) -> Problem:
    message, help = "`within` and `not_within` exclude each other", "keep one of them"
    return problem_at(workspace.place(*at, "not_within", key=True), "X033", message, help)
