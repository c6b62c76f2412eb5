"""Executes output, assignments, `with`, filter and call blocks."""

from __future__ import annotations

from jinja2 import nodes
from jinja2.compiler import Frame
from jinja2.utils import Namespace
from markupsafe import Markup, escape

from engine.templating.specialise.arguments import Arguments, evaluate_arguments
from engine.templating.specialise.branches import fork
from engine.templating.specialise.calls import call_directly
from engine.templating.specialise.capture import bind, expression, note, residual_namespace
from engine.templating.specialise.code import Code, Filtered, Let
from engine.templating.specialise.expressions import apply
from engine.templating.specialise.machine import Machine
from engine.templating.specialise.macros import make_macro
from engine.templating.specialise.operators import apply_filter, truth
from engine.templating.specialise.place import Place
from engine.templating.specialise.registry import statement
from engine.templating.specialise.text import fragment, insert, show
from engine.templating.specialise.unpacking import unpack
from engine.templating.specialise.values import (
    Dynamic,
    NamespaceValue,
    Static,
    Value,
)


@statement(nodes.Output)
def output(machine: Machine, node: nodes.Output, place: Place) -> None:
    if place.frame.require_output_check and place.execution.parent is not None:
        return
    for part in node.nodes:
        if isinstance(part, nodes.TemplateData):
            machine.write(part.data)
        else:
            machine.line = part.lineno or machine.line
            _show_node(machine, machine.folded(part, place), place)


def _show_node(machine: Machine, node: nodes.Expr, place: Place) -> None:
    """Writes an expression; where possible its parts stand for themselves."""
    if isinstance(node, nodes.CondExpr) and not _both_constant(node):
        _show_conditional(machine, node, place)
    elif isinstance(node, nodes.Concat):
        for part in node.nodes:
            _show_node(machine, part, place)
    elif isinstance(node, nodes.Call):
        _show_value(machine, node, place, call_directly(machine, node, place))
    else:
        _show_value(machine, node, place, machine.evaluate(node, place))


def _both_constant(node: nodes.CondExpr) -> bool:
    """`'a' if b else 'c'` stays one value, so that it may stand in a `style` attribute."""
    parts = [part for part in (node.expr1, node.expr2) if part is not None]
    return all(isinstance(part, nodes.Const) and not isinstance(part.value, Markup) for part in parts)


def _show_conditional(machine: Machine, node: nodes.CondExpr, place: Place) -> None:
    test = machine.evaluate(node.test, place)
    tested = truth(machine, test, node)

    def otherwise() -> None:
        if node.expr2 is not None:
            _show_node(machine, node.expr2, place)

    if tested is None:
        fork(machine, place, test, lambda: _show_node(machine, node.expr1, place), otherwise)
    elif tested:
        _show_node(machine, node.expr1, place)
    else:
        otherwise()


def _show_value(machine: Machine, node: nodes.Expr, place: Place, value: Value) -> None:
    if isinstance(value, Static):
        written = apply(
            machine,
            node,
            lambda: str(escape(value.value)) if machine.escapes else str(value.value),
            lambda: expression(machine, value),
        )
        if isinstance(written, Static):
            machine.write(written.value)
            return
        value = written
    show(machine, value)


@statement(nodes.Assign)
def assign(machine: Machine, node: nodes.Assign, place: Place) -> None:
    for reference in node.find_all(nodes.NSRef):
        if not _is_namespace(place.read(reference.name)):
            raise machine.refuse(f"`{reference.name}` is not certainly a namespace", node)
    value = machine.expression(node.node, place)
    if isinstance(node.target, nodes.NSRef):
        _set_member(machine, node.target, value, place)
    elif isinstance(node.target, nodes.Tuple):
        unpack(machine, node.target, value, place)
    else:
        assert isinstance(node.target, nodes.Name)
        place.assign(node.target.name, bind(machine, value, node.target.name))
    export(place, node.target)


def _is_namespace(value: Value) -> bool:
    return isinstance(value, NamespaceValue) or (
        isinstance(value, Static) and isinstance(value.value, Namespace)
    )


def _set_member(machine: Machine, target: nodes.NSRef, value: Value, place: Place) -> None:
    namespace = place.read(target.name)
    if not isinstance(namespace, NamespaceValue):
        raise machine.refuse(f"`{target.name}` is not a namespace made in this letter", target)
    machine.touched += 1
    if namespace.residual is None and machine.region is not namespace.region:
        residual_namespace(machine, namespace)
    if namespace.residual is None:
        namespace.members[target.attr] = bind(machine, value, target.attr)
        return
    expr = expression(machine, value)
    machine.write(Let(nodes.NSRef(namespace.residual, target.attr), expr))
    machine.writes += 1
    machine.unstable += 1


def export(place: Place, target: nodes.Node) -> None:
    """Names set at the top of a template belong to its context, as `pop_assign_tracking` has it."""
    frame: Frame = place.frame
    if frame.loop_frame or frame.block_frame or not frame.toplevel:
        return
    names = [target.name] if isinstance(target, nodes.Name) else [n.name for n in target.find_all(nodes.Name)]
    for name in names:
        place.context.vars[name] = place.read(name)
        if not name.startswith("_"):
            place.context.exported.add(name)


@statement(nodes.AssignBlock)
def assign_block(machine: Machine, node: nodes.AssignBlock, place: Place) -> None:
    frame = place.frame.inner()
    frame.require_output_check = False
    frame.symbols.analyze_node(node)
    before = machine.unstable
    code, inner = _buffered(machine, node.body, place.within(frame))
    value = fragment(machine, code, movable=machine.unstable == before)
    if node.filter is not None:
        value = _filtered_assignment(machine, node, inner, value)
    if not isinstance(node.target, nodes.Name):
        _assign_elsewhere(machine, node, value, place)
    else:
        place.assign(node.target.name, bind(machine, value, node.target.name))
        export(place, node.target)
    inner.leave()


def _assign_elsewhere(machine: Machine, node: nodes.AssignBlock, value: Value, place: Place) -> None:
    if not isinstance(node.target, nodes.NSRef):
        raise machine.refuse("a block set has several targets", node)
    _set_member(machine, node.target, value, place)


def _filtered_assignment(machine: Machine, node: nodes.AssignBlock, place: Place, value: Value) -> Value:
    assert node.filter is not None
    chain = _chain(machine, machine.folded(node.filter, place), place)
    if isinstance(value, Static) and all(arguments.known() for _, arguments in chain):
        result: Value = value
        for part, arguments in chain:
            result = apply_filter(machine, part, place, result, arguments)
        if isinstance(result, Static):
            return Static(Markup(result.value) if machine.escapes else result.value)
        raise machine.refuse("the filter of a block set cannot be worked out", node)
    filters = _rebuilt_chain(machine, chain, expression(machine, value))
    # Jinja marks the filtered text as safe under autoescape, whatever the filter gave.
    safe = nodes.Filter(filters, "safe", [], [], None, None) if machine.escapes else filters
    return Dynamic(safe, stable=False)


def _buffered(machine: Machine, body: list[nodes.Node], place: Place) -> tuple[list[Code], Place]:
    """Runs statements into a buffer that becomes a scope of its own in stage 2."""
    place.frame.buffer = "buffer"
    place.enter()
    with machine.inside(conditional=False), machine.capture() as code:
        machine.execute(body, place)
    return code, place


Chain = list[tuple[nodes.Filter, Arguments]]


def _chain(machine: Machine, node: nodes.Expr, place: Place) -> Chain:
    """The filters of a block from the innermost outwards, with their arguments."""
    assert isinstance(node, nodes.Filter)
    inner = _chain(machine, node.node, place) if isinstance(node.node, nodes.Filter) else []
    return [*inner, (node, evaluate_arguments(machine, node, place))]


def _rebuilt_chain(machine: Machine, chain: Chain, first: nodes.Expr | None = None) -> nodes.Filter:
    """The filters as stage 2 applies them to an expression, or to the text of a filter block."""
    rebuilt: nodes.Expr | None = first
    for node, arguments in chain:
        for value in arguments.all():
            note(machine, value)
        rebuilt = nodes.Filter(rebuilt, node.name, *arguments.rebuilt(machine))
    assert isinstance(rebuilt, nodes.Filter)
    return rebuilt


@statement(nodes.FilterBlock)
def filter_block(machine: Machine, node: nodes.FilterBlock, place: Place) -> None:
    frame = place.frame.inner()
    frame.symbols.analyze_node(node)
    code, inner = _buffered(machine, node.body, place.within(frame))
    chain = _chain(machine, machine.folded(node.filter, inner), inner)
    text = fragment(machine, code, movable=False)
    if isinstance(text, Static) and all(arguments.known() for _, arguments in chain):
        value: Value = text
        for part, arguments in chain:
            value = apply_filter(machine, part, inner, value, arguments)
        insert(machine, value)
    else:
        machine.write(Filtered(_rebuilt_chain(machine, chain), code))
    inner.leave()


@statement(nodes.CallBlock)
def call_block(machine: Machine, node: nodes.CallBlock, place: Place) -> None:
    caller = make_macro(machine, node, place)
    call = machine.folded(node.call, place)
    assert isinstance(call, nodes.Call)
    insert(machine, call_directly(machine, call, place, caller=caller))


@statement(nodes.With)
def with_(machine: Machine, node: nodes.With, place: Place) -> None:
    frame = place.frame.inner()
    frame.symbols.analyze_node(node)
    inner = place.within(frame)
    inner.enter()
    for target, expr in zip(node.targets, node.values, strict=True):
        value = machine.expression(expr, place)
        if isinstance(target, nodes.Tuple):
            unpack(machine, target, value, inner)
        else:
            assert isinstance(target, nodes.Name)
            inner.assign(target.name, bind(machine, value, target.name))
    machine.execute(node.body, inner)
    inner.leave()


@statement(nodes.Scope)
def scope(machine: Machine, node: nodes.Scope, place: Place) -> None:
    frame = place.frame.inner()
    frame.symbols.analyze_node(node)
    inner = place.within(frame)
    inner.enter()
    machine.execute(node.body, inner)
    inner.leave()


@statement(nodes.ScopedEvalContextModifier)
def autoescape(machine: Machine, node: nodes.ScopedEvalContextModifier, place: Place) -> None:
    for keyword in node.options:
        same = isinstance(keyword.value, nodes.Const) and bool(keyword.value.value) is machine.escapes
        if keyword.key != "autoescape" or not same:
            raise machine.refuse("autoescape is switched in the middle of the letter", node)
    machine.execute(node.body, place)


@statement(nodes.ExprStmt)
def evaluate_only(machine: Machine, node: nodes.ExprStmt, place: Place) -> None:
    value = machine.expression(node.node, place)
    if not isinstance(value, Static):
        raise machine.refuse("an expression is evaluated without being written", node)
