"""Containers with personal leaves: reading their items, attributes and lengths."""

from __future__ import annotations

from typing import Any

from jinja2 import nodes

from engine.templating.specialise.residual import Personal
from engine.templating.specialise.values import Dynamic, Partial, Rebuild, Static, Value, name_node

_CONTAINERS = (dict, list, tuple)


def lift(raw: Any, whole: Rebuild | None = None) -> Value:
    """Raw data as a value; `whole` is how stage 2 reads it when it is a container with personal leaves."""
    if isinstance(raw, Value):
        return raw
    if isinstance(raw, Personal):
        return Dynamic(path_expression(raw.path), trivial=True)
    if type(raw) in _CONTAINERS and personal_inside(raw):
        return Partial(raw, whole)
    return Static(raw)


def personal_inside(raw: Any) -> bool:
    """Is there a personal mark or a value of the interpreter anywhere in this data?"""
    if isinstance(raw, (Personal, Value)):
        return True
    if type(raw) is dict:
        return any(map(personal_inside, raw.values()))
    return type(raw) in (list, tuple) and any(map(personal_inside, raw))


def path_expression(path: str) -> nodes.Expr:
    """`posts.0.link` as an expression."""
    first, *rest = path.split(".")
    expr: nodes.Expr = name_node(first)
    for part in rest:
        expr = member_expression(expr, int(part) if part.isdecimal() else part)
    return expr


def member_expression(base: nodes.Expr, key: Any) -> nodes.Expr:
    """`base.key` where a dot is certain to mean the item, else `base['key']`."""
    if isinstance(key, str) and key.isidentifier() and key.isascii() and not hasattr(dict, key):
        return nodes.Getattr(base, key, "load")
    return nodes.Getitem(base, nodes.Const(key), "load")


def child(container: Partial, key: Any) -> Value:
    """The item under a key that is there."""
    whole = container.whole
    rebuild = None if whole is None else (lambda: member_expression(whole(), key))
    return lift(container.content[key], rebuild)


def open_ended(container: Partial) -> bool:
    """A mapping of the context whose personal fields some people may not have at all."""
    content = container.content
    return (
        container.whole is not None
        and isinstance(content, dict)
        and any(isinstance(item, Personal) for item in content.values())
    )


def items_of(container: Partial) -> list[Value]:
    """What a loop over the container sees: items of a list, keys of a dict."""
    if isinstance(container.content, dict):
        return [Static(key) for key in container.content]
    return [child(container, index) for index in range(len(container.content))]
