"""Conditions: known ones are decided, personal ones become a choice in stage 2 whose branches meet again after."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jinja2 import nodes

from engine.templating.specialise.capture import expression, note
from engine.templating.specialise.code import Choice, Code
from engine.templating.specialise.machine import Machine
from engine.templating.specialise.operators import truth
from engine.templating.specialise.place import Place
from engine.templating.specialise.registry import statement
from engine.templating.specialise.values import MISSING, Dynamic, Merged, Static, Value

Action = Callable[[], None]
_SCALARS = (str, int, bool, type(None))


@dataclass(frozen=True, slots=True)
class State:
    """Everything a branch may change."""

    cells: dict[str, Value]
    vars: dict[str, Value]
    exported: set[str]


@dataclass(frozen=True, slots=True)
class Path:
    """What one branch wrote and the state it ended in."""

    code: list[Code]
    state: State


def remember(place: Place) -> State:
    """The present state, to return to."""
    return State(dict(place.cells.values), dict(place.context.vars), set(place.context.exported))


def restore(place: Place, state: State) -> None:
    """Return to a remembered state."""
    place.cells.values = dict(state.cells)
    place.context.vars = dict(state.vars)
    place.context.exported = set(state.exported)


@statement(nodes.If)
def if_(machine: Machine, node: nodes.If, place: Place) -> None:
    soft = place.within(place.frame.soft())
    clauses = [(node, node.body), *((clause, clause.body) for clause in node.elif_)]
    _decide(machine, soft, clauses, node.else_)


def _decide(
    machine: Machine,
    place: Place,
    clauses: Sequence[tuple[nodes.If, list[nodes.Node]]],
    otherwise: list[nodes.Node],
) -> None:
    for index, (clause, body) in enumerate(clauses):
        value = machine.expression(clause.test, place)
        tested = truth(machine, value, clause)
        if tested is None:
            rest = clauses[index + 1 :]
            fork(
                machine,
                place,
                value,
                lambda body=body: machine.execute(body, place),  # type: ignore[misc]
                lambda: _decide(machine, place, rest, otherwise),
            )
            return
        if tested:
            machine.execute(body, place)
            return
    machine.execute(otherwise, place)


def fork(machine: Machine, place: Place, test: Value, then: Action, otherwise: Action) -> None:
    """Works out both branches and leaves the choice between them to stage 2."""
    expr = expression(machine, test)
    note(machine, test)
    start = remember(place)
    paths = [_path(machine, place, start, then), _path(machine, place, start, otherwise)]
    _meet(place, paths)
    machine.write(Choice(expr, paths[0].code, paths[1].code))


def _path(machine: Machine, place: Place, start: State, action: Action) -> Path:
    restore(place, start)
    with machine.inside(conditional=True), machine.capture() as code:
        action()
    return Path(code, remember(place))


def _meet(place: Place, paths: list[Path]) -> None:
    """Names that differ between the branches become variables set at the end of each, once they are read."""
    merged: dict[tuple[int, ...], Value] = {}
    parent = place.context.parent
    place.cells.values = _merge([path.state.cells for path in paths], paths, merged, {})
    place.context.vars = _merge([path.state.vars for path in paths], paths, merged, parent)
    place.context.exported = set().union(*(path.state.exported for path in paths))


def _merge(
    tables: list[dict[str, Value]],
    paths: list[Path],
    merged: dict[tuple[int, ...], Value],
    absent: dict[str, Value],
) -> dict[str, Value]:
    result: dict[str, Value] = {}
    for name in dict.fromkeys(key for table in tables for key in table):
        values = [table.get(name, absent.get(name, MISSING)) for table in tables]
        if all(_same(values[0], value) for value in values):
            result[name] = values[0]
            continue
        key = tuple(map(id, values))
        if key not in merged:
            # Jinja's identifiers look like l_1_name; messages want the name.
            plain = name.split("_", 2)[-1] if name.startswith("l_") else name
            merged[key] = Merged(plain, values, [path.code for path in paths])
        result[name] = merged[key]
    return result


def _same(first: Value, second: Value) -> bool:
    if first is second:
        return True
    if isinstance(first, Static) and isinstance(second, Static):
        kind = type(first.value)
        return kind is type(second.value) and kind in _SCALARS and bool(first.value == second.value)
    if isinstance(first, Dynamic) and isinstance(second, Dynamic):
        return first.trivial and second.trivial and first.expr == second.expr
    return False
