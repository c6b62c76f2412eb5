"""The interpreter's state: what has been written, where in stage 2 that is, and the names handed out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from jinja2 import nodes
from jinja2.optimizer import Optimizer
from jinja2.runtime import Context as JinjaContext

from engine.errors import TemplateError
from engine.templating.environment import LetterEnvironment
from engine.templating.specialise.code import Code
from engine.templating.specialise.place import Place, Region
from engine.templating.specialise.registry import EXPRESSIONS, STATEMENTS
from engine.templating.specialise.residual import CannotSplit
from engine.templating.specialise.values import Dynamic, ModuleValue, Static, Value, name_node

# Deeper than any hand-written letter nests its macros; a macro that calls itself for personal reasons never ends.
DEEPEST = 24
# Statements and outputs one specialisation may execute.
LONGEST = 400_000


class Restart(Exception):
    """Begin again, knowing more: a namespace must live in stage 2, or a loop needs a second name."""


@dataclass(slots=True)
class Lessons:
    """What earlier attempts have learnt: calls that make namespaces of stage 2, loops whose `loop` is read inside
    another loop."""

    namespaces: set[nodes.Call] = field(default_factory=set)
    loops: set[nodes.For] = field(default_factory=set)


class Machine:
    """One attempt at specialising one template."""

    def __init__(self, environment: LetterEnvironment, lessons: Lessons, *, escapes: bool) -> None:
        self.environment = environment
        self.lessons = lessons
        self.code: list[Code] = []
        self.root = Region(None, False, None)
        self.region = self.root
        # The same all over the letter: templates that switch it are left whole.
        self.escapes = escapes
        self.constants: dict[str, object] = {}
        self.captured: dict[int, str] = {}
        self.modules: dict[str, ModuleValue] = {}
        self.depth = 0
        # Counts writes to namespaces of stage 2, and pieces that read or write them.
        self.writes = 0
        self.unstable = 0
        # Counts every use of an object that changes, in whichever stage it lives.
        self.touched = 0
        self.line = 0
        self.file = ""
        self._steps = 0
        self._names = 0
        self._context: JinjaContext | None = None

    def evaluate(self, node: nodes.Expr, place: Place) -> Value:
        """What an expression is worth here."""
        evaluate = EXPRESSIONS.get(type(node))
        if evaluate is None:
            raise self.refuse(f"{type(node).__name__} is not understood", node)
        return evaluate(self, node, place)

    def expression(self, node: nodes.Expr, place: Place) -> Value:
        """A whole expression of a statement."""
        return self.evaluate(self.folded(node, place), place)

    def folded(self, node: nodes.Expr, place: Place) -> nodes.Expr:
        """The expression with its constants folded, exactly as Jinja's compiler folds them."""
        cache = place.execution.source.folded
        if id(node) not in cache:
            folded: Any = Optimizer(self.environment).visit(node, place.frame.eval_ctx)
            # Keeping the node keeps its identity its own.
            cache[id(node)] = (node, folded)
        return cache[id(node)][1]

    def globals(self) -> dict[str, Value]:
        """What templates see without a context."""
        return {
            name: Static(value, lambda name=name: name_node(name))  # type: ignore[misc]
            for name, value in self.environment.globals.items()
        }

    def execute(self, body: list[nodes.Node], place: Place) -> None:
        """Runs statements in order."""
        for node in body:
            self._steps += 1
            if self._steps > LONGEST:
                raise self.refuse("the template is too long to be worked out in advance", node)
            self.line = node.lineno or self.line
            self.file = place.execution.source.name or ""
            execute = STATEMENTS.get(type(node))
            if execute is None:
                raise self.refuse(f"the statement {type(node).__name__} is not understood", node)
            execute(self, node, place)

    def write(self, item: Code) -> None:
        """Appends to stage 2."""
        if item != "":
            self.code.append(item)

    @contextmanager
    def capture(self) -> Iterator[list[Code]]:
        """Collects what is written instead of writing it."""
        outside = self.code
        self.code = inside = []
        try:
            yield inside
        finally:
            self.code = outside

    @contextmanager
    def into(self, code: list[Code]) -> Iterator[None]:
        """Appends to something captured earlier."""
        outside = self.code
        self.code = code
        try:
            yield
        finally:
            self.code = outside

    @contextmanager
    def inside(self, *, conditional: bool, loop: object | None = None) -> Iterator[Region]:
        """A structure of stage 2 stands around what follows."""
        outside = self.region
        self.region = Region(outside, conditional, loop or outside.loop)
        try:
            yield self.region
        finally:
            self.region = outside

    @contextmanager
    def deeper(self, node: nodes.Node) -> Iterator[None]:
        """A macro, block or include is being entered."""
        self.depth += 1
        file, line = self.file, self.line
        if self.depth > DEEPEST:
            raise self.refuse(
                "macros, blocks or includes are nested too deeply to be worked out in advance", node
            )
        try:
            yield
        finally:
            self.depth -= 1
            self.file, self.line = file, line

    def fresh(self, base: str) -> str:
        """A variable name of stage 2 that nothing else uses; templates whose names look alike are refused."""
        self._names += 1
        return f"{base.strip('_') or 'value'}__{self._names}"

    def variable(self, base: str) -> Dynamic:
        """A fresh variable as a value."""
        return Dynamic(name_node(self.fresh(base)), trivial=True)

    def context(self) -> JinjaContext:
        """A real, empty Jinja context for functions that ask for one."""
        if self._context is None:
            self._context = self.environment.context_class(self.environment, {}, None, {})
        return self._context

    def refuse(self, reason: str, node: nodes.Node | None = None) -> CannotSplit:
        """The exception to raise where something cannot be split."""
        return CannotSplit(reason, (node.lineno if node is not None else 0) or self.line, file=self.file)

    def failure(self, error: Exception, node: nodes.Node | None = None) -> TemplateError:
        """The exception to raise where the template fails for everybody."""
        line = (node.lineno if node is not None else 0) or self.line
        return TemplateError(str(error) or type(error).__name__, file=self.file, line=line)
