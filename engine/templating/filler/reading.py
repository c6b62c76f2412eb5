"""Stage-2 sources read into skeletons: which text is fixed, what is personal, and where each slot lies.

What has no place in a skeleton (macros, calls, blocks that rewrite their text …) becomes one slot holding the text
Jinja gives for that stretch: always right, only slower.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jinja2 import Undefined, nodes
from markupsafe import escape

from engine.templating.filler.expressions import Expression, Expressions
from engine.templating.filler.nodes import Body, Choice, Chunk, Let, Node, Repeat, Value
from engine.templating.filler.values import as_text, clean

BINDERS = (
    nodes.Macro,
    nodes.AssignBlock,
    nodes.Assign,
    nodes.Import,
    nodes.FromImport,
    nodes.ExprStmt,
    nodes.Break,
    nodes.Continue,
)
CHANGING = frozenset({"cycler", "joiner", "namespace"})
"""Functions whose objects change when used: their values must not be worked out twice or shared."""


class Slots:
    """Hands out places in a frame. Equal expressions of the letter's own frame share one."""

    def __init__(self, first: int, rounds: Iterator[int]) -> None:
        self.next = first
        self.rounds = rounds
        self.shared: dict[str, int] = {}

    def take(self, expressions: Sequence[Expression], kind: str) -> int:
        """The slot of a value or decision."""
        key = kind + "|".join(expression.key for expression in expressions)
        shareable = all(expression.shareable for expression in expressions)
        if shareable and key in self.shared:
            return self.shared[key]
        slot = self.next
        self.next += 1
        if shareable:
            self.shared[key] = slot
        return slot


class Reader:
    """Reads one source.

    Args:
        expressions: makes the source's expressions.
        header: the text stands in a header: nothing is cleaned away, nothing escaped.
    """

    def __init__(self, expressions: Expressions, *, header: bool = False) -> None:
        self.expressions = expressions
        self.header = header

    def read(self, source: str, slots: Slots, variables: frozenset[str] = frozenset()) -> Body:
        """The skeleton of a whole source."""
        parsed = self.expressions.environment.parse(source)
        return self.body(parsed.body, slots, set(variables))

    def body(self, parsed: list[nodes.Node], slots: Slots, variables: set[str]) -> Body:
        """A list of statements; `variables` grows with what they set."""
        made: list[Node] = []
        for position, node in enumerate(parsed):
            if isinstance(node, nodes.Output):
                made.extend(self.output(node, slots, variables))
            elif isinstance(node, nodes.If) and not self.binds(node):
                made.append(self.choice(node, slots, variables))
            elif isinstance(node, nodes.For) and self.simple_loop(node):
                made.append(self.repeat(node, slots, variables))
            elif isinstance(node, nodes.Assign) and self.simple_name(node.target):
                made.append(self.let(node, variables))
            elif isinstance(node, nodes.AssignBlock) and self.simple_block(node):
                made.append(self.let_block(node, variables))
            elif self.binds(node):
                # Its names may be used by anything that follows.
                made.append(self.region(parsed[position:], slots, variables))
                break
            else:
                made.append(self.region([node], slots, variables))
        return merged(made)

    def output(self, node: nodes.Output, slots: Slots, variables: set[str]) -> Iterator[Node]:
        """Fixed text and personal values, in order."""
        names = frozenset(variables)
        for part in node.nodes:
            if isinstance(part, nodes.TemplateData):
                yield Chunk(self.fixed(part.data))
                continue
            constant = self.expressions.constant(part, names)
            if constant is not None and not isinstance(constant, Undefined):
                yield Chunk(self.fixed(self.written(constant)))
                continue
            expression = self.expressions.expression(with_else(part), names)
            yield Value(slots.take([expression], "text"), expression)

    def written(self, constant: object) -> str:
        """A constant value as the place writes it."""
        text = as_text(constant, "")
        if not self.expressions.escaped:
            return str(text)
        if self.expressions.finalize is not None:
            return str(self.expressions.finalize(text))
        return str(escape(text))

    def fixed(self, text: str) -> str:
        """Text of the template itself."""
        return text if self.header else clean(text)

    def choice(self, node: nodes.If, slots: Slots, variables: set[str]) -> Choice:
        """If with all its branches."""
        names = frozenset(variables)
        parts = [(node.test, node.body), *((part.test, part.body) for part in node.elif_)]
        tests = tuple(self.expressions.expression(test, names) for test, _ in parts)
        slot = slots.take(tests, "branch")
        bodies = [body for _, body in parts] + [node.else_]
        return Choice(slot, tests, tuple(self.body(body, slots, variables) for body in bodies))

    def repeat(self, node: nodes.For, slots: Slots, variables: set[str]) -> Repeat:
        """A loop; its rounds have frames of their own."""
        targets = loop_targets(node)
        inside = {*variables, *targets}
        items = self.expressions.expression(node.iter, frozenset(variables))
        self.expressions.behind.update(dict.fromkeys(targets, items.about))
        test = self.expressions.expression(node.test, frozenset(inside)) if node.test is not None else None
        inside.add("loop")
        slot = slots.next
        slots.next += 1
        frame = Slots(0, slots.rounds)
        body = self.body(node.body, frame, set(inside))
        otherwise = self.body(node.else_, slots, variables)
        return Repeat(slot, next(slots.rounds), targets, items, test, frame.next, body, otherwise)

    def let(self, node: nodes.Assign, variables: set[str]) -> Let:
        """`set name = expression`."""
        assert isinstance(node.target, nodes.Name)
        expression = self.expressions.expression(node.node, frozenset(variables))
        variables.add(node.target.name)
        self.expressions.behind[node.target.name] = expression.about
        return Let(node.target.name, expression)

    def let_block(self, node: nodes.AssignBlock, variables: set[str]) -> Let:
        """`set name` with a body."""
        assert isinstance(node.target, nodes.Name)
        expression = self.expressions.region(node.body, frozenset(variables))
        variables.add(node.target.name)
        self.expressions.behind[node.target.name] = expression.about
        return Let(node.target.name, expression)

    def region(self, body: list[nodes.Node], slots: Slots, variables: set[str]) -> Value:
        """A stretch left to Jinja."""
        expression = self.expressions.region(body, frozenset(variables))
        return Value(slots.take([expression], "region"), expression, final=True)

    def simple_loop(self, node: nodes.For) -> bool:
        """A loop whose rounds can be told apart and that sets nothing."""
        if node.recursive or not loop_targets(node) or "loop" in loop_targets(node):
            return False
        changing = any(isinstance(found, BINDERS) for found in node.find_all(nodes.Stmt))
        return not changing and not changes(node)

    def simple_name(self, target: nodes.Node) -> bool:
        """A variable that hides no personal name."""
        if not isinstance(target, nodes.Name) or self.expressions.inputs.read((target.name,)):
            return False
        return target.name not in self.expressions.constants

    def simple_block(self, node: nodes.AssignBlock) -> bool:
        """A block `set` without a filter."""
        return node.filter is None and self.simple_name(node.target) and not changes(node)

    def binds(self, node: nodes.Node) -> bool:
        """Whether a statement sets names for what follows it, in a way the skeleton cannot hold."""
        if not isinstance(node, nodes.If):
            return isinstance(node, BINDERS)
        inner = [*node.body, *(part for branch in node.elif_ for part in branch.body), *node.else_]
        return any(self.binds(part) and not self.is_let(part) for part in inner)

    def is_let(self, node: nodes.Node) -> bool:
        """Whether the statement is a `set` the skeleton can hold."""
        if isinstance(node, nodes.Assign):
            return self.simple_name(node.target)
        return isinstance(node, nodes.AssignBlock) and self.simple_block(node)


def with_else(node: nodes.Expr) -> nodes.Expr:
    """`a if b` as it is written out: nothing where b is false."""
    if isinstance(node, nodes.CondExpr) and node.expr2 is None:
        return nodes.CondExpr(node.test, node.expr1, nodes.Const(""), lineno=node.lineno)
    return node


def loop_targets(node: nodes.For) -> tuple[str, ...]:
    """The loop's variables, or nothing where they are not plain names."""
    targets = node.target.items if isinstance(node.target, nodes.Tuple) else [node.target]
    names = tuple(target.name for target in targets if isinstance(target, nodes.Name))
    return names if len(names) == len(targets) else ()


def changes(node: nodes.Node) -> bool:
    """Whether something inside makes or uses an object that changes by being used."""
    return any(
        call.node.name in CHANGING for call in node.find_all(nodes.Call) if isinstance(call.node, nodes.Name)
    )


def merged(made: list[Node]) -> Body:
    """Neighbouring chunks as one; empty ones gone."""
    result: list[Node] = []
    for node in made:
        if isinstance(node, Chunk):
            if not node.text:
                continue
            if result and isinstance(result[-1], Chunk):
                result[-1] = Chunk(result[-1].text + node.text)
                continue
        result.append(node)
    return tuple(result)
