"""Assigning one value to several names."""

from __future__ import annotations

from collections.abc import Iterable

from jinja2 import nodes

from engine.templating.specialise.capture import bind, expression, note, settle
from engine.templating.specialise.code import Let
from engine.templating.specialise.machine import Machine
from engine.templating.specialise.members import items_of, lift, open_ended
from engine.templating.specialise.place import Place
from engine.templating.specialise.values import Dynamic, Fragment, Partial, Static, Value


def unpack(machine: Machine, target: nodes.Expr, value: Value, place: Place) -> None:
    """Gives every name of the target its part of the value."""
    if isinstance(target, nodes.Name):
        place.assign(target.name, bind(machine, value, target.name))
        return
    if not isinstance(target, nodes.Tuple):
        raise machine.refuse("a member of a namespace is among several targets", target)
    if isinstance(value, (Dynamic, Fragment)) or (isinstance(value, Partial) and open_ended(value)):
        note(machine, value)
        machine.write(Let(declare(machine, target, place), expression(machine, value)))
        return
    parts = _parts(machine, target, value)
    for inner, part in zip(target.items, parts, strict=True):
        unpack(machine, inner, part, place)


def _parts(machine: Machine, target: nodes.Tuple, value: Value) -> list[Value]:
    if isinstance(value, Partial):
        parts = items_of(settle(machine, value, "item"))
    elif isinstance(value, Static) and isinstance(value.value, Iterable):
        try:
            parts = [lift(part) for part in value.value]
        except Exception as error:
            raise _failure(machine, target, str(error)) from error
    else:
        raise _failure(machine, target, "the value cannot be divided among several names")
    if len(parts) != len(target.items):
        raise _failure(machine, target, f"{len(target.items)} names are given {len(parts)} values")
    return parts


def _failure(machine: Machine, target: nodes.Node, problem: str) -> Exception:
    if machine.region.uncertain:
        return machine.refuse(problem, target)
    return machine.failure(ValueError(problem), target)


def declare(machine: Machine, target: nodes.Expr, place: Place) -> nodes.Expr:
    """Fresh variables of stage 2 for every name of a target; the target to write there."""
    if isinstance(target, nodes.Name):
        variable = machine.variable(target.name)
        place.assign(target.name, variable)
        assert isinstance(variable.expr, nodes.Name)
        return nodes.Name(variable.expr.name, "store")
    if isinstance(target, nodes.Tuple):
        return nodes.Tuple([declare(machine, item, place) for item in target.items], "store")
    raise machine.refuse("a member of a namespace is among several targets", target)
