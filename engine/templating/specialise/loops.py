"""Loops: over known things they are unrolled, over personal ones they stay loops in stage 2."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from jinja2 import nodes
from jinja2.compiler import find_undeclared
from jinja2.runtime import LoopContext

from engine.templating.specialise.branches import remember, restore
from engine.templating.specialise.capture import bind, expression, note, settle
from engine.templating.specialise.code import Choice, Let, Repeat
from engine.templating.specialise.machine import Machine
from engine.templating.specialise.members import items_of, lift, open_ended
from engine.templating.specialise.operators import truth
from engine.templating.specialise.place import Cells, Place
from engine.templating.specialise.registry import statement
from engine.templating.specialise.unpacking import declare, unpack
from engine.templating.specialise.values import (
    Changing,
    Dynamic,
    Fragment,
    LoopName,
    Partial,
    Static,
    Value,
    name_node,
)


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop with the frames of its body, test and else branch. `extended`: its body reads `loop`."""

    node: nodes.For
    place: Place
    body: Place
    test: Place
    otherwise: Place
    extended: bool


class _PersonalTest(Exception):
    """The loop's `if` turned out to depend on the person."""


@statement(nodes.For)
def for_(machine: Machine, node: nodes.For, place: Place) -> None:
    if node.recursive:
        raise machine.refuse("a recursive loop", node)
    loop = _prepare(node, place)
    value = machine.expression(node.iter, place)
    if isinstance(value, Partial) and not open_ended(value):
        value = settle(machine, value, "item")
        _unroll(machine, loop, value, items_of(value))
    elif isinstance(value, Static):
        _unroll(machine, loop, value, value.value)
    elif isinstance(value, (Dynamic, Fragment, Partial)):
        _repeat(machine, loop, value)
    else:
        raise machine.refuse("a macro, module or namespace is looped over", node)


def _prepare(node: nodes.For, place: Place) -> Loop:
    body, test, otherwise = place.frame.inner(), place.frame.inner(), place.frame.inner()
    body.loop_frame = True
    extended = "loop" in find_undeclared(node.iter_child_nodes(only=("body",)), ("loop",)) or any(
        block.scoped for block in node.find_all(nodes.Block)
    )
    if extended:
        body.symbols.declare_parameter("loop")
    body.symbols.analyze_node(node, for_branch="body")
    if node.else_:
        otherwise.symbols.analyze_node(node, for_branch="else")
    if node.test is not None:
        test.symbols.analyze_node(node, for_branch="test")
    test_place = Place(test, Cells(place.cells), place.context, place.execution)
    return Loop(node, place, place.within(body), test_place, place.within(otherwise), extended)


def _unroll(machine: Machine, loop: Loop, value: Value, items: Any) -> None:
    """One copy of the body for every item."""
    node = loop.node
    try:
        iter(items)
    except Exception as error:
        if machine.region.uncertain:
            raise machine.refuse(str(error), node) from error
        raise machine.failure(error, node) from error
    if node.test is None:
        _turns(machine, loop, items)
        return
    tests = [_tested(machine, loop, item) for item in items]
    known = [truth(machine, test, node) for test in tests]
    if None not in known:
        _turns(machine, loop, [item for item, passes in zip(items, known, strict=True) if passes])
    elif loop.extended:
        _repeat(machine, loop, value)
    else:
        _unroll_choices(machine, loop, zip(items, tests, known, strict=True))


def _turns(machine: Machine, loop: Loop, items: Iterable[Any]) -> None:
    empty = True
    for item, context in _walk(machine, loop, items):
        empty = False
        if loop.extended:
            loop.body.assign("loop", Changing(context, machine.region))
        unpack(machine, loop.node.target, lift(item), loop.body)
        _turn(machine, loop)
    if empty:
        _else(machine, loop)


def _walk(machine: Machine, loop: Loop, items: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    """The items, with Jinja's own `loop` where the body reads it."""
    pairs = (
        iter(LoopContext(items, machine.environment.undefined))
        if loop.extended
        else ((i, None) for i in items)
    )
    while True:
        try:
            yield next(pairs)
        except StopIteration:
            return
        except RuntimeError as error:
            raise machine.failure(error, loop.node) from error


def _turn(machine: Machine, loop: Loop) -> None:
    loop.body.enter()
    machine.execute(loop.node.body, loop.body)
    loop.body.leave()


def _else(machine: Machine, loop: Loop) -> None:
    if loop.node.else_:
        loop.otherwise.enter()
        machine.execute(loop.node.else_, loop.otherwise)
        loop.otherwise.leave()


def _tested(machine: Machine, loop: Loop, item: Any) -> Value:
    """The loop's `if` for one item."""
    with _simple(machine, loop):
        unpack(machine, loop.node.target, lift(item), loop.test)
        return _test(machine, loop)


def _test(machine: Machine, loop: Loop) -> Value:
    assert loop.node.test is not None
    loop.test.enter()
    return machine.expression(loop.node.test, loop.test)


@contextmanager
def _simple(machine: Machine, loop: Loop) -> Iterator[None]:
    """A loop's `if` is evaluated: Jinja does so whenever the next item is asked for, so nothing may change by then."""
    touched = machine.touched
    with machine.capture() as code:
        yield
    if code:
        raise machine.refuse("the condition of a loop needs statements of its own", loop.node)
    if machine.touched != touched:
        raise machine.refuse("the condition of a loop reads or changes an object", loop.node)


def _names(node: nodes.Node) -> list[nodes.Name]:
    return [node] if isinstance(node, nodes.Name) else list(node.find_all(nodes.Name))


def _unroll_choices(machine: Machine, loop: Loop, items: Iterable[tuple[Any, Value, bool | None]]) -> None:
    """One copy of the body for every item, each under its own condition: with the test and what is known of it."""
    tests: list[nodes.Expr] = []
    for item, value, tested in items:
        if tested is False:
            continue
        test = (
            nodes.Const(True) if tested else expression(machine, bind(machine, _once(loop, value), "wanted"))
        )
        tests.append(test)
        note(machine, value)
        state = remember(loop.place)
        with machine.inside(conditional=True), machine.capture() as code:
            unpack(machine, loop.node.target, lift(item), loop.body)
            _turn(machine, loop)
        restore(loop.place, state)
        machine.write(Choice(test, code))
    _else_of_choices(machine, loop, tests)


def _once(loop: Loop, value: Value) -> Value:
    """The test's value; it is kept in a variable only when the else branch asks for it again."""
    if isinstance(value, Dynamic) and not loop.node.else_:
        return Dynamic(value.expr, trivial=True)
    return value


def _else_of_choices(machine: Machine, loop: Loop, tests: list[nodes.Expr]) -> None:
    if not loop.node.else_:
        return
    if not tests:
        _else(machine, loop)
        return
    any_test = tests[0]
    for test in tests[1:]:
        any_test = nodes.Or(any_test, test)
    state = remember(loop.place)
    with machine.inside(conditional=True), machine.capture() as code:
        _else(machine, loop)
    restore(loop.place, state)
    machine.write(Choice(nodes.Not(any_test), code))


def _repeat(machine: Machine, loop: Loop, value: Value) -> None:
    """The loop stays a loop; its body is worked out once for every turn."""
    node = loop.node
    note(machine, value)
    items = expression(machine, value)
    state = remember(loop.place)
    target, test = _repeat_head(machine, loop)
    with machine.inside(conditional=True, loop=node), machine.capture() as body:
        if loop.extended:
            loop.body.assign("loop", _loop_value(machine, node))
        _turn(machine, loop)
    restore(loop.place, state)
    with machine.inside(conditional=True), machine.capture() as otherwise:
        _else(machine, loop)
    restore(loop.place, state)
    machine.write(Repeat(target, items, test, body, otherwise))


def _repeat_head(machine: Machine, loop: Loop) -> tuple[nodes.Expr, nodes.Expr | None]:
    """The target and test of the loop in stage 2, with the same variables in both."""
    node = loop.node
    target = declare(machine, node.target, loop.body)
    if node.test is None:
        return target, None
    for name in _names(node.target):
        loop.test.assign(name.name, loop.body.read(name.name))
    with machine.inside(conditional=True), _simple(machine, loop):
        test = expression(machine, _test(machine, loop))
    return target, test


def _loop_value(machine: Machine, node: nodes.For) -> Value:
    """`loop` in a loop of stage 2; under a name of its own where an inner loop would hide it."""
    if node not in machine.lessons.loops:
        return LoopName(node, "loop")
    name = machine.fresh("loop")
    machine.write(Let(nodes.Name(name, "store"), name_node("loop")))
    return LoopName(node, name)
