"""Expressions of stage 2, each ready to be worked out for a person: as Python source, or by Jinja."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, Undefined, nodes
from jinja2.environment import TemplateExpression
from jinja2.exceptions import TemplateError as JinjaError
from jinja2.exceptions import UndefinedError
from jinja2.meta import find_undeclared_variables
from markupsafe import Markup

from engine.errors import LetterError
from engine.templating.filler.paths import Inputs, chain, nested
from engine.templating.filler.python import Code, Writer
from engine.templating.filler.values import missing

FAILURES = (JinjaError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError)
"""What an expression can raise over one person's values."""


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """One expression, or one stretch of template that gives a text.

    `key`: equal for expressions that give the same value for the same person.
    `code`: Python source over the inputs' variables, or None where `jinja` works it out.
    `inputs`: the personal names it reads; `variables`: the local variables it reads.
    `escaped`: compiled with autoescape. `about`: the personal names behind it, also through variables.
    """

    key: str
    inputs: tuple[str, ...]
    variables: tuple[str, ...]
    code: Code | None
    jinja: Jinja | None
    node: nodes.Node
    escaped: bool
    about: tuple[str, ...] = ()

    @property
    def shareable(self) -> bool:
        """Whether it may be worked out once for several places."""
        return not self.variables


class Jinja:
    """An expression or a stretch of template compiled by Jinja, to be called with a person's values."""

    def __init__(
        self,
        run: Callable[[dict[str, object]], object],
        inputs: tuple[str, ...],
        constants: Mapping[str, object],
    ) -> None:
        self.run = run
        self.inputs = inputs
        self.constants = constants

    def __call__(self, values: Sequence[object], variables: Mapping[str, object]) -> Any:
        """The value, which may be undefined. LetterError names what was missing."""
        context = nested(self.inputs, values, self.constants)
        context.update(variables)
        try:
            return self.run(context)
        except UndefinedError as error:
            absent = [name for name, value in zip(self.inputs, values, strict=True) if value is None]
            if len(absent) == 1:
                missing(absent[0])
            raise LetterError(str(error.message), reason="missing_value") from error
        except FAILURES as error:
            raise LetterError(
                f"the template fails for this customer: {error}", reason="template_error"
            ) from error


class Expressions:
    """Makes the expressions of one source.

    Args:
        environment: Jinja's, with the source's escaping.
        constants: the source's static values.
        inputs: the program's personal names.
        variable: the Python variable of an input.
        scope: tells the constants of this source from those of others.
        finalize: set for a text part made from HTML: turns HTML values into text.
    """

    def __init__(
        self,
        environment: Environment,
        constants: Mapping[str, object],
        inputs: Inputs,
        variable: Callable[[str], str],
        scope: str,
        finalize: Callable[[str], str] | None = None,
    ) -> None:
        self.environment = environment
        self.constants = constants
        self.inputs = inputs
        self.variable = variable
        self.scope = scope
        self.finalize = finalize
        self.escaped = environment.autoescape is True
        self.behind: dict[str, tuple[str, ...]] = {}
        """The personal names behind each variable of the template."""

    def expression(self, node: nodes.Expr, variables: frozenset[str]) -> Expression:
        """The expression ready to be worked out. `variables`: the local variables in sight."""
        names = self.inputs.of(node, variables)
        used = tuple(sorted(variables & names_in(node)))
        code = None if used else self.writer().write(node)
        key = f"{node!r}" if code and not escaping_matters(node) else f"{self.scope}:{node!r}"
        jinja = None if code else Jinja(self.compiled(node), tuple(names), self.constants)
        for name in names:
            self.variable(name)
        return Expression(key, tuple(names), used, code, jinja, node, self.escaped, self.about(names, used))

    def about(self, names: Sequence[str], variables: Sequence[str]) -> tuple[str, ...]:
        """The personal names behind an expression."""
        through = [name for variable in variables for name in self.behind.get(variable, ())]
        return tuple(dict.fromkeys((*names, *through)))

    def region(self, body: list[nodes.Node], variables: frozenset[str]) -> Expression:
        """A stretch of template as one text."""
        stretch = nodes.Template(body, lineno=1)
        environment = self.environment
        if self.finalize is not None:
            environment = environment.overlay(autoescape=False, finalize=self.finalized)
        stretch.set_environment(environment)
        names = tuple(self.inputs.of(stretch, variables))
        used = tuple(sorted(variables & find_undeclared_variables(stretch)))
        template = environment.from_string(stretch, globals=dict(self.constants))
        for name in names:
            self.variable(name)

        def run(context: dict[str, object]) -> object:
            text = template.render(context)
            return Markup(text) if self.escaped and self.finalize is None else text

        # A text part shares its page's constants, and what it makes of the same stretch is not escaped.
        place = self.scope if self.finalize is None else f"{self.scope} as text"
        return Expression(
            f"{place}:{body!r}",
            names,
            used,
            None,
            Jinja(run, names, self.constants),
            stretch,
            self.escaped,
        )

    def finalized(self, value: object) -> object:
        """A value as a region of such a text part writes it."""
        return self.finalize(value) if self.finalize is not None and isinstance(value, Markup) else value

    def constant(self, node: nodes.Expr, variables: frozenset[str]) -> object:
        """The value of an expression that reads nothing personal, or undefined."""
        if variables & names_in(node) or self.inputs.of(node, variables):
            return Undefined()
        try:
            return self.compiled(node)({})
        except FAILURES:
            return Undefined()

    def compiled(self, node: nodes.Expr) -> Callable[[dict[str, object]], object]:
        """The expression as a function of a context."""
        template = nodes.Template([nodes.Assign(nodes.Name("result", "store"), node, lineno=1)], lineno=1)
        template.set_environment(self.environment)
        made = self.environment.from_string(template, globals=dict(self.constants))
        expression = TemplateExpression(made, False)
        return lambda context: expression(context)

    def writer(self) -> Writer:
        """Writes this source's expressions as Python."""

        def variable(path: tuple[str, ...]) -> str | None:
            name = self.inputs.exact(path)
            return None if name is None else self.variable(name)

        return Writer(variable, self.environment.filters)


def names_in(node: nodes.Node) -> set[str]:
    """Every plain name read in an expression."""
    found = {part.name for part in node.find_all(nodes.Name)}
    if isinstance(node, nodes.Name):
        found.add(node.name)
    return found


def escaping_matters(node: nodes.Node) -> bool:
    """Whether the value depends on the place being escaped: only concatenation does among the written ones."""
    return isinstance(node, nodes.Concat) or node.find(nodes.Concat) is not None


def is_path(expression: Expression) -> bool:
    """Whether it is one input and nothing else."""
    return expression.code is not None and chain(expression.node) is not None
