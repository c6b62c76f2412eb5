"""Evaluates operators, comparisons, conditions, filters and tests."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from jinja2 import Undefined, nodes
from jinja2.runtime import markup_join, str_join
from jinja2.utils import _PassArg

from engine.templating.specialise.arguments import Arguments, evaluate_arguments
from engine.templating.specialise.capture import bind, dynamic, expression, note, settle
from engine.templating.specialise.code import Choice, Code, Let
from engine.templating.specialise.expressions import apply, known, operands, raw
from engine.templating.specialise.machine import Machine
from engine.templating.specialise.members import items_of, open_ended
from engine.templating.specialise.place import Place
from engine.templating.specialise.registry import expression as evaluates
from engine.templating.specialise.residual import Personal
from engine.templating.specialise.values import (
    Dynamic,
    Fragment,
    MacroValue,
    Partial,
    Static,
    Value,
)

_BINARY: Mapping[type[nodes.Expr], Callable[[Any, Any], Any]] = {
    nodes.Add: operator.add,
    nodes.Sub: operator.sub,
    nodes.Mul: operator.mul,
    nodes.Div: operator.truediv,
    nodes.FloorDiv: operator.floordiv,
    nodes.Mod: operator.mod,
    nodes.Pow: operator.pow,
}
_UNARY: Mapping[type[nodes.Expr], Callable[[Any], Any]] = {nodes.Neg: operator.neg, nodes.Pos: operator.pos}
_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "gteq": operator.ge,
    "lt": operator.lt,
    "lteq": operator.le,
    "in": lambda a, b: a in b,
    "notin": lambda a, b: a not in b,
}
_Branch = tuple[list[Code], nodes.Expr]
_ON_PARTS = ("length", "count", "first", "last")


def truth(machine: Machine, value: Value, node: nodes.Node) -> bool | None:
    """Is it true? None: only stage 2 knows."""
    if isinstance(value, Static):
        tested = apply(machine, node, lambda: bool(value.value), lambda: nodes.Const(None))
        if isinstance(tested, Static):
            return bool(tested.value)
        raise machine.refuse("a condition cannot be worked out", node)
    if isinstance(value, Partial):
        if open_ended(value) and all(isinstance(item, Personal) for item in value.content.values()):
            return None
        return bool(settle(machine, value, "item").content)
    return None if isinstance(value, (Dynamic, Fragment)) else True


@contextmanager
def guarded(machine: Machine) -> Iterator[list[Code]]:
    """What follows runs in stage 2 only if something personal says so."""
    with machine.inside(conditional=True), machine.capture() as code:
        yield code


def _guarded(machine: Machine, node: nodes.Expr, place: Place) -> tuple[nodes.Expr, list[Code], Value]:
    with guarded(machine) as code:
        value = machine.evaluate(node, place)
        expr = expression(machine, value)
    return expr, code, value


@evaluates(*_BINARY)
def binary(machine: Machine, node: nodes.BinExpr, place: Place) -> Value:
    left, right = operands(machine, [node.left, node.right], place)
    kind = type(node)

    def rebuild() -> nodes.Expr:
        return kind(expression(machine, left), expression(machine, right))

    def compute() -> Any:
        if node.operator in machine.environment.intercepted_binops:
            context = machine.context()
            return machine.environment.call_binop(context, node.operator, raw(left), raw(right))
        return _BINARY[kind](raw(left), raw(right))

    if known([left, right]):
        return apply(machine, node, compute, rebuild)
    return dynamic(machine, rebuild(), left, right)


@evaluates(*_UNARY)
def unary(machine: Machine, node: nodes.UnaryExpr, place: Place) -> Value:
    value = machine.evaluate(node.node, place)
    kind = type(node)

    def rebuild() -> nodes.Expr:
        return kind(expression(machine, value))

    if isinstance(value, Static):
        return apply(machine, node, lambda: _UNARY[kind](value.value), rebuild)
    return dynamic(machine, rebuild(), value)


@evaluates(nodes.Not)
def negation(machine: Machine, node: nodes.Not, place: Place) -> Value:
    value = machine.evaluate(node.node, place)
    tested = truth(machine, value, node)
    if tested is not None:
        return Static(not tested)
    return dynamic(machine, nodes.Not(expression(machine, value)), value)


@evaluates(nodes.And, nodes.Or)
def connective(machine: Machine, node: nodes.And | nodes.Or, place: Place) -> Value:
    left = machine.evaluate(node.left, place)
    tested = truth(machine, left, node)
    conjunction = isinstance(node, nodes.And)
    if tested is not None:
        return machine.evaluate(node.right, place) if tested is conjunction else left
    first = expression(machine, left)
    right, code, value = _guarded(machine, node.right, place)
    if not code:
        return dynamic(machine, type(node)(first, right), left, value)
    test = bind(machine, Dynamic(first, stable=False), "test")
    assert isinstance(test, Dynamic)
    first = test.expr
    longer: _Branch = (code, right)
    shorter: _Branch = ([], first)
    return (
        _chosen(machine, first, longer, shorter) if conjunction else _chosen(machine, first, shorter, longer)
    )


def _chosen(machine: Machine, test: nodes.Expr, then: _Branch, other: _Branch) -> Value:
    """A conditional value whose branches need statements of their own."""
    result = machine.fresh("value")
    for code, expr in (then, other):
        code.append(Let(nodes.Name(result, "store"), expr))
    machine.write(Choice(test, then[0], other[0]))
    return Dynamic(nodes.Name(result, "load"), trivial=True)


@evaluates(nodes.CondExpr)
def conditional(machine: Machine, node: nodes.CondExpr, place: Place) -> Value:
    test = machine.evaluate(node.test, place)
    tested = truth(machine, test, node)
    if tested is not None:
        return machine.evaluate(node.expr1, place) if tested else _otherwise(machine, node, place)
    first = expression(machine, test)
    then, then_code, then_value = _guarded(machine, node.expr1, place)
    if node.expr2 is None:
        other, other_code, other_value = None, [], then_value
    else:
        other, other_code, other_value = _guarded(machine, node.expr2, place)
    if then_code or other_code:
        note(machine, test)
        absent = nodes.CondExpr(nodes.Const(False), nodes.Const(""), None)
        return _chosen(machine, first, (then_code, then), (other_code, other or absent))
    return dynamic(machine, nodes.CondExpr(first, then, other), test, then_value, other_value)


def _otherwise(machine: Machine, node: nodes.CondExpr, place: Place) -> Value:
    if node.expr2 is not None:
        return machine.evaluate(node.expr2, place)
    # Jinja uses its plain Undefined here whatever the environment says.
    return Static(
        Undefined(
            f"the inline if-expression on line {node.lineno} evaluated to false and no else section was defined."
        )
    )


@evaluates(nodes.Compare)
def compare(machine: Machine, node: nodes.Compare, place: Place) -> Value:
    if len(node.ops) > 1:
        return _chained(machine, node, place)
    left, right = operands(machine, [node.expr, node.ops[0].expr], place)
    wanted = node.ops[0].op

    def rebuild() -> nodes.Expr:
        return nodes.Compare(expression(machine, left), [nodes.Operand(wanted, expression(machine, right))])

    if known([left, right]):
        return apply(machine, node, lambda: _COMPARE[wanted](raw(left), raw(right)), rebuild)
    return dynamic(machine, rebuild(), left, right)


def _chained(machine: Machine, node: nodes.Compare, place: Place) -> Value:
    """`1 < x < 3`: later operands may never be evaluated."""
    values = operands(machine, [node.expr, node.ops[0].expr], place)
    wanted = [operand.op for operand in node.ops]
    for operand in node.ops[1:]:
        with guarded(machine) as code:
            values.append(machine.evaluate(operand.expr, place))
            expression(machine, values[-1])
        if code:
            raise machine.refuse("a macro is called in a chained comparison", node)

    def rebuild() -> nodes.Expr:
        rest = [nodes.Operand(op, expression(machine, v)) for op, v in zip(wanted, values[1:], strict=True)]
        return nodes.Compare(expression(machine, values[0]), rest)

    def compute() -> Any:
        result: Any = True
        left = raw(values[0])
        for op, value in zip(wanted, values[1:], strict=True):
            result = _COMPARE[op](left, raw(value))
            if not result:
                return result
            left = raw(value)
        return result

    if known(values):
        return apply(machine, node, compute, rebuild)
    return dynamic(machine, rebuild(), *values)


@evaluates(nodes.Concat)
def concatenation(machine: Machine, node: nodes.Concat, place: Place) -> Value:
    values = operands(machine, node.nodes, place)
    join = markup_join if machine.escapes else str_join

    def rebuild() -> nodes.Expr:
        return nodes.Concat([expression(machine, value) for value in values])

    if known(values):
        return apply(machine, node, lambda: join(map(raw, values)), rebuild)
    return dynamic(machine, rebuild(), *values)


@evaluates(nodes.Filter)
def filtering(machine: Machine, node: nodes.Filter, place: Place) -> Value:
    assert node.node is not None
    value = machine.evaluate(node.node, place)
    before = machine.writes
    arguments = evaluate_arguments(machine, node, place)
    if machine.writes != before:
        raise machine.refuse("an object changes while it is being filtered", node)
    if isinstance(value, Partial) and open_ended(value):
        return apply_filter(machine, node, place, value, arguments)
    if isinstance(value, Partial) and node.name in _ON_PARTS and not arguments.all():
        item = _filtered_part(machine, node.name, value)
        if item is not None:
            return item
    if node.name in ("default", "d") and isinstance(value, (Partial, MacroValue)):
        return value
    return apply_filter(machine, node, place, value, arguments)


def apply_filter(
    machine: Machine, node: nodes.Filter, place: Place, value: Value, arguments: Arguments
) -> Value:
    """One filter applied to a value."""

    def rebuild() -> nodes.Expr:
        first = expression(machine, value)
        return nodes.Filter(first, node.name, *arguments.rebuilt(machine))

    compute = _function(machine, node, place, machine.environment.filters, "filter")
    if isinstance(value, Static) and arguments.known():
        return apply(
            machine, node, lambda: compute(value.value, *arguments.raw(), **arguments.raw_named()), rebuild
        )
    result = dynamic(machine, rebuild(), value, *arguments.all())
    if node.name in ("default", "d") and isinstance(value, Dynamic) and value.trivial and arguments.known():
        return Dynamic(result.expr, trivial=True)
    return result


def _filtered_part(machine: Machine, name: str, value: Partial) -> Value | None:
    """What can be said of a container without knowing its personal leaves."""
    value = settle(machine, value, "item")
    if name in ("length", "count"):
        return Static(len(value.content))
    if name in ("first", "last") and isinstance(value.content, (list, tuple)) and value.content:
        return items_of(value)[0 if name == "first" else -1]
    return None


@evaluates(nodes.Test)
def testing(machine: Machine, node: nodes.Test, place: Place) -> Value:
    value = machine.evaluate(node.node, place)
    before = machine.writes
    arguments = evaluate_arguments(machine, node, place)
    if machine.writes != before:
        raise machine.refuse("an object changes while it is being tested", node)
    if not isinstance(value, (Static, Dynamic, Fragment)) and node.name in ("defined", "undefined", "none"):
        return Static(node.name == "defined")

    def rebuild() -> nodes.Expr:
        return nodes.Test(expression(machine, value), node.name, *arguments.rebuilt(machine))

    compute = _function(machine, node, place, machine.environment.tests, "test")
    if isinstance(value, Static) and arguments.known():
        return apply(
            machine, node, lambda: compute(value.value, *arguments.raw(), **arguments.raw_named()), rebuild
        )
    return dynamic(machine, rebuild(), value, *arguments.all())


def _function(
    machine: Machine, node: nodes.Filter | nodes.Test, place: Place, table: Mapping[str, Any], kind: str
) -> Callable[..., Any]:
    """The filter or test with Jinja's own first argument supplied."""
    function = table.get(node.name)
    if function is None:
        raise machine.refuse(f"there is no {kind} called `{node.name}`", node)
    passed = _PassArg.from_obj(function)
    context = machine.context()
    first: dict[Any, Any] = {
        _PassArg.context: context,
        _PassArg.eval_context: context.eval_ctx,
        _PassArg.environment: machine.environment,
    }
    if passed is None:
        return function  # type: ignore[no-any-return]
    return lambda *arguments, **named: function(first[passed], *arguments, **named)
