"""Where the interpreter stands: variables, template context, template, and the structure of stage 2 around it.

Variables follow Jinja's own compiler: `jinja2.compiler.Frame` and its symbols decide which variable a name
means, and `Cells` are the local variables of the Python function Jinja would have generated.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from jinja2 import nodes
from jinja2.compiler import Frame
from jinja2.idtracking import (
    VAR_LOAD_ALIAS,
    VAR_LOAD_PARAMETER,
    VAR_LOAD_RESOLVE,
    VAR_LOAD_UNDEFINED,
)

from engine.templating.specialise.residual import CannotSplit
from engine.templating.specialise.values import MISSING, BlockCode, Value


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A stretch of stage 2 with its own rules.

    `conditional`: it may run never or several times. `loop`: the innermost loop of stage 2 around it.
    """

    parent: Region | None
    conditional: bool
    loop: object | None

    @property
    def uncertain(self) -> bool:
        """Somewhere around here stage 2 decides whether this runs at all."""
        return self.conditional or (self.parent is not None and self.parent.uncertain)

    def certain_since(self, origin: Region) -> bool:
        """Whenever `origin` runs, this runs exactly once."""
        region: Region | None = self
        while region is not None and region is not origin:
            if region.conditional:
                return False
            region = region.parent
        return region is origin


class Cells:
    """Local variables of one generated function; reading falls through to the functions around it."""

    __slots__ = ("outer", "values")

    def __init__(self, outer: Cells | None = None) -> None:
        self.values: dict[str, Value] = {}
        self.outer = outer

    def get(self, identifier: str) -> Value:
        """The value, MISSING when declared but unset."""
        cells: Cells | None = self
        while cells is not None:
            if identifier in cells.values:
                return cells.values[identifier]
            cells = cells.outer
        raise CannotSplit(f"the variable {identifier} is read before its scope begins")


@dataclass(slots=True, eq=False)
class Context:
    """Jinja's template context, holding Values."""

    parent: dict[str, Value]
    vars: dict[str, Value] = field(default_factory=dict)
    exported: set[str] = field(default_factory=set)
    blocks: dict[str, list[BlockCode]] = field(default_factory=dict)

    def resolve(self, name: str) -> Value:
        """The value of a name, or MISSING."""
        if name in self.vars:
            return self.vars[name]
        return self.parent.get(name, MISSING)

    def everything(self) -> dict[str, Value]:
        """Every name with its value."""
        return {**self.parent, **self.vars}

    def derived(self, local: dict[str, Value]) -> Context:
        """A context of its own for a scoped block."""
        blocks = {name: list(codes) for name, codes in self.blocks.items()}
        return Context({**self.everything(), **local}, blocks=blocks)


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A parsed template. `folded`: its expressions, by identity, after constant folding."""

    name: str | None
    tree: nodes.Template
    blocks: dict[str, nodes.Block]
    inherits: bool
    folded: dict[int, tuple[nodes.Expr, nodes.Expr]] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Execution:
    """One run of a template's root; `parent` once it has extended another."""

    source: Source
    parent: Source | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Everything a statement needs to know about where it stands."""

    frame: Frame
    cells: Cells
    context: Context
    execution: Execution

    def within(self, frame: Frame) -> Place:
        """The same place in another frame."""
        return replace(self, frame=frame)

    def read(self, name: str) -> Value:
        """The value of a name here."""
        return self.cells.get(self.frame.symbols.ref(name))

    def assign(self, name: str, value: Value) -> None:
        """Give a name its value here."""
        self.cells.values[self.frame.symbols.ref(name)] = value

    def enter(self) -> None:
        """Load the frame's variables, as Jinja does at the top of a scope."""
        for target, (action, parameter) in self.frame.symbols.loads.items():
            if action == VAR_LOAD_PARAMETER:
                continue
            if action == VAR_LOAD_RESOLVE:
                value = self.context.resolve(parameter)
            elif action == VAR_LOAD_ALIAS:
                value = self.cells.get(parameter)
            elif action == VAR_LOAD_UNDEFINED:
                value = MISSING
            else:
                raise CannotSplit(f"an unknown way to load a variable: {action}")
            self.cells.values[target] = value

    def leave(self) -> None:
        """Forget the frame's variables."""
        for target in self.frame.symbols.loads:
            self.cells.values[target] = MISSING

    def local(self) -> dict[str, Value]:
        """Names set in this function so far, as included templates and scoped blocks see them."""
        found: dict[str, Value] = {}
        for name, identifier in self.frame.symbols.dump_stores().items():
            value = self.cells.get(identifier)
            if value is not MISSING:
                found[name] = value
        return found
