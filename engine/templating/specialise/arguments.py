"""The arguments of calls, filters and tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from jinja2 import nodes

from engine.templating.specialise.capture import expression, settle
from engine.templating.specialise.expressions import operands, raw
from engine.templating.specialise.machine import Machine
from engine.templating.specialise.members import child, items_of, lift, open_ended
from engine.templating.specialise.place import Place
from engine.templating.specialise.values import Partial, Static, Value

Rebuilt = tuple[list[nodes.Expr], list[nodes.Keyword], nodes.Expr | None, nodes.Expr | None]


@dataclass(slots=True)
class Arguments:
    """Values by position and by name; `rest` and `options` are `*` and `**` arguments only stage 2 knows."""

    positional: list[Value] = field(default_factory=list)
    named: dict[str, Value] = field(default_factory=dict)
    rest: Value | None = None
    options: Value | None = None

    def all(self) -> list[Value]:
        """Every one of them."""
        extra = [value for value in (self.rest, self.options) if value is not None]
        return [*self.positional, *self.named.values(), *extra]

    def known(self) -> bool:
        """Nothing personal among them."""
        return all(isinstance(value, Static) for value in self.all())

    def raw(self) -> list[Any]:
        """The data by position."""
        return [raw(value) for value in self.positional]

    def raw_named(self) -> dict[str, Any]:
        """The data by name."""
        return {key: raw(value) for key, value in self.named.items()}

    def rebuilt(self, machine: Machine) -> Rebuilt:
        """As a call, filter or test node wants them."""
        return (
            [expression(machine, value) for value in self.positional],
            [nodes.Keyword(key, expression(machine, value)) for key, value in self.named.items()],
            None if self.rest is None else expression(machine, self.rest),
            None if self.options is None else expression(machine, self.options),
        )


def evaluate_arguments(
    machine: Machine, node: nodes.Call | nodes.Filter | nodes.Test, place: Place
) -> Arguments:
    """The arguments as written, `*` and `**` spread out where they are known."""
    keywords: list[Any] = list(node.kwargs)
    wanted = [*node.args, *(keyword.value for keyword in keywords)]
    extra = [part for part in (node.dyn_args, node.dyn_kwargs) if part is not None]
    values = operands(machine, [*wanted, *extra], place)
    count = len(node.args)
    named = {keyword.key: value for keyword, value in zip(keywords, values[count:], strict=False)}
    result = Arguments(values[:count], named)
    spread = iter(values[len(wanted) :])
    if node.dyn_args is not None:
        _spread_rest(machine, result, next(spread), node)
    if node.dyn_kwargs is not None:
        _spread_options(machine, result, next(spread), node)
    return result


def _spread_rest(machine: Machine, result: Arguments, value: Value, node: nodes.Node) -> None:
    if isinstance(value, Static):
        try:
            result.positional += [Static(item) for item in value.value]
        except TypeError as error:
            raise machine.refuse(str(error), node) from error
    elif isinstance(value, Partial) and not open_ended(value):
        result.positional += items_of(settle(machine, value, "argument"))
    else:
        result.rest = value


def _spread_options(machine: Machine, result: Arguments, value: Value, node: nodes.Node) -> None:
    if isinstance(value, Static) and isinstance(value.value, dict):
        found = {key: lift(item) for key, item in value.value.items()}
    elif isinstance(value, Partial) and isinstance(value.content, dict) and not open_ended(value):
        part = settle(machine, value, "argument")
        found = {key: child(part, key) for key in part.content}
    else:
        result.options = value
        return
    if not all(isinstance(key, str) for key in found) or found.keys() & result.named.keys():
        raise machine.refuse("arguments given by `**` clash with others", node)
    result.named.update(found)
