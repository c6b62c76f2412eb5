"""Which function evaluates which expression and executes which statement."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.templating.specialise.machine import Machine
    from engine.templating.specialise.place import Place
    from engine.templating.specialise.values import Value

Evaluate = Callable[["Machine", Any, "Place"], "Value"]
Execute = Callable[["Machine", Any, "Place"], None]

EXPRESSIONS: dict[type[Any], Evaluate] = {}
STATEMENTS: dict[type[Any], Execute] = {}


def expression(*kinds: type[Any]) -> Callable[[Evaluate], Evaluate]:
    """Registers how these nodes are evaluated."""

    def register(function: Evaluate) -> Evaluate:
        EXPRESSIONS.update(dict.fromkeys(kinds, function))
        return function

    return register


def statement(*kinds: type[Any]) -> Callable[[Execute], Execute]:
    """Registers how these nodes are executed."""

    def register(function: Execute) -> Execute:
        STATEMENTS.update(dict.fromkeys(kinds, function))
        return function

    return register
