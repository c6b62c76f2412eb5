"""Evaluates calls: macros, blocks, objects that change by being used, and ordinary functions."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from jinja2 import nodes
from jinja2.utils import Cycler, Joiner, Namespace

from engine.templating.specialise.arguments import Arguments, evaluate_arguments
from engine.templating.specialise.blocks import call_block
from engine.templating.specialise.capture import bind, dynamic, expression
from engine.templating.specialise.code import Let
from engine.templating.specialise.expressions import apply
from engine.templating.specialise.machine import Machine
from engine.templating.specialise.macros import call_macro
from engine.templating.specialise.place import Place
from engine.templating.specialise.registry import expression as evaluates
from engine.templating.specialise.values import (
    BlockValue,
    Changing,
    Dynamic,
    Fragment,
    MacroValue,
    NamespaceValue,
    Partial,
    Static,
    Value,
)


@evaluates(nodes.Call)
def call(machine: Machine, node: nodes.Call, place: Place) -> Value:
    """A call inside an expression: what a macro writes may end up in a variable of stage 2, a scope of its own."""
    return call_directly(machine, node, place, direct=False)


def call_directly(
    machine: Machine, node: nodes.Call, place: Place, *, caller: MacroValue | None = None, direct: bool = True
) -> Value:
    """A call; `direct`: its result is written at once, so its text and pieces may stand where they are."""
    callee = machine.evaluate(node.node, place)
    before = machine.writes
    arguments = evaluate_arguments(machine, node, place)
    if isinstance(callee, Dynamic) and not callee.stable and machine.writes != before:
        raise machine.refuse("an object changes while it is being called", node)
    if caller is not None:
        if not isinstance(callee, MacroValue):
            raise machine.refuse("a call block calls something that is not a macro", node)
        if "caller" in arguments.named:
            raise machine.refuse("a call block gives its macro two callers", node)
        arguments.named["caller"] = caller
    if isinstance(callee, (MacroValue, BlockValue)):
        with nullcontext() if direct else machine.inside(conditional=False):
            if isinstance(callee, MacroValue):
                return call_macro(machine, node, place, callee, arguments)
            if arguments.all():
                raise machine.refuse("a block is called with arguments", node)
            return call_block(machine, node, callee)
    return _call_function(machine, node, place, callee, arguments)


def _call_function(
    machine: Machine, node: nodes.Call, place: Place, callee: Value, arguments: Arguments
) -> Value:
    if isinstance(callee, Static) and callee.value is Namespace:
        return _namespace(machine, node, callee, arguments)
    if isinstance(callee, Changing) or (isinstance(callee, Static) and callee.value in (Cycler, Joiner)):
        return _changing(machine, node, callee, arguments)

    def rebuild() -> nodes.Expr:
        return nodes.Call(expression(machine, callee), *arguments.rebuilt(machine))

    if isinstance(callee, Static) and arguments.known():
        return apply(machine, node, _calling(machine, callee.value, arguments), rebuild)
    if not isinstance(callee, (Static, Dynamic, Fragment, Partial)):
        raise machine.refuse("a module or namespace is called", node)
    return dynamic(machine, rebuild(), callee, *arguments.all())


def _calling(machine: Machine, callee: Any, arguments: Arguments) -> Callable[[], Any]:
    context = machine.context()
    return lambda: machine.environment.call(context, callee, *arguments.raw(), **arguments.raw_named())


def _changing(machine: Machine, node: nodes.Call, callee: Changing | Static, arguments: Arguments) -> Value:
    """Makes or calls an object that changes by being used; `loop.cycle` alone changes nothing."""

    def rebuild() -> nodes.Expr:
        raise machine.refuse("a cycler, joiner or `loop` cannot be kept for stage 2", node)

    if not arguments.known():
        raise machine.refuse("a cycler, joiner or `loop` is given something personal", node)
    if isinstance(callee, Static):
        made = apply(machine, node, _calling(machine, callee.value, arguments), rebuild)
        return Changing(made.value, machine.region) if isinstance(made, Static) else made
    steady = getattr(callee.held, "__name__", "") == "cycle"
    machine.touched += 1
    if not steady and not machine.region.certain_since(callee.region):
        raise machine.refuse("a cycler, joiner or `loop.changed` is used under a personal condition", node)
    return apply(machine, node, _calling(machine, callee.held, arguments), rebuild)


def _namespace(machine: Machine, node: nodes.Call, callee: Static, arguments: Arguments) -> Value:
    if arguments.rest is not None or arguments.options is not None:
        raise machine.refuse("a namespace is made from values only stage 2 knows", node)
    made = NamespaceValue(node, machine.region)
    if node in machine.lessons.namespaces:
        made.residual = machine.fresh("namespace")
        expr = nodes.Call(expression(machine, callee), *arguments.rebuilt(machine))
        machine.write(Let(nodes.Name(made.residual, "store"), expr))
        return made
    for value in arguments.positional:
        if (
            len(arguments.positional) > 1
            or not isinstance(value, Static)
            or not isinstance(value.value, dict)
        ):
            raise machine.refuse("a namespace is made from something else than names and values", node)
        made.members.update({key: Static(item) for key, item in value.value.items()})
    for key, value in arguments.named.items():
        made.members[key] = bind(machine, value, key)
    return made
