"""Writes expressions back as Jinja source, so that parsing it gives the same tree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jinja2 import nodes

from engine.templating.specialise.residual import CannotSplit

_BINARY: dict[type[nodes.Expr], str] = {
    nodes.Add: "+",
    nodes.Sub: "-",
    nodes.Mul: "*",
    nodes.Div: "/",
    nodes.FloorDiv: "//",
    nodes.Mod: "%",
    nodes.Pow: "**",
    nodes.And: "and",
    nodes.Or: "or",
}
_UNARY: dict[type[nodes.Expr], str] = {nodes.Not: "not ", nodes.Neg: "-", nodes.Pos: "+"}
_COMPARE = {
    "eq": "==",
    "ne": "!=",
    "gt": ">",
    "gteq": ">=",
    "lt": "<",
    "lteq": "<=",
    "in": "in",
    "notin": "not in",
}
# Written with parentheses around them, always.
_WRAPPED = (
    *_BINARY,
    *_UNARY,
    nodes.Compare,
    nodes.Concat,
    nodes.CondExpr,
    nodes.Filter,
    nodes.Test,
)
_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


# Python refuses 200 parentheses inside each other, and some of these become several.
DEEPEST = 40


def source(node: nodes.Expr) -> str:
    """The expression without needless outer parentheses."""
    if _depth(node, DEEPEST) < 0:
        raise CannotSplit("an expression grows too long to be kept for stage 2", node.lineno or 0)
    text = _write(node)
    if isinstance(node, _WRAPPED):
        return text[1:-1]
    return text


def _depth(node: nodes.Node, left: int) -> int:
    """How many of `left` levels the expression leaves; below nought, it has more."""
    if left < 0:
        return left
    return min((_depth(child, left - 1) for child in node.iter_child_nodes()), default=left)


def filter_chain(node: nodes.Filter) -> str:
    """`upper | replace('a', 'b')` as it stands after `{% filter` or `{% set name |`."""
    own = node.name + (f"({_arguments(node)})" if _has_arguments(node) else "")
    return own if node.node is None else f"{filter_chain(_inner(node))} | {own}"


def quoted(text: str) -> str:
    """A string literal in single quotes; control characters and line ends are spelled out."""
    return "'" + "".join(_ESCAPES.get(c) or (c if c.isprintable() else _escape(c)) for c in text) + "'"


def _escape(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _inner(node: nodes.Filter) -> nodes.Filter:
    if not isinstance(node.node, nodes.Filter):
        raise CannotSplit("a filter block is applied to an expression", node.lineno or 0)
    return node.node


def _write(node: Any) -> str:
    writer = _WRITERS.get(type(node))
    if writer is None:
        raise CannotSplit(
            f"{type(node).__name__} cannot be left for stage 2", getattr(node, "lineno", 0) or 0
        )
    return writer(node)


def _binary(node: Any) -> str:
    return f"({_write(node.left)} {_BINARY[type(node)]} {_write(node.right)})"


def _unary(node: Any) -> str:
    return f"({_UNARY[type(node)]}{_write(node.node)})"


def _constant(node: nodes.Const) -> str:
    value = node.value
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if type(value) is str:
        return quoted(value)
    if type(value) is int or (type(value) is float and value - value == 0):
        text = repr(value)
        return f"({text})" if text.startswith("-") else text
    raise CannotSplit(f"{value!r} cannot be written as a constant", node.lineno or 0)


def _compare(node: nodes.Compare) -> str:
    rest = "".join(f" {_COMPARE[operand.op]} {_write(operand.expr)}" for operand in node.ops)
    return f"({_write(node.expr)}{rest})"


def _conditional(node: nodes.CondExpr) -> str:
    rest = "" if node.expr2 is None else f" else {_write(node.expr2)}"
    return f"({_write(node.expr1)} if {_write(node.test)}{rest})"


def _attribute(node: nodes.Getattr) -> str:
    return f"{_base(node.node)}.{node.attr}"


def _item(node: nodes.Getitem) -> str:
    if isinstance(node.arg, nodes.Slice):
        part = node.arg
        step = "" if part.step is None else f":{_write(part.step)}"
        inside = f"{_optional(part.start)}:{_optional(part.stop)}{step}"
    else:
        inside = _write(node.arg)
    return f"{_base(node.node)}[{inside}]"


def _optional(node: nodes.Expr | None) -> str:
    return "" if node is None else _write(node)


def _base(node: nodes.Expr) -> str:
    """What a dot, bracket, call or filter may follow directly."""
    text = _write(node)
    if isinstance(node, (nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Call)) or text.startswith("("):
        return text
    return f"({text})"


def _filter(node: nodes.Filter) -> str:
    if node.node is None:
        raise CannotSplit("a filter without a value", node.lineno or 0)
    arguments = f"({_arguments(node)})" if _has_arguments(node) else ""
    return f"({_write(node.node)} | {node.name}{arguments})"


def _test(node: nodes.Test) -> str:
    arguments = f"({_arguments(node)})" if _has_arguments(node) else ""
    return f"({_write(node.node)} is {node.name}{arguments})"


def _call(node: nodes.Call) -> str:
    return f"{_base(node.node)}({_arguments(node)})"


def _has_arguments(node: Any) -> bool:
    return bool(node.args or node.kwargs or node.dyn_args or node.dyn_kwargs)


def _arguments(node: Any) -> str:
    parts = [_write(argument) for argument in node.args]
    parts += [f"{keyword.key}={_write(keyword.value)}" for keyword in node.kwargs]
    if node.dyn_args is not None:
        parts.append(f"*{_write(node.dyn_args)}")
    if node.dyn_kwargs is not None:
        parts.append(f"**{_write(node.dyn_kwargs)}")
    return ", ".join(parts)


def _tuple(node: nodes.Tuple) -> str:
    inside = ", ".join(_write(item) for item in node.items)
    return f"({inside},)" if len(node.items) == 1 else f"({inside})"


def _list(node: nodes.List) -> str:
    return "[" + ", ".join(_write(item) for item in node.items) + "]"


def _dict(node: nodes.Dict) -> str:
    return "{" + ", ".join(f"{_write(pair.key)}: {_write(pair.value)}" for pair in node.items) + "}"


def _concat(node: nodes.Concat) -> str:
    return "(" + " ~ ".join(_write(item) for item in node.nodes) + ")"


_WRITERS: dict[type[Any], Callable[[Any], str]] = {
    **dict.fromkeys(_BINARY, _binary),
    **dict.fromkeys(_UNARY, _unary),
    nodes.Name: lambda node: str(node.name),
    nodes.Const: _constant,
    nodes.Compare: _compare,
    nodes.CondExpr: _conditional,
    nodes.Getattr: _attribute,
    nodes.Getitem: _item,
    nodes.Filter: _filter,
    nodes.Test: _test,
    nodes.Call: _call,
    nodes.Tuple: _tuple,
    nodes.List: _list,
    nodes.Dict: _dict,
    nodes.Concat: _concat,
}
