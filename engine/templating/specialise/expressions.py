"""Evaluates names, constants, containers, attributes and items."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from jinja2 import nodes

from engine.templating.environment import Missing, dotted
from engine.templating.specialise.capture import (
    dynamic,
    expression,
    merged,
    settle,
    stable,
    writable,
)
from engine.templating.specialise.machine import Machine, Restart
from engine.templating.specialise.members import child, lift
from engine.templating.specialise.place import Place
from engine.templating.specialise.registry import expression as evaluates
from engine.templating.specialise.values import (
    MISSING,
    BlockValue,
    Changing,
    Dynamic,
    Fragment,
    LoopName,
    Merged,
    ModuleValue,
    NamespaceValue,
    Partial,
    Rebuild,
    SelfValue,
    Static,
    Value,
    name_node,
)

# Attributes of `loop` that stay the same during one turn; its method `changed` does not.
_STEADY_LOOP = frozenset(
    [
        "index",
        "index0",
        "first",
        "last",
        "length",
        "revindex",
        "revindex0",
        "depth",
        "depth0",
        "cycle",
        "previtem",
        "nextitem",
    ]
)


def apply(machine: Machine, node: nodes.Node, compute: Callable[[], Any], rebuild: Rebuild) -> Value:
    """Computes with known values. What fails where it may never be reached is left for stage 2 to fail."""
    try:
        result = compute()
    except RecursionError:
        raise machine.refuse("the expression is nested too deeply", node) from None
    except Exception as error:
        if machine.region.uncertain:
            return Dynamic(rebuild())
        raise machine.failure(error, node) from error
    if isinstance(result, Value):
        return result
    return Static(result, None if writable(result) else rebuild)


def operands(machine: Machine, wanted: Sequence[nodes.Expr], place: Place) -> list[Value]:
    """Several values from left to right, refusing an order of side effects that stage 2 would not keep."""
    values: list[Value] = []
    for node in wanted:
        before = machine.writes
        value = machine.evaluate(node, place)
        if machine.writes != before and not all(map(stable, values)):
            raise machine.refuse("an object changes while it is being read in the same expression", node)
        values.append(value)
    return values


def known(values: Sequence[Value]) -> bool:
    """Nothing personal among them."""
    return all(isinstance(value, Static) for value in values)


def raw(value: Value) -> Any:
    """The data of a known value."""
    assert isinstance(value, Static)
    return value.value


@evaluates(nodes.Const)
def constant(machine: Machine, node: nodes.Const, place: Place) -> Value:
    return Static(node.value)


@evaluates(nodes.TemplateData)
def template_data(machine: Machine, node: nodes.TemplateData, place: Place) -> Value:
    return Static(node.as_const(place.frame.eval_ctx))


@evaluates(nodes.Name)
def name(machine: Machine, node: nodes.Name, place: Place) -> Value:
    value = place.read(node.name)
    if value is MISSING:
        return Static(machine.environment.undefined(name=node.name))
    if isinstance(value, Merged):
        return merged(machine, value)
    if isinstance(value, LoopName) and value.name == "loop" and value.node is not machine.region.loop:
        machine.lessons.loops.add(value.node)
        raise Restart
    return value


@evaluates(nodes.List, nodes.Tuple)
def sequence(machine: Machine, node: nodes.List | nodes.Tuple, place: Place) -> Value:
    values = operands(machine, node.items, place)
    kind: type[Any] = list if isinstance(node, nodes.List) else tuple

    def rebuild() -> nodes.Expr:
        items = [expression(machine, value) for value in values]
        return nodes.List(items) if kind is list else nodes.Tuple(items, "load")

    return _container(machine, node, kind(map(_leaf, values)), values, rebuild)


@evaluates(nodes.Dict)
def mapping(machine: Machine, node: nodes.Dict, place: Place) -> Value:
    both = operands(machine, [part for pair in node.items for part in (pair.key, pair.value)], place)
    keys, values = both[::2], both[1::2]

    def rebuild() -> nodes.Expr:
        return nodes.Dict(
            [
                nodes.Pair(expression(machine, k), expression(machine, v))
                for k, v in zip(keys, values, strict=True)
            ]
        )

    if not known(keys):
        return dynamic(machine, rebuild(), *both)
    try:
        content = {raw(key): _leaf(value) for key, value in zip(keys, values, strict=True)}
    except TypeError as error:
        raise machine.refuse(str(error), node) from error
    return _container(machine, node, content, values, rebuild)


def _leaf(value: Value) -> Any:
    return value.value if isinstance(value, Static) and value.origin is None else value


def _container(
    machine: Machine, node: nodes.Expr, content: Any, values: list[Value], rebuild: Rebuild
) -> Value:
    if known(values):
        if isinstance(content, dict):
            return Static(dict(zip(content, map(raw, values), strict=True)), rebuild)
        return Static(type(content)(map(raw, values)), rebuild)
    return Partial(content, None, settled=False)


@evaluates(nodes.Getattr)
def attribute(machine: Machine, node: nodes.Getattr, place: Place) -> Value:
    base = machine.evaluate(node.node, place)
    wanted, path = node.attr, dotted(node)
    if isinstance(base, Static):

        def rebuild() -> nodes.Expr:
            return nodes.Getattr(expression(machine, base), wanted, "load")

        return apply(machine, node, lambda: machine.environment.read(base.value, wanted, path), rebuild)
    if isinstance(base, Changing):
        found = machine.environment.read(base.held, wanted, path)
        return Changing(found, base.region) if callable(found) else lift(found)
    if isinstance(base, LoopName):
        if wanted not in _STEADY_LOOP:
            raise machine.refuse(f"`loop.{wanted}` of a personal loop is read", node)
        return Dynamic(nodes.Getattr(name_node(base.name), wanted, "load"))
    if isinstance(base, Partial):
        return _part_attribute(machine, node, settle(machine, base, "item"))
    if isinstance(base, NamespaceValue):
        return _namespace_member(machine, node, base, wanted)
    if isinstance(base, ModuleValue):
        return _module_member(machine, base, wanted)
    if isinstance(base, (BlockValue, SelfValue)):
        return _block_member(machine, node, base, wanted)
    if isinstance(base, (Dynamic, Fragment)):
        expr = nodes.Getattr(expression(machine, base), wanted, "load")
        return Dynamic(expr, trivial=True) if _trivial_member(base) else dynamic(machine, expr, base)
    raise machine.refuse(f"`.{wanted}` of a macro is read", node)


def _trivial_member(base: Value) -> bool:
    """`customer.first_name`: reading one field of something the context certainly has."""
    return (
        isinstance(base, Dynamic)
        and base.trivial
        and isinstance(base.expr, nodes.Name)
        and "__" not in base.expr.name
    )


def _part_attribute(machine: Machine, node: nodes.Getattr, base: Partial) -> Value:
    if hasattr(base.content, node.attr):
        return dynamic(machine, nodes.Getattr(expression(machine, base), node.attr, "load"), base)
    if isinstance(base.content, dict) and node.attr in base.content:
        return child(base, node.attr)
    undefined = machine.environment.undefined(obj=base.content, name=node.attr)
    if isinstance(undefined, Missing):
        undefined.path = dotted(node)
    return Static(undefined)


def _namespace_member(machine: Machine, node: nodes.Expr, base: NamespaceValue, wanted: str) -> Value:
    if wanted.startswith("_"):
        raise machine.refuse(f"`{wanted}` of a namespace is read", node)
    machine.touched += 1
    if base.residual is not None:
        return Dynamic(nodes.Getattr(nodes.Name(base.residual, "load"), wanted, "load"), stable=False)
    if wanted in base.members:
        return base.members[wanted]
    undefined = machine.environment.undefined(obj=base, name=wanted)
    if isinstance(undefined, Missing):
        undefined.path = dotted(node)
    return Static(undefined)


def _module_member(machine: Machine, base: ModuleValue, wanted: str) -> Value:
    if wanted in base.members:
        value = base.members[wanted]
        if isinstance(value, Merged):
            return merged(machine, value)
        return Static(machine.environment.undefined(name=wanted)) if value is MISSING else value
    if wanted.startswith("_"):
        raise machine.refuse(f"`{wanted}` of an imported template is read")
    return Static(machine.environment.undefined(obj=base, name=wanted))


def _block_member(machine: Machine, node: nodes.Expr, base: BlockValue | SelfValue, wanted: str) -> Value:
    if isinstance(base, BlockValue):
        if wanted != "super":
            raise machine.refuse(f"`.{wanted}` of a block is read", node)
        if base.depth + 1 < len(base.context.blocks[base.name]):
            return BlockValue(base.name, base.context, base.depth + 1)
        return Static(
            machine.environment.undefined(f"there is no parent block called {base.name!r}.", name="super")
        )
    if wanted in base.context.blocks:
        return BlockValue(wanted, base.context, 0)
    return Static(machine.environment.undefined(obj=base, name=wanted))


@evaluates(nodes.Getitem)
def item(machine: Machine, node: nodes.Getitem, place: Place) -> Value:
    if isinstance(node.arg, nodes.Slice):
        return _slice(machine, node, node.arg, place)
    base, key = operands(machine, [node.node, node.arg], place)

    def rebuild() -> nodes.Expr:
        return nodes.Getitem(expression(machine, base), expression(machine, key), "load")

    if isinstance(base, Static) and isinstance(key, Static):
        return apply(machine, node, lambda: machine.environment.getitem(base.value, key.value), rebuild)
    if isinstance(base, Partial) and isinstance(key, Static):
        return _part_item(machine, settle(machine, base, "item"), key.value)
    if isinstance(key, Static) and isinstance(key.value, str):
        if isinstance(base, NamespaceValue):
            return _namespace_member(machine, node, base, key.value)
        if isinstance(base, SelfValue):
            return _block_member(machine, node, base, key.value)
    if isinstance(base, (Static, Partial, Dynamic, Fragment)):
        return dynamic(machine, rebuild(), base, key)
    raise machine.refuse("an item of a macro, module or namespace is read", node)


def _part_item(machine: Machine, base: Partial, key: Any) -> Value:
    if isinstance(base.content, dict) or isinstance(key, int):
        try:
            base.content[key]
        except (LookupError, TypeError):
            if not isinstance(key, str) or not hasattr(base.content, key):
                return Static(machine.environment.undefined(obj=base.content, name=key))
        else:
            return child(base, key)
    key_expr = expression(machine, Static(key))
    return dynamic(machine, nodes.Getitem(expression(machine, base), key_expr, "load"), base)


def _slice(machine: Machine, node: nodes.Getitem, wanted: nodes.Slice, place: Place) -> Value:
    bounds = [wanted.start, wanted.stop, wanted.step]
    present = [bound for bound in bounds if bound is not None]
    base, *found = operands(machine, [node.node, *present], place)
    given = iter(found)
    ends = [None if bound is None else next(given) for bound in bounds]

    def rebuild() -> nodes.Expr:
        parts = [None if end is None else expression(machine, end) for end in ends]
        return nodes.Getitem(expression(machine, base), nodes.Slice(*parts), "load")

    if known(found):
        cut = slice(*(None if end is None else raw(end) for end in ends))
        if isinstance(base, Static):
            return apply(machine, node, lambda: base.value[cut], rebuild)
        if isinstance(base, Partial) and type(base.content) in (list, tuple):
            part = settle(machine, base, "item")
            try:
                kept = [child(part, index) for index in range(*cut.indices(len(part.content)))]
            except (TypeError, ValueError) as error:
                raise machine.refuse(str(error), node) from error
            whole = None if part.whole is None else rebuild
            return Partial(type(part.content)(kept), whole)
    if not isinstance(base, (Static, Partial, Dynamic, Fragment)):
        raise machine.refuse("a slice of a macro, module or namespace is read", node)
    return dynamic(machine, rebuild(), base, *found)
