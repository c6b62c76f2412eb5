"""The code left for stage 2, as a tree of text, outputs, assignments and control structures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from jinja2 import nodes


@dataclass(frozen=True, slots=True)
class Show:
    """`{{ expression }}`"""

    expr: nodes.Expr


@dataclass(frozen=True, slots=True)
class Let:
    """`{% set a, b = expression %}`; targets are new names, each assigned once on every path."""

    target: nodes.Expr
    expr: nodes.Expr


@dataclass(slots=True)
class LetText:
    """`{% set name %}…{% endset %}`

    `needed`: its name is read somewhere; `spliced`: its text stands elsewhere on the same path, so that the
    assignment has nothing left to do.
    """

    name: str
    code: list[Code]
    needed: bool = False
    spliced: bool = False

    @property
    def dropped(self) -> bool:
        """Nobody would notice its absence."""
        return self.spliced and not self.needed


@dataclass(frozen=True, slots=True)
class Filtered:
    """`{% filter … %}…{% endfilter %}`"""

    filter: nodes.Filter
    code: list[Code]


@dataclass(frozen=True, slots=True)
class Choice:
    """`{% if test %}…{% else %}…{% endif %}`"""

    test: nodes.Expr
    then: list[Code]
    otherwise: list[Code] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Repeat:
    """`{% for target in items if test %}…{% else %}…{% endfor %}`"""

    target: nodes.Expr
    items: nodes.Expr
    test: nodes.Expr | None
    code: list[Code]
    otherwise: list[Code]


Code = str | Show | Let | LetText | Filtered | Choice | Repeat


def is_text(code: Sequence[Code]) -> bool:
    """Nothing personal is in it."""
    return all(isinstance(item, str) for item in code)


def inner(item: Code) -> tuple[list[Code], ...]:
    """The code inside an item."""
    if isinstance(item, (LetText, Filtered)):
        return (item.code,)
    if isinstance(item, Choice):
        return (item.then, item.otherwise)
    return (item.code, item.otherwise) if isinstance(item, Repeat) else ()


def walk(code: Sequence[Code]) -> Iterator[Code]:
    """Every item, outer ones first; nothing of an assignment that is dropped."""
    for item in code:
        if isinstance(item, LetText) and item.dropped:
            continue
        yield item
        for part in inner(item):
            yield from walk(part)


def expressions(item: Code) -> list[nodes.Expr]:
    """The expressions an item evaluates itself."""
    if isinstance(item, (Show, Let)):
        return [item.expr]
    if isinstance(item, Filtered):
        return [item.filter]
    if isinstance(item, Choice):
        return [item.test]
    if isinstance(item, Repeat):
        return [item.items, *([item.test] if item.test is not None else [])]
    return []
