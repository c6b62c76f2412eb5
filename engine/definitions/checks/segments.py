"""Segments: every condition, circles, and segments that name nobody."""

from __future__ import annotations

from collections.abc import Iterator

from engine.definitions.checks.conditions import check_conditions, walk
from engine.definitions.checks.field_tests import NAMES, field_names, field_type
from engine.definitions.checks.names import known
from engine.definitions.places import Path, problem_at
from engine.definitions.schema.customers import FieldKind
from engine.definitions.schema.segments import Condition, Segment, SegmentCondition
from engine.definitions.workspace import Workspace
from engine.model.problem import Problem, Severity

SORTABLE = (FieldKind.NUMBER, FieldKind.DATE, FieldKind.MOMENT)
GROUPS = (("all", "all"), ("any", "any"), ("not", "not_"))


def check_segments(workspace: Workspace) -> Iterator[Problem]:
    """Problems of every segment."""
    for name, segment in workspace.segments.items():
        for key, attribute in GROUPS:
            conditions = getattr(segment, attribute) or ()
            yield from check_conditions(workspace, conditions, "segments", name, key)
        yield from _top(workspace, name, segment)
        if segment.names_nobody:
            help = "add conditions under `all:`; to mean everybody write `field: email` with `known: true`"
            place = workspace.place("segments", name, key=True)
            message = f"`{name}` has no conditions, so it means nobody"
            yield problem_at(place, "X041", message, help, Severity.WARNING)
    yield from _circles(workspace)


def _top(workspace: Workspace, name: str, segment: Segment) -> Iterator[Problem]:
    if segment.by is None:
        return
    path = ("segments", name, "by")
    yield from known(workspace, "field", segment.by, field_names(workspace), *path)
    kind = field_type(workspace, segment.by)
    if kind is not None and kind.kind not in SORTABLE:
        message = f"`{segment.by}` holds {NAMES[kind.kind]} and cannot say who is on top"
        yield problem_at(workspace.place(*path), "X042", message, "use a number or a date")


def _parts(workspace: Workspace, name: str) -> Iterator[tuple[Condition, Path]]:
    segment = workspace.segments[name]
    for key, attribute in GROUPS:
        yield from walk(workspace, getattr(segment, attribute) or (), "segments", name, key)


def _circles(workspace: Workspace) -> Iterator[Problem]:
    """One problem for each segment that closes a circle, where the circle closes."""
    leads: dict[str, list[tuple[str, Path]]] = {
        name: [
            (part.segment, at) for part, at in _parts(workspace, name) if isinstance(part, SegmentCondition)
        ]
        for name in workspace.segments
    }
    done: set[str] = set()
    for start in leads:
        trail: list[str] = []
        stack: list[tuple[str, int]] = [(start, 0)]
        while stack:
            name, number = stack.pop()
            if number == 0:
                if name in done or name not in leads:
                    continue
                trail.append(name)
            if number >= len(leads[name]):
                trail.pop()
                done.add(name)
                continue
            stack.append((name, number + 1))
            target, at = leads[name][number]
            if target in trail:
                circle = " → ".join([*trail[trail.index(target) :], target])
                message = f"this segment contains itself: {circle}"
                yield problem_at(
                    workspace.place(*at, "segment"), "X040", message, "remove one of these conditions"
                )
            else:
                stack.append((target, 0))
