"""What a letter cannot do without, so that people who lack it can be found before anything is made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from jinja2 import nodes

from engine.templating.filler.expressions import Expression
from engine.templating.filler.nodes import Body, Choice, Let, Node, Repeat, Value
from engine.templating.filler.paths import chain
from engine.templating.filler.python import TEXT_FILTERS


@dataclass(slots=True)
class Needs:
    """`required`: inputs written for everybody. `may_fail`: something else may fail for somebody."""

    required: set[str] = field(default_factory=set)
    may_fail: bool = False

    def demand(self, expression: Expression, guarded: frozenset[str], *, certain: bool) -> None:
        """Notes what writing an expression asks for."""
        demanded = demands(expression.node) if expression.code is not None else None
        if demanded is None:
            self.may_fail |= (
                expression.code is None or "need(" in expression.code.text or expression.code.missable
            )
        elif certain:
            self.required |= demanded
        elif demanded - guarded:
            self.may_fail = True

    def test(self, expression: Expression) -> None:
        """Notes what a decision asks for: nothing, unless it has to calculate with a value."""
        self.may_fail |= expression.code is None or "need(" in expression.code.text


def needs(bodies: Iterable[Body], given: Iterable[str] = ()) -> Needs:
    """What these skeletons ask for. `given`: names that always have a value."""
    found = Needs()
    for body in bodies:
        follow(body, found, frozenset(given), certain=True)
    found.required -= set(given)
    return found


def follow(body: Body, found: Needs, guarded: frozenset[str], *, certain: bool) -> None:
    """Walks one body. `certain`: everybody's letter comes through here."""
    for node in body:
        if isinstance(node, Value):
            found.demand(node.expression, guarded, certain=certain)
        elif isinstance(node, Choice):
            for test in node.tests:
                found.test(test)
            for index, branch in enumerate(node.branches):
                known = guards(node.tests[index].node) if index < len(node.tests) else set()
                follow(branch, found, guarded | known, certain=False)
        else:
            settle(node, found)


def settle(node: Node, found: Needs) -> None:
    """Variables and loops: only whether they may fail."""
    if isinstance(node, Let):
        found.test(node.expression)
    elif isinstance(node, Repeat):
        found.may_fail = True


def demands(node: nodes.Node) -> set[str] | None:
    """The inputs that must have a value for an expression to be written; None where that is not so simple."""
    path = chain(node)
    if path is not None:
        return {".".join(path)}
    if isinstance(node, nodes.Const):
        return set()
    if isinstance(node, nodes.Filter) and node.node is not None:
        if node.name in ("default", "d"):
            otherwise = node.args[0] if node.args else nodes.Const("")
            return set() if isinstance(otherwise, nodes.Const) and chain(node.node) else None
        return demands(node.node) if node.name in TEXT_FILTERS else None
    if isinstance(node, nodes.Concat):
        parts = [demands(part) for part in node.nodes]
        return None if None in parts else {name for part in parts if part for name in part}
    return None


def guards(test: nodes.Node) -> set[str]:
    """The inputs that certainly have a value once a test has passed."""
    path = chain(test)
    if path is not None:
        return {".".join(path)}
    if isinstance(test, nodes.And):
        return guards(test.left) | guards(test.right)
    if isinstance(test, nodes.Test) and test.name == "defined":
        return guards(test.node)
    if isinstance(test, nodes.Compare) and test.ops[0].op in ("eq", "in"):
        constant = isinstance(test.ops[0].expr, (nodes.Const, nodes.List, nodes.Tuple))
        return guards(test.expr) if constant else set()
    return set()
