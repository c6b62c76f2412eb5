"""Templates that build on others: roots, inheritance, blocks, includes and imports."""

from __future__ import annotations

from jinja2 import TemplateNotFound, nodes
from jinja2.compiler import Frame, find_undeclared
from jinja2.nodes import EvalContext

from engine.templating.specialise.code import Choice, Code, Let, LetText
from engine.templating.specialise.machine import Machine
from engine.templating.specialise.place import Cells, Context, Execution, Place, Source
from engine.templating.specialise.registry import statement
from engine.templating.specialise.sources import load, load_first, not_found
from engine.templating.specialise.text import fragment
from engine.templating.specialise.values import (
    MISSING,
    BlockCode,
    BlockValue,
    ModuleValue,
    SelfValue,
    Static,
    Value,
)


def new_context(source: Source, parent: dict[str, Value]) -> Context:
    """The context a template starts with."""
    blocks = {name: [BlockCode(source, node)] for name, node in source.blocks.items()}
    return Context(parent, blocks=blocks)


def run_root(machine: Machine, source: Source, context: Context) -> None:
    """Executes a template, then the one it extends."""
    frame = Frame(EvalContext(machine.environment, source.name))
    execution = Execution(source)
    place = Place(frame, Cells(), context, execution)
    if "self" in find_undeclared(source.tree.body, ("self",)):
        place.cells.values[frame.symbols.declare_parameter("self")] = SelfValue(context)
    frame.symbols.analyze_node(source.tree)
    frame.toplevel = frame.rootlevel = True
    frame.require_output_check = source.inherits
    place.enter()
    machine.execute(source.tree.body, place)
    if execution.parent is not None:
        run_root(machine, execution.parent, context)


def run_block(machine: Machine, name: str, code: BlockCode, context: Context) -> None:
    """Executes one template's version of a block."""
    frame = Frame(EvalContext(machine.environment, code.source.name))
    frame.block_frame = True
    frame.block = name
    place = Place(frame, Cells(), context, Execution(code.source))
    undeclared = find_undeclared(code.node.body, ("self", "super"))
    if "self" in undeclared:
        place.cells.values[frame.symbols.declare_parameter("self")] = SelfValue(context)
    if "super" in undeclared:
        place.cells.values[frame.symbols.declare_parameter("super")] = _parent_block(
            machine, name, code, context
        )
    frame.symbols.analyze_node(code.node)
    place.enter()
    with machine.deeper(code.node):
        machine.execute(code.node.body, place)


def _parent_block(machine: Machine, name: str, code: BlockCode, context: Context) -> Value:
    codes = context.blocks.get(name, [])
    position = codes.index(code) + 1 if code in codes else len(codes)
    if position < len(codes):
        return BlockValue(name, context, position)
    return Static(machine.environment.undefined(f"there is no parent block called {name!r}.", name="super"))


def call_block(machine: Machine, node: nodes.Call, block: BlockValue) -> Value:
    """`super()` or `self.name()`."""
    before = machine.unstable
    with machine.capture() as code:
        run_block(machine, block.name, block.context.blocks[block.name][block.depth], block.context)
    return fragment(machine, code, movable=machine.unstable == before)


@statement(nodes.Block)
def block(machine: Machine, node: nodes.Block, place: Place) -> None:
    if place.frame.toplevel and place.execution.parent is not None:
        return
    context = place.context.derived(place.local()) if node.scoped else place.context
    if node.required and len(place.context.blocks[node.name]) <= 1:
        raise machine.failure(TypeError(f"Required block {node.name!r} not found"), node)
    run_block(machine, node.name, context.blocks[node.name][0], context)


@statement(nodes.Extends)
def extends(machine: Machine, node: nodes.Extends, place: Place) -> None:
    if machine.region is not machine.root:
        raise machine.refuse("which template is extended depends on the person", node)
    if place.execution.parent is not None:
        raise machine.failure(TypeError("extended multiple times"), node)
    parent = _template(machine, node.template, place, node)
    place.execution.parent = parent
    for name, code in parent.blocks.items():
        place.context.blocks.setdefault(name, []).append(BlockCode(parent, code))


def _template(machine: Machine, wanted: nodes.Expr, place: Place, node: nodes.Node) -> Source:
    """The one template an expression names. Raises TemplateError when it is not there."""
    try:
        return _select(machine, wanted, place, node)
    except TemplateNotFound as error:
        raise not_found(error, machine.file, node.lineno) from error


def _select(machine: Machine, wanted: nodes.Expr, place: Place, node: nodes.Node) -> Source:
    value = machine.expression(wanted, place)
    if not isinstance(value, Static):
        raise machine.refuse("which template is used depends on the person", node)
    if isinstance(value.value, str):
        return load(machine.environment, str(value.value))
    if isinstance(value.value, (list, tuple)) and isinstance(node, nodes.Include):
        return load_first(machine.environment, value.value)
    raise machine.refuse(f"a template is named by a {type(value.value).__name__}", node)


@statement(nodes.Include)
def include(machine: Machine, node: nodes.Include, place: Place) -> None:
    try:
        source = _select(machine, node.template, place, node)
    except TemplateNotFound as error:
        if node.ignore_missing:
            return
        raise not_found(error, machine.file, node.lineno) from error
    if node.with_context:
        context = new_context(source, {**place.context.everything(), **place.local()})
    else:
        context = new_context(source, machine.globals())
    with machine.deeper(node):
        run_root(machine, source, context)


@statement(nodes.Import)
def import_(machine: Machine, node: nodes.Import, place: Place) -> None:
    module = _module(machine, node, place)
    if place.frame.toplevel:
        place.context.vars[node.target] = module
        place.context.exported.discard(node.target)
    place.assign(node.target, module)


@statement(nodes.FromImport)
def from_import(machine: Machine, node: nodes.FromImport, place: Place) -> None:
    module = _module(machine, node, place)
    for entry in node.names:
        name, alias = entry if isinstance(entry, tuple) else (entry, entry)
        value = module.members.get(name, MISSING)
        if value is MISSING:
            hint = f"the template {module.name!r} does not export the requested name {name!r}"
            value = Static(machine.environment.undefined(hint, name=name))
        if place.frame.toplevel:
            place.context.vars[alias] = value
            place.context.exported.discard(alias)
        place.assign(alias, value)


def _module(machine: Machine, node: nodes.Import | nodes.FromImport, place: Place) -> ModuleValue:
    source = _template(machine, node.template, place, node)
    if node.with_context:
        context = new_context(source, {**place.context.everything(), **place.local()})
        return _run_module(machine, node, source, context)
    key = source.name or ""
    if key not in machine.modules:
        machine.modules[key] = _run_module(machine, node, source, new_context(source, machine.globals()))
    return machine.modules[key]


def _run_module(machine: Machine, node: nodes.Node, source: Source, context: Context) -> ModuleValue:
    """Runs a template for its names; what it writes is thrown away, what it sets is kept."""
    with machine.deeper(node), machine.capture() as code:
        run_root(machine, source, context)
    _keep_assignments(machine, code, node)
    machine.code.extend(code)
    members = {name: context.vars[name] for name in context.exported if name in context.vars}
    return ModuleValue(source.name or "", members)


def _keep_assignments(machine: Machine, code: list[Code], node: nodes.Node) -> None:
    """Takes the text out of the code; in place, since more may be set at the ends of its branches later."""
    code[:] = [item for item in code if not isinstance(item, str)]
    for item in code:
        if isinstance(item, Choice):
            _keep_assignments(machine, item.then, node)
            _keep_assignments(machine, item.otherwise, node)
        elif not isinstance(item, (Let, LetText)):
            raise machine.refuse("an imported template writes something personal outside its macros", node)
