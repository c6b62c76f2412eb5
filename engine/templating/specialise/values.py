"""What an expression is worth while a template is being specialised: known, personal, or something in between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jinja2 import nodes

if TYPE_CHECKING:
    from engine.templating.specialise.code import Code, LetText
    from engine.templating.specialise.place import Context, Place, Region, Source

Rebuild = Callable[[], nodes.Expr]


class Value:
    """Root of everything a name can stand for."""

    __slots__ = ()


class _Unbound(Value):
    """A name that has been declared but not set, Jinja's own `missing`."""

    __slots__ = ()


MISSING = _Unbound()


@dataclass(frozen=True, slots=True, eq=False)
class Static(Value):
    """Known now. `origin` rebuilds it in stage 2 where the value itself cannot be written down."""

    value: Any
    origin: Rebuild | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Changing(Value):
    """A known object that changes by being used: a cycler, a joiner, the `loop` of a loop being unrolled.

    `region`: where it was made; it may be called only where stage 2 certainly comes by.
    """

    held: Any
    region: Region


@dataclass(frozen=True, slots=True, eq=False)
class LoopName(Value):
    """`loop` of a loop that stays one in stage 2, and the name it has there."""

    node: nodes.For
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Dynamic(Value):
    """Known per person: an expression of stage 2.

    `stable`: reads nothing that may change between two places of the template.
    `trivial`: cheap and cannot fail, so it may stand in several places instead of a variable.
    """

    expr: nodes.Expr
    stable: bool = True
    trivial: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Partial(Value):
    """A list, tuple or dict whose shape is known and some of whose leaves are personal.

    `content` holds raw data, Personal marks and Values. `whole` gives the expression of the container as it
    stands in stage 2; without it the container is rebuilt from its items. `settled`: its personal items are
    trivial, so that reading one twice is as good as reading it once.
    """

    content: Any
    whole: Rebuild | None = None
    settled: bool = True


@dataclass(slots=True, eq=False)
class Fragment(Value):
    """Text with personal pieces in it: what a macro, a block or a block `set` gave.

    `let`: the assignment that holds it once it has been bound to a name; `region`: where that was.
    """

    code: list[Code]
    movable: bool
    loop: object | None
    let: LetText | None = None
    region: Region | None = None


@dataclass(slots=True, eq=False)
class NamespaceValue(Value):
    """A `namespace(...)`: its attributes, or the name it has in stage 2."""

    site: nodes.Call
    region: Region
    members: dict[str, Value] = field(default_factory=dict)
    residual: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class MacroValue(Value):
    """A macro or the body of a `call` block, with the place it was written in."""

    node: nodes.Macro | nodes.CallBlock
    place: Place
    name: str
    accesses_caller: bool
    accesses_kwargs: bool
    accesses_varargs: bool


@dataclass(frozen=True, slots=True, eq=False)
class ModuleValue(Value):
    """An imported template."""

    name: str
    members: dict[str, Value]


@dataclass(frozen=True, slots=True, eq=False)
class BlockCode:
    """A block as one template of the family wrote it."""

    source: Source
    node: nodes.Block


@dataclass(frozen=True, slots=True, eq=False)
class BlockValue(Value):
    """`super` or `self.name`: a block that can be called."""

    name: str
    context: Context
    depth: int


@dataclass(frozen=True, slots=True, eq=False)
class SelfValue(Value):
    """The `self` of a template."""

    context: Context


@dataclass(slots=True, eq=False)
class Merged(Value):
    """A name whose value differs between branches; it becomes a variable of stage 2 when somebody reads it.

    `values`, `paths`: by branch, what the name stands for at its end, and the branch's code.
    """

    name: str
    values: list[Value]
    paths: list[list[Code]]
    variable: Dynamic | None = None


def call_node(callee: nodes.Expr, arguments: list[nodes.Expr], named: dict[str, nodes.Expr]) -> nodes.Call:
    """A call with plain arguments."""
    keywords = [nodes.Keyword(key, value) for key, value in named.items()]
    return nodes.Call(callee, arguments, keywords, None, None)


def name_node(name: str) -> nodes.Name:
    """A variable being read."""
    return nodes.Name(name, "load")
