"""Macros and call blocks: their bodies are worked out afresh at every call, with the arguments of that call."""

from __future__ import annotations

from jinja2 import nodes
from jinja2.compiler import find_undeclared

from engine.templating.specialise.arguments import Arguments
from engine.templating.specialise.capture import bind
from engine.templating.specialise.machine import Machine
from engine.templating.specialise.place import Cells, Place
from engine.templating.specialise.registry import statement
from engine.templating.specialise.text import fragment
from engine.templating.specialise.values import (
    MISSING,
    MacroValue,
    Partial,
    Static,
    Value,
)

_SPECIAL = ("caller", "kwargs", "varargs")


def make_macro(machine: Machine, node: nodes.Macro | nodes.CallBlock, place: Place) -> MacroValue:
    """The macro with its own frame, as Jinja's compiler prepares it."""
    frame = place.frame.inner()
    frame.symbols.analyze_node(node)
    own = {argument.name for argument in node.args}
    if "caller" in own:
        raise machine.refuse("a macro names `caller` among its arguments", node)
    undeclared = find_undeclared(node.body, _SPECIAL)
    for special in _SPECIAL:
        if special in undeclared and special not in own:
            frame.symbols.declare_parameter(special)
    frame.require_output_check = False
    frame.buffer = "buffer"
    frame.symbols.analyze_node(node)
    return MacroValue(
        node,
        place.within(frame),
        getattr(node, "name", None) or "caller",
        "caller" in undeclared,
        "kwargs" in undeclared and "kwargs" not in own,
        "varargs" in undeclared and "varargs" not in own,
    )


@statement(nodes.Macro)
def define(machine: Machine, node: nodes.Macro, place: Place) -> None:
    macro = make_macro(machine, node, place)
    if place.frame.toplevel:
        if not node.name.startswith("_"):
            place.context.exported.add(node.name)
        place.context.vars[node.name] = macro
    place.assign(node.name, macro)


def call_macro(
    machine: Machine, node: nodes.Call, place: Place, macro: MacroValue, arguments: Arguments
) -> Value:
    """The text the macro writes for these arguments."""
    if arguments.rest is not None or arguments.options is not None:
        raise machine.refuse("a macro is called with arguments only stage 2 knows the number of", node)
    given = _parameters(machine, node, macro, arguments)
    cells = Cells(macro.place.cells)
    inside = Place(macro.place.frame, cells, macro.place.context, macro.place.execution)
    bound = {
        name: bind(machine, value, name) if value is not MISSING else value for name, value in given.items()
    }
    before = machine.unstable
    with machine.deeper(node), machine.capture() as code:
        for name, value in bound.items():
            inside.assign(name, value)
        inside.enter()
        _defaults(machine, macro, inside)
        machine.execute(list(macro.node.body), inside)
    return fragment(machine, code, movable=machine.unstable == before)


def _parameters(
    machine: Machine, node: nodes.Call, macro: MacroValue, arguments: Arguments
) -> dict[str, Value]:
    """Which parameter gets which value, as `jinja2.runtime.Macro.__call__` decides it."""
    names = [argument.name for argument in macro.node.args]
    named = dict(arguments.named)
    given: dict[str, Value] = dict(zip(names, arguments.positional, strict=False))
    for name in names[len(given) :]:
        given[name] = named.pop(name, MISSING)
    if macro.accesses_caller:
        none = machine.environment.undefined("No caller defined", name="caller")
        given["caller"] = named.pop("caller", Static(none))
    extra = arguments.positional[len(names) :]
    if macro.accesses_kwargs:
        given["kwargs"] = Partial(named, None, settled=False) if named else Static({})
    elif named:
        problem = f"macro {macro.name!r} takes no keyword argument {next(iter(named))!r}"
        raise _wrong(machine, node, problem)
    if macro.accesses_varargs:
        given["varargs"] = Partial(tuple(extra), None, settled=False) if extra else Static(())
    elif extra:
        raise _wrong(machine, node, f"macro {macro.name!r} takes not more than {len(names)} argument(s)")
    return given


def _wrong(machine: Machine, node: nodes.Call, problem: str) -> Exception:
    """Fails for everybody, or only where the call is reached."""
    if machine.region.uncertain:
        return machine.refuse(problem, node)
    return machine.failure(TypeError(problem), node)


def _defaults(machine: Machine, macro: MacroValue, place: Place) -> None:
    names = [argument.name for argument in macro.node.args]
    for index, name in enumerate(names):
        if place.read(name) is not MISSING:
            continue
        offset = index - len(names)
        if -offset <= len(macro.node.defaults):
            value = machine.expression(macro.node.defaults[offset], place)
            place.assign(name, bind(machine, value, name))
        else:
            hint = f"parameter {name!r} was not provided"
            place.assign(name, Static(machine.environment.undefined(hint, name=name)))
