"""Whether pieces left for stage 2 can write tags: nobody moves styles into those."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import nodes
from markupsafe import Markup

from engine.templating.specialise.code import Code, Filtered, LetText, expressions, walk

MAKING = frozenset({"safe", "urlize"})
"""Filters that let tags through or make them; everything else that is not markup is escaped where it is written."""


def writes_tags(code: Sequence[Code], constants: Mapping[str, object]) -> bool:
    """Whether a piece may write a tag that is not itself a part of the residual's text."""
    if any(map(has_tags, constants.values())):
        return True
    for item in walk(code):
        if isinstance(item, (LetText, Filtered)) and any(
            isinstance(part, str) and "<" in part for part in walk(item.code)
        ):
            return True
        for expression in expressions(item):
            filters = [expression] if isinstance(expression, nodes.Filter) else []
            if any(map(makes_tags, (*filters, *expression.find_all(nodes.Filter)))):
                return True
    return False


def makes_tags(node: nodes.Filter) -> bool:
    """A filter that lets tags through, unless what it filters is a text of the template, judged by itself."""
    inner: nodes.Expr | None = node
    while isinstance(inner, nodes.Filter):
        inner = inner.node
    judged = isinstance(inner, nodes.Name) and inner.name.startswith("text__")
    return node.name in MAKING and not judged


def has_tags(value: Any) -> bool:
    """Safe HTML with tags, anywhere in this data."""
    if isinstance(value, Markup):
        return "<" in value
    if isinstance(value, dict):
        return any(map(has_tags, value.values()))
    return isinstance(value, (list, tuple)) and any(map(has_tags, value))
