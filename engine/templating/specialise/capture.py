"""Turns values into expressions of stage 2: literals, captured constants, variables."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from jinja2 import Undefined, nodes
from markupsafe import Markup

from engine.templating.environment import Missing
from engine.templating.specialise.code import Let, LetText
from engine.templating.specialise.machine import Machine, Restart
from engine.templating.specialise.members import items_of, lift
from engine.templating.specialise.residual import CannotSplit
from engine.templating.specialise.values import (
    MISSING,
    Dynamic,
    Fragment,
    Merged,
    NamespaceValue,
    Partial,
    Static,
    Value,
    name_node,
)

_SCALARS = (str, int, float, bool, type(None))
_PLAIN = (*_SCALARS, Markup, date, datetime, time, timedelta)
# Longer texts are captured by name so that pieces stay readable.
_LONGEST_LITERAL = 200


def writable(value: Any) -> bool:
    """At first sight: can stage 2 be handed this value?"""
    return type(value) in _PLAIN or type(value) in (list, dict, tuple) or isinstance(value, Undefined)


def expression(machine: Machine, value: Value) -> nodes.Expr:
    """The expression that has this value in stage 2, at this place. Raises CannotSplit where there is none."""
    if isinstance(value, Dynamic):
        return value.expr
    if isinstance(value, Static):
        return _static(machine, value)
    if isinstance(value, Partial):
        return value.whole() if value.whole is not None else _rebuilt(machine, value)
    if isinstance(value, Fragment):
        return _assigned(machine, value)
    if isinstance(value, NamespaceValue):
        return name_node(residual_namespace(machine, value))
    if isinstance(value, Merged):
        return merged(machine, value).expr
    raise machine.refuse("a macro, module or block is used as a value together with personal data")


def residual_namespace(machine: Machine, value: NamespaceValue) -> str:
    """The namespace's name in stage 2; begins again when it has none yet."""
    if value.residual is None:
        machine.lessons.namespaces.add(value.site)
        raise Restart
    return value.residual


def merged(machine: Machine, value: Merged) -> Dynamic:
    """The variable of a name that differs between branches, set at the end of each; CannotSplit where it cannot be."""
    if value.variable is not None:
        return value.variable
    variable = machine.variable(value.name)
    target = nodes.Name(str(variable.expr.name), "store")  # type: ignore[attr-defined]
    try:
        for end, code in zip(value.values, value.paths, strict=True):
            if end is MISSING:
                continue
            with machine.inside(conditional=True), machine.into(code):
                note(machine, end)
                machine.write(Let(target, expression(machine, end)))
    except CannotSplit as problem:
        raise machine.refuse(
            f"`{value.name}` depends on a personal condition and cannot be kept: {problem.reason}"
        ) from problem
    value.variable = variable
    return variable


def _static(machine: Machine, value: Static) -> nodes.Expr:
    raw = value.value
    if type(raw) is str and len(raw) > _LONGEST_LITERAL:
        return name_node(_constant(machine, raw))
    if type(raw) in _SCALARS and not (type(raw) is float and raw - raw != 0) and not _huge(raw):
        return nodes.Const(raw)
    if isinstance(raw, Undefined):
        return _undefined(machine, raw)
    if type(raw) is tuple and value.origin is None and not plain(raw):
        return nodes.Tuple([_static(machine, Static(item)) for item in raw], "load")
    if plain(raw):
        return name_node(_constant(machine, raw))
    if value.origin is not None:
        return value.origin()
    raise machine.refuse(f"a value of type {type(raw).__name__} would have to be kept for every person")


def _huge(raw: Any) -> bool:
    return type(raw) is int and raw.bit_length() > 200


def plain(raw: Any) -> bool:
    """Data all the way down."""
    if type(raw) in (list, tuple):
        return all(map(plain, raw))
    if type(raw) is dict:
        return all(plain(key) and plain(item) for key, item in raw.items())
    return type(raw) in _PLAIN


def _constant(machine: Machine, raw: Any) -> str:
    name = machine.captured.get(id(raw))
    if name is None:
        # The constant keeps `raw` alive, so its id stays its own.
        name = machine.captured[id(raw)] = machine.fresh("constant")
        machine.constants[name] = raw
    return name


def _undefined(machine: Machine, raw: Undefined) -> nodes.Expr:
    """An expression that is missing in stage 2 too, and says so in much the same words."""
    if not isinstance(raw, Missing):
        return nodes.CondExpr(nodes.Const(False), nodes.Const(""), None)
    words = "".join(
        c if c.isascii() and c.isalnum() else "_" for c in raw.path or str(raw._undefined_name or "")
    )
    return name_node(machine.fresh(words if words[:1].isalpha() else "value"))


def _rebuilt(machine: Machine, value: Partial) -> nodes.Expr:
    if isinstance(value.content, dict):
        pairs = [
            nodes.Pair(expression(machine, Static(key)), expression(machine, lift(child)))
            for key, child in value.content.items()
        ]
        return nodes.Dict(pairs)
    items = [expression(machine, item) for item in items_of(value)]
    return nodes.Tuple(items, "load") if isinstance(value.content, tuple) else nodes.List(items)


def _assigned(machine: Machine, value: Fragment) -> nodes.Expr:
    """A text with pieces becomes a variable of stage 2."""
    if value.let is not None:
        value.let.needed = True
        return name_node(value.let.name)
    let = LetText(machine.fresh("text"), value.code, needed=True)
    machine.write(let)
    return name_node(let.name)


def bind(machine: Machine, value: Value, name: str) -> Value:
    """The value as it may be read several times and later: what is neither known nor trivial gets a variable."""
    if isinstance(value, Dynamic) and not value.trivial:
        variable = machine.variable(name)
        note(machine, value)
        machine.write(Let(nodes.Name(str(variable.expr.name), "store"), value.expr))  # type: ignore[attr-defined]
        return variable
    if isinstance(value, Partial) and not value.settled:
        return settle(machine, value, name)
    if isinstance(value, Fragment) and value.let is None:
        return _bind_text(machine, value, name)
    return value


def _bind_text(machine: Machine, value: Fragment, name: str) -> Value:
    let = LetText(machine.fresh(name), value.code, needed=not value.movable)
    machine.write(let)
    return Fragment(value.code, value.movable, value.loop, let, machine.region)


def settle(machine: Machine, value: Partial, name: str) -> Partial:
    """A container whose personal items are all trivial, so that items may be read one by one."""
    if value.settled:
        return value
    content = value.content
    if isinstance(content, dict):
        settled: Any = {key: bind(machine, lift(child), name) for key, child in content.items()}
    else:
        settled = type(content)(bind(machine, lift(child), name) for child in content)
    return Partial(settled)


def note(machine: Machine, value: Value) -> None:
    """Remember that an expression which depends on changing objects is being written."""
    if isinstance(value, Dynamic) and not value.stable:
        machine.unstable += 1


def dynamic(machine: Machine, expr: nodes.Expr, *parts: Value) -> Dynamic:
    """An expression built from parts, as steady as they are."""
    return Dynamic(expr, stable=all(map(stable, parts)))


def stable(part: Value) -> bool:
    """Reading it now or a little later is the same."""
    if isinstance(part, Partial) and part.whole is None:
        children = part.content.values() if isinstance(part.content, dict) else part.content
        return all(stable(lift(child)) for child in children)
    if isinstance(part, Dynamic):
        return part.stable
    return not isinstance(part, NamespaceValue)


__all__ = [
    "CannotSplit",
    "bind",
    "dynamic",
    "expression",
    "merged",
    "note",
    "plain",
    "residual_namespace",
    "settle",
    "stable",
    "writable",
]
