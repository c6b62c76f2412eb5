"""The skeleton of a letter's text: static chunks, personal values, decisions and repetitions.

A frame is a tuple of slots: the letter's own, or one round of a repetition. Each node knows its slot's place in
the frame it stands in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Union

from engine.templating.filler.expressions import Expression


@dataclass(frozen=True, slots=True)
class Chunk:
    """Text that is the same for everybody."""

    text: str


@dataclass(frozen=True, slots=True)
class Value:
    """A personal text. `final`: already as it stands in its place (a rendered region), so not escaped again."""

    slot: int
    expression: Expression
    final: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """If, elif, else. The slot holds which branch was taken; the last branch is the one without a test."""

    slot: int
    tests: tuple[Expression, ...]
    branches: tuple[Body, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A loop over something personal. The slot holds one frame per round; none taken means `otherwise`."""

    slot: int
    number: int
    targets: tuple[str, ...]
    items: Expression
    test: Expression | None
    width: int
    body: Body
    otherwise: Body


@dataclass(frozen=True, slots=True)
class Let:
    """A variable set while the letter is read; it writes nothing. `markup`: its text is safe HTML."""

    name: str
    expression: Expression
    markup: bool = False


Node = Union[Chunk, Value, Choice, Repeat, Let]  # noqa: UP007
Body = tuple[Node, ...]


def branches_of(node: Node) -> tuple[Body, ...]:
    """The bodies inside a node, in order."""
    if isinstance(node, Choice):
        return node.branches
    if isinstance(node, Repeat):
        return (node.body, node.otherwise)
    return ()


def walk(body: Body) -> Iterator[Node]:
    """Every node, outer ones first."""
    for node in body:
        yield node
        for inner in branches_of(node):
            yield from walk(inner)
