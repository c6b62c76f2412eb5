"""The common expressions of letters as Python source, so that filling needs no template engine.

In this source None stands for a missing value: like Jinja's undefined it is false and equal to nothing but itself,
and writing it is refused. Whatever is not listed here is left to Jinja.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from jinja2 import nodes
from jinja2.filters import FILTERS as ORIGINAL

from engine.templating.filler.paths import Path, chain

TEXT_FILTERS = frozenset(
    {
        "upper",
        "lower",
        "title",
        "capitalize",
        "trim",
        "e",
        "escape",
        "safe",
        "urlencode",
        "string",
        "length",
        "count",
    }
)
"""Filters of one argument that need neither the context nor the environment, and refuse a missing value."""

COMPARISONS = {"eq": "==", "ne": "!=", "lt": "<", "lteq": "<=", "gt": ">", "gteq": ">="}
ORDERING = frozenset({"lt", "lteq", "gt", "gteq"})
PLAIN_CONSTANTS = (str, int, float, bool)


class Code(NamedTuple):
    """Python source; `missable`: it may give None for a missing value, whose name is `label`."""

    text: str
    missable: bool = False
    label: str = ""

    def needed(self) -> str:
        """The source of the value, or of refusing the letter."""
        return f"need({self.text}, {self.label!r})" if self.missable else self.text


class Writer:
    """Writes expressions as Python.

    Args:
        variable: the Python variable that holds the input at a path, or None where it is not exactly an input.
        filters: the environment's filters; one that was replaced is left to Jinja.
    """

    def __init__(
        self, variable: Callable[[Path], str | None], filters: dict[str, Callable[..., Any]]
    ) -> None:
        self.variable = variable
        self.filters = filters

    def write(self, node: nodes.Node) -> Code | None:
        """The expression as Python, or None where Jinja must work it out."""
        method = getattr(self, f"write_{type(node).__name__.lower()}", None)
        if method is None:
            return None
        code: Code | None = method(node)
        return code

    def write_name(self, node: nodes.Name) -> Code | None:
        """A personal name."""
        path = chain(node)
        if path is None:
            return None
        variable = self.variable(path)
        return None if variable is None else Code(variable, True, ".".join(path))

    write_getattr = write_getitem = write_name

    def write_const(self, node: nodes.Const) -> Code | None:
        """A text, number, true or false; `none` has no place here."""
        return Code(repr(node.value)) if type(node.value) in PLAIN_CONSTANTS else None

    def write_list(self, node: nodes.List | nodes.Tuple) -> Code | None:
        """A list of constants."""
        items = [self.write(item) for item in node.items]
        if not items or not all(isinstance(item, nodes.Const) for item in node.items) or None in items:
            return None
        return Code("(" + "".join(f"{item.text}, " for item in items if item) + ")")

    write_tuple = write_list

    def write_and(self, node: nodes.And | nodes.Or) -> Code | None:
        """`and`, `or`: as in Python, the value of one side."""
        left, right = self.write(node.left), self.write(node.right)
        if left is None or right is None:
            return None
        word = "and" if isinstance(node, nodes.And) else "or"
        missable = right.missable or (left.missable and word == "and")
        return Code(f"({left.text} {word} {right.text})", missable, right.label or left.label)

    write_or = write_and

    def write_not(self, node: nodes.Not) -> Code | None:
        """`not`."""
        inner = self.write(node.node)
        return None if inner is None else Code(f"(not {inner.text})")

    def write_compare(self, node: nodes.Compare) -> Code | None:
        """One comparison; chains are left to Jinja."""
        if len(node.ops) != 1:
            return None
        operation = node.ops[0]
        left, right = self.write(node.expr), self.write(operation.expr)
        if left is None or right is None:
            return None
        if operation.op in ("in", "notin"):
            word = "in" if operation.op == "in" else "not in"
            return Code(f"({left.text} {word} {right.needed()})")
        if isinstance(node.expr, (nodes.List, nodes.Tuple)) or isinstance(
            operation.expr, (nodes.List, nodes.Tuple)
        ):
            return None
        sign = COMPARISONS[operation.op]
        if operation.op in ORDERING:
            return Code(f"({left.needed()} {sign} {right.needed()})")
        return Code(f"({left.text} {sign} {right.text})")

    def write_condexpr(self, node: nodes.CondExpr) -> Code | None:
        """`a if b else c`; without an else it gives Jinja's lenient undefined, which None is not."""
        test, yes = self.write(node.test), self.write(node.expr1)
        no = None if node.expr2 is None else self.write(node.expr2)
        if test is None or yes is None or no is None:
            return None
        return Code(
            f"({yes.text} if {test.text} else {no.text})", yes.missable or no.missable, yes.label or no.label
        )

    def write_concat(self, node: nodes.Concat) -> Code | None:
        """`a ~ b`; `concatenate` is chosen by the place's escaping."""
        parts = [self.write(part) for part in node.nodes]
        if None in parts:
            return None
        return Code("concatenate((" + "".join(f"{part.needed()}, " for part in parts if part) + "))")

    def write_test(self, node: nodes.Test) -> Code | None:
        """`is defined`, `is undefined` of an input; whether anything else is, Jinja says."""
        inner = self.write(node.node)
        if inner is None or node.args or node.kwargs or node.name not in ("defined", "undefined"):
            return None
        if chain(node.node) is None:
            return None
        return Code(f"({inner.text} is {'not ' if node.name == 'defined' else ''}None)")

    def write_filter(self, node: nodes.Filter) -> Code | None:
        """`default` and the filters of TEXT_FILTERS."""
        if node.node is None or node.dyn_args or node.dyn_kwargs:
            return None
        inner = self.write(node.node)
        if inner is None or self.filters.get(node.name) is not ORIGINAL.get(node.name):
            return None
        if node.name in ("default", "d"):
            return self.default(node, inner)
        if node.name not in TEXT_FILTERS or node.args or node.kwargs:
            return None
        return Code(f"filter_{node.name}({inner.needed()})")

    def default(self, node: nodes.Filter, inner: Code) -> Code | None:
        """`default(value)` for a missing value, `default(value, true)` for an empty one too."""
        arguments = dict(zip(("default_value", "boolean"), node.args, strict=False))
        arguments.update({pair.key: pair.value for pair in node.kwargs})
        otherwise = arguments.pop("default_value", nodes.Const(""))
        boolean = arguments.pop("boolean", nodes.Const(False))
        written = self.write(otherwise)
        if written is None or arguments or not isinstance(boolean, nodes.Const):
            return None
        if chain(otherwise) is None and not isinstance(otherwise, nodes.Const):
            # Jinja works the argument out even where it is not needed, and it may fail.
            return None
        if boolean.value:
            text = f"({inner.text} or {written.text})"
        elif inner.text.isidentifier():
            text = f"({written.text} if {inner.text} is None else {inner.text})"
        else:
            return inner if not inner.missable else None
        return Code(text, written.missable, written.label)


def filter_names() -> dict[str, Callable[..., Any]]:
    """What the written source calls filters by."""
    return {f"filter_{name}": ORIGINAL[name] for name in TEXT_FILTERS} | {"filter_urlencode": urlencoded}


def urlencoded(value: Any) -> Any:
    """Jinja's `urlencode`; letters and digits of ASCII stand in an address as they are."""
    if type(value) is str and value.isascii() and value.isalnum():
        return value
    return ORIGINAL["urlencode"](value)
