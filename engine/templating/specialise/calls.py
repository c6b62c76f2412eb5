"""Evaluates calls: macros, blocks, objects that change by being used, and ordinary functions."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from jinja2 import nodes
from jinja2.runtime import LoopContext
from jinja2.utils import Cycler, Joiner, Namespace

from engine.templating.specialise.arguments import Arguments, evaluate_arguments
from engine.templating.specialise.blocks import call_block
from engine.templating.specialise.capture import bind, dynamic, expression, stateful
from engine.templating.specialise.code import Let
from engine.templating.specialise.expressions import apply
from engine.templating.specialise.machine import Machine
from engine.templating.specialise.macros import call_macro
from engine.templating.specialise.place import Place
from engine.templating.specialise.registry import expression as evaluates
from engine.templating.specialise.values import (
    BlockValue,
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
    if (
        isinstance(callee, Static)
        and _is_changing(callee.value)
        and _lives_in_stage2(machine, node, arguments)
    ):
        made = machine.variable(callee.value.__name__.lower(), mutable=True)
        expr = nodes.Call(expression(machine, callee), *arguments.rebuilt(machine))
        machine.write(Let(nodes.Name(made.expr.name, "store"), expr))  # type: ignore[attr-defined]
        return made

    def rebuild() -> nodes.Expr:
        return nodes.Call(expression(machine, callee), *arguments.rebuilt(machine))

    if isinstance(callee, Static) and arguments.known():
        context = machine.context(place.autoescape)
        value = apply(
            machine,
            node,
            lambda: machine.environment.call(
                context, callee.value, *arguments.raw(), **arguments.raw_named()
            ),
            rebuild,
            node if _is_changing(callee.value) else None,
        )
        return value
    if not isinstance(callee, (Static, Dynamic, Fragment, Partial)):
        raise machine.refuse("a module or namespace is called", node)
    _refuse_changing(machine, node, callee)
    result = dynamic(machine, rebuild(), callee, *arguments.all())
    if result.mutable:
        machine.writes += 1
    return result


def _is_changing(callee: Any) -> bool:
    return callee is Cycler or callee is Joiner


def _lives_in_stage2(machine: Machine, node: nodes.Call, arguments: Arguments) -> bool:
    return node in machine.lessons.objects or not arguments.known()


def _refuse_changing(machine: Machine, node: nodes.Call, callee: Value) -> None:
    """A known object that changes by being called must not be called with personal values."""
    if isinstance(callee, Static):
        owner = getattr(callee.value, "__self__", callee.value)
        if stateful(owner) or isinstance(owner, LoopContext):
            name = getattr(callee.value, "__name__", "it")
            if name != "cycle":
                raise machine.refuse(f"`{name}` is called with personal values", node)


def _namespace(machine: Machine, node: nodes.Call, callee: Static, arguments: Arguments) -> Value:
    if arguments.rest is not None or arguments.options is not None:
        raise machine.refuse("a namespace is made from values only stage 2 knows", node)
    made = NamespaceValue(node, machine.region)
    if node in machine.lessons.objects:
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
