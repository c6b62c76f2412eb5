"""Tiers: the field, its values, and everything a score is made of is there; nobody's tier is out of reach."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.definitions.checks.conditions import check_event_name
from engine.definitions.checks.field_tests import NAMES, check_kind, event_fields
from engine.definitions.places import Key, problem_at
from engine.definitions.schema.customers import FieldKind
from engine.definitions.schema.tiers import Criterion, EventValue, Giving, TierRule
from engine.definitions.suggest import suggestion
from engine.definitions.workspace import Workspace
from engine.model.problem import Problem, Severity

AT = "tiers"


def check_tiers(workspace: Workspace) -> Iterator[Problem]:
    """Problems of config/tiers.yaml."""
    if (AT,) not in workspace.origins:
        return
    tiers = workspace.tiers
    yield from check_kind(workspace, tiers.field, (FieldKind.ONE_OF,), AT, "field")
    kind = workspace.customers.field_type(tiers.field)
    choices = kind.choices if kind is not None else ()
    for number, tier in enumerate(tiers.order):
        if tier in tiers.order[:number]:
            place = workspace.place(AT, "order", number)
            yield problem_at(place, "X120", f"`{tier}` stands twice in the order", "keep it once")
        elif choices and tier not in choices:
            message = f"`{tier}` is never a value of `{tiers.field}`"
            yield problem_at(workspace.place(AT, "order", number), "X022", message, suggestion(tier, choices))
    for number, criterion in enumerate(tiers.score):
        yield from _criterion(workspace, criterion, AT, "score", number)
    if tiers.give is not None:
        best = sum(criterion.weight * criterion.bands.number for criterion in tiers.score)
        yield from _giving(workspace, tiers.give, list(dict.fromkeys(tier_order(workspace))), best)


def tier_order(workspace: Workspace) -> tuple[str, ...]:
    """The tiers, best first: as they are written, else as the field has them."""
    if workspace.tiers.order:
        return workspace.tiers.order
    kind = workspace.customers.field_type(workspace.tiers.field)
    return kind.choices if kind is not None else ()


def _criterion(workspace: Workspace, criterion: Criterion, *at: Key) -> Iterator[Problem]:
    for key in ("sum", "growth"):
        value: EventValue | None = getattr(criterion, key)
        if value is not None:
            yield from _event_value(workspace, value, *at, key)
    for key in ("count", "since_last"):
        if getattr(criterion, key) is not None:
            yield from check_event_name(workspace, getattr(criterion, key), *at, key)
    if criterion.since is not None:
        yield from check_kind(workspace, criterion.since, (FieldKind.DATE, FieldKind.MOMENT), *at, "since")
    if criterion.field is not None:
        yield from check_kind(workspace, criterion.field, (FieldKind.NUMBER,), *at, "field")


def _event_value(workspace: Workspace, value: EventValue, *path: Key) -> Iterator[Problem]:
    yield from check_event_name(workspace, value.event, *path)
    fields = event_fields(workspace, value.event)
    if fields is None:
        return
    place = workspace.place(*path)
    if value.field not in fields:
        help = suggestion(value.field, fields, otherwise="declare it in config/customers.yaml")
        yield problem_at(place, "X015", f"`{value.event}` has no field `{value.field}`", help)
    elif fields[value.field].kind is not FieldKind.NUMBER:
        found = NAMES[fields[value.field].kind]
        yield problem_at(
            place, "X023", f"`{value}` holds {found}; a sum needs a number", "name another field"
        )


def _giving(workspace: Workspace, give: Giving, order: Sequence[str], best: int) -> Iterator[Problem]:
    at = (AT, "give")
    for tier in give.rules:
        if tier not in order:
            place = workspace.place(*at, tier, key=True)
            yield problem_at(place, "X022", f"`{tier}` is none of the tiers", suggestion(tier, order))
    if give.otherwise is not None and order:
        place = workspace.place(*at, "otherwise")
        if give.otherwise not in order:
            help = suggestion(give.otherwise, order)
            yield problem_at(place, "X022", f"`{give.otherwise}` is none of the tiers", help)
        elif give.otherwise != order[-1]:
            help = f"write `otherwise: {order[-1]}`, or change the order"
            yield problem_at(place, "X121", f"`{give.otherwise}` is not the last tier", help)
    for tier in order:
        if tier not in give.rules and tier != give.otherwise:
            place = workspace.place(*at, key=True)
            yield problem_at(
                place, "X122", f"nobody can get the tier `{tier}`", f"add `{tier}:` with its rule", Severity.WARNING
            )  # fmt: skip
    yield from _reach(workspace, [(tier, give.rules[tier]) for tier in order if tier in give.rules], best)


def _reach(workspace: Workspace, rules: Sequence[tuple[str, TierRule]], best: int) -> Iterator[Problem]:
    """Rules that nobody meets, or that only those meet who have a better tier."""
    for number, (tier, rule) in enumerate(rules):
        at = (AT, "give", tier)
        if rule.at_least is not None and rule.at_least > best:
            message = f"nobody can have {rule.at_least} points; the best score is {best}"
            yield problem_at(workspace.place(*at, "at_least"), "X123", message, f"write {best} or less")
        for better, other in rules[:number]:
            if _within(rule, other):
                message = f"`{tier}` would be empty: whoever meets its rule is `{better}` already"
                help = f"make the rule of `{tier}` wider than that of `{better}`"
                yield problem_at(workspace.place(*at, key=True), "X123", message, help)
                break


def _within(rule: TierRule, other: TierRule) -> bool:
    """Whoever meets the one meets the other."""
    if rule.at_least is not None and other.at_least is not None:
        return rule.at_least >= other.at_least
    if isinstance(rule.top, int) and isinstance(other.top, int):
        return rule.top <= other.top
    if rule.top is None or other.top is None or isinstance(rule.top, int) or isinstance(other.top, int):
        return False
    return rule.top.of_one <= other.top.of_one
