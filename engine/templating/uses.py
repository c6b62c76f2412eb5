"""Which names of the context templates read, with file and line, whether or not any letter gets there.

The order of statements is not followed: a name may stand for anything it is given anywhere in its file. So what is
said of a name holds for every way it can be read, and a use is wrong only if it is wrong for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from jinja2 import nodes
from jinja2.exceptions import TemplateNotFound, TemplateSyntaxError
from jinja2.meta import find_referenced_templates

from engine.templating.environment import LetterEnvironment

ITEM = "[]"
"""The step of a path from a list to any of its items."""

Path = tuple[str, ...]
SPECIAL = frozenset({"loop", "self", "super", "caller", "varargs", "kwargs"})
SAME_ITEMS = frozenset(
    {"list", "sort", "reverse", "unique", "select", "reject", "selectattr", "rejectattr", "default", "d"}
)
"""Filters that give the items they are given, in another order or number."""

ONE_ITEM = frozenset({"first", "last", "min", "max", "random"})
BY_ATTRIBUTE = frozenset({"map", "sort", "unique", "groupby", "sum", "join", "min", "max"})
"""Filters whose argument `attribute` is read from every item; these name it first:"""

FIRST_ATTRIBUTE = frozenset({"selectattr", "rejectattr", "groupby", "sum"})


@dataclass(frozen=True, slots=True)
class Use:
    """One read. `paths`: what it may stand for: `("customer", "first_nam")`, `("posts", "[]", "title")`.

    `file`: "" for a text of its own. `tested`: it is only asked whether it is there.
    """

    paths: tuple[Path, ...]
    file: str
    line: int
    tested: bool = False


def uses_in_text(environment: LetterEnvironment, source: str) -> list[Use]:
    """The uses of a subject, preheader or header; none where it cannot be read at all."""
    tree = _parsed(environment, source)
    return Family(environment, {"": tree}).uses() if tree is not None else []


def uses_in_templates(environment: LetterEnvironment, names: Sequence[str]) -> list[Use]:
    """The uses of these templates and of all they extend, include and import."""
    return Family(environment, _trees(environment, names)).uses()


def family(environment: LetterEnvironment, names: Sequence[str], texts: Sequence[str] = ()) -> set[str]:
    """The names of these templates and of all that they, and texts of their own, extend, include and import.

    Where a name is worked out only in a letter, every template may be meant.
    """
    assert environment.loader is not None
    own = [tree for tree in (_parsed(environment, text) for text in texts) if tree is not None]
    named = {*names, *(other for tree in own for other in find_referenced_templates(tree) if other)}
    trees = [*own, *_trees(environment, sorted(named)).values()]
    referred = {other for tree in trees for other in find_referenced_templates(tree)}
    if None in referred:
        return {*named, *environment.loader.list_templates()}
    return named | {other for other in referred if other is not None}


def _parsed(environment: LetterEnvironment, source: str) -> nodes.Template | None:
    """None for what cannot be read, which is told with its place when the letter is made."""
    try:
        return environment.parse(source)
    except TemplateSyntaxError:
        return None


def _trees(environment: LetterEnvironment, names: Sequence[str]) -> dict[str, nodes.Template]:
    """These templates and all they refer to, read; without what is not there or cannot be read."""
    assert environment.loader is not None
    trees: dict[str, nodes.Template] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in trees:
            continue
        try:
            tree = _parsed(environment, environment.loader.get_source(environment, name)[0])
        except TemplateNotFound:
            continue
        if tree is not None:
            trees[name] = tree
            waiting.extend(other for other in find_referenced_templates(tree) if other is not None)
    return trees


@dataclass(frozen=True, slots=True)
class Given:
    """What a name is given: an expression in a file, or each of its items; `node` None for something of its own."""

    file: str = ""
    node: nodes.Node | None = None
    items: bool = False


OWN = Given()


@dataclass
class Family:
    """Templates that belong together, by file.

    `given`: what each name of each file is given. `parameters`: names that exist inside a macro alone.
    """

    environment: LetterEnvironment
    trees: Mapping[str, nodes.Template]
    given: dict[tuple[str, str], list[Given]] = field(default_factory=dict)
    parameters: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        macros: dict[str, list[tuple[str, nodes.Macro]]] = {}
        for file, tree in self.trees.items():
            for macro in tree.find_all(nodes.Macro):
                macros.setdefault(macro.name, []).append((file, macro))
                self.give(file, macro.name, OWN)
                for argument in macro.args:
                    self.parameters.add((file, argument.name))
                    self.given.setdefault((file, argument.name), [])
                for argument, default in zip(reversed(macro.args), reversed(macro.defaults), strict=False):
                    # A constant has no names of its own that a mistake could be about.
                    if not isinstance(default, nodes.Const):
                        self.give(file, argument.name, Given(file, default))
            self.assignments(file, tree)
        for file, tree in self.trees.items():
            for call in tree.find_all(nodes.Call):
                callee = call.node
                name = getattr(callee, "attr", getattr(callee, "name", ""))
                for place, macro in macros.get(name, []):
                    self.arguments(file, call, place, macro)

    def give(self, file: str, name: str, given: Given) -> None:
        """Notes one thing a name is given."""
        self.given.setdefault((file, name), []).append(given)

    def assignments(self, file: str, tree: nodes.Template) -> None:
        """What loops, assignments and imports give their names."""
        for loop in tree.find_all(nodes.For):
            self.target(file, loop.target, Given(file, loop.iter, items=True))
        for assign in tree.find_all(nodes.Assign):
            self.target(file, assign.target, Given(file, assign.node))
        for with_ in tree.find_all(nodes.With):
            for target, value in zip(with_.targets, with_.values, strict=True):
                self.target(file, target, Given(file, value))
        for block in tree.find_all(nodes.AssignBlock):
            self.target(file, block.target, OWN)
        for caller in tree.find_all(nodes.CallBlock):
            for argument in caller.args:
                self.target(file, argument, OWN)
        for module in tree.find_all(nodes.Import):
            self.give(file, module.target, OWN)
        for entry in (entry for found in tree.find_all(nodes.FromImport) for entry in found.names):
            self.give(file, entry[1] if isinstance(entry, tuple) else entry, OWN)

    def target(self, file: str, target: nodes.Node, given: Given) -> None:
        """Notes what a target's names are given; of several at once nothing is known."""
        if isinstance(target, nodes.Name):
            self.give(file, target.name, given)
        for name in target.find_all(nodes.Name):
            self.give(file, name.name, OWN)

    def arguments(self, file: str, call: nodes.Call, place: str, macro: nodes.Macro) -> None:
        """What one call gives a macro's parameters."""
        names = [argument.name for argument in macro.args]
        for name, value in zip(names, call.args, strict=False):
            self.give(place, name, Given(file, value))
        for pair in call.kwargs:
            if pair.key in names:
                self.give(place, pair.key, Given(file, pair.value))
        if call.dyn_args is not None or call.dyn_kwargs is not None:
            for name in names:
                self.give(place, name, OWN)

    def uses(self) -> list[Use]:
        """Every use of the family, each once."""
        found = (use for file, tree in self.trees.items() for use in self.visit(file, tree, tested=False))
        return list(dict.fromkeys(found))

    def visit(self, file: str, node: nodes.Node, *, tested: bool) -> Iterator[Use]:
        """The uses in a piece of template."""
        base = node.node if isinstance(node, (nodes.Getattr, nodes.Getitem)) else None
        if base is not None or (isinstance(node, nodes.Name) and node.ctx == "load"):
            yield from self.read(file, node, tested=tested)
        if isinstance(node, nodes.Filter) and node.node is not None:
            yield from self.attribute(file, node)
        for child in node.iter_child_nodes():
            if child is base:
                # What is read of it says more than it would itself.
                yield from self.inside(file, child)
            else:
                yield from self.visit(file, child, tested=asks(node, child, tested=tested))

    def inside(self, file: str, node: nodes.Node) -> Iterator[Use]:
        """The uses in what something is read of."""
        if isinstance(node, nodes.Name):
            return
        if isinstance(node, (nodes.Getattr, nodes.Getitem)):
            yield from self.inside(file, node.node)
            if isinstance(node, nodes.Getitem):
                yield from self.visit(file, node.arg, tested=False)
        else:
            yield from self.visit(file, node, tested=False)

    def read(self, file: str, node: nodes.Node, *, tested: bool) -> Iterator[Use]:
        """A name or a chain of them as a use, unless nothing is known of it."""
        paths = self.paths(file, node, frozenset())
        if paths:
            yield Use(tuple(dict.fromkeys(paths)), file, node.lineno, tested)

    def attribute(self, file: str, node: nodes.Filter) -> Iterator[Use]:
        """`map(attribute="title")` reads `title` of every item."""
        named = [pair.value for pair in node.kwargs if pair.key == "attribute" and node.name in BY_ATTRIBUTE]
        wanted = named or (list(node.args[:1]) if node.name in FIRST_ATTRIBUTE else [])
        paths = self.paths(file, node.node, frozenset())
        if wanted and isinstance(wanted[0], nodes.Const) and isinstance(wanted[0].value, str) and paths:
            steps = wanted[0].value.split(".")
            yield Use(tuple((*path, ITEM, *steps) for path in paths), file, node.lineno)

    def paths(self, file: str, node: nodes.Node | None, seen: frozenset[tuple[str, str]]) -> list[Path]:
        """What an expression may stand for in the context; nothing where that is not known of every way."""
        if isinstance(node, nodes.Name):
            return self.name(file, node.name, seen)
        step = same(node)
        if step is None:
            return []
        base, steps = step
        return [(*path, *steps) for path in self.paths(file, base, seen)]

    def name(self, file: str, name: str, seen: frozenset[tuple[str, str]]) -> list[Path]:
        """What a name may stand for."""
        if name in SPECIAL or name in self.environment.globals:
            return []
        key = (file, name)
        given = self.given.get(key)
        if given is None:
            # An included template sees the names of those that include it, but not their macros' parameters.
            elsewhere = [other for other in self.given if other[1] == name and other not in self.parameters]
            if not elsewhere:
                return [(name,)]
            given = [each for other in elsewhere for each in self.given[other]]
        found: list[Path] = []
        for each in given:
            if key in seen or each.node is None:
                return []
            paths = self.paths(each.file, each.node, seen | {key})
            if not paths:
                return []
            found += [(*path, ITEM) for path in paths] if each.items else paths
        return found


def same(node: nodes.Node | None) -> tuple[nodes.Node | None, Path] | None:
    """The expression something is read of, and the steps from there; None for anything else."""
    if isinstance(node, nodes.Getattr):
        return node.node, (node.attr,)
    if isinstance(node, nodes.Getitem):
        if isinstance(node.arg, nodes.Slice):
            return node.node, ()
        if isinstance(node.arg, nodes.Const):
            return node.node, (node.arg.value if isinstance(node.arg.value, str) else ITEM,)
    if isinstance(node, nodes.Filter) and node.name in SAME_ITEMS | ONE_ITEM:
        return node.node, (ITEM,) if node.name in ONE_ITEM else ()
    return None


def asks(node: nodes.Node, child: nodes.Node, *, tested: bool) -> bool:
    """Whether a part of an expression is only asked whether it is there."""
    if isinstance(node, (nodes.If, nodes.CondExpr)):
        return child is node.test
    if isinstance(node, (nodes.And, nodes.Or, nodes.Not)):
        return True
    if isinstance(node, nodes.Filter):
        return child is node.node and node.name in ("default", "d")
    if isinstance(node, nodes.Test):
        return child is node.node and node.name in ("defined", "undefined", "none")
    return tested and isinstance(node, nodes.Compare)
