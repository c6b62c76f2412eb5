"""Writes the Python function that works out a person's slots: every personal value and decision, once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

from jinja2 import Undefined
from jinja2.runtime import LoopContext, markup_join, str_join
from markupsafe import Markup

from engine.errors import LetterError
from engine.templating.filler.composing import composed, letter_slots, tupled, variable
from engine.templating.filler.expressions import FAILURES, Expression
from engine.templating.filler.nodes import Body, Choice, Chunk, Let, Repeat, Value
from engine.templating.filler.python import filter_names
from engine.templating.filler.values import as_text, check_header, missing

UNSET = object()
"""What a variable of the template holds before it is set."""

EMPTY = {"text": "''", "branch": "0", "rounds": "()"}
"""What a slot holds that was not reached."""


@dataclass(slots=True)
class Standing:
    """Where in the skeleton, and in the function, lines are being written.

    `names`: Python variables of the template's variables in sight. `done`: slots certainly known here;
    `branches`: those known as well once that branch of that decision has been taken.
    """

    prefix: str
    frame: int = 0
    depth: int = 2
    names: dict[str, str] = field(default_factory=dict)
    done: set[int] = field(default_factory=set)
    kinds: dict[int, str] = field(default_factory=dict)
    branches: dict[tuple[int, int], set[int]] = field(default_factory=dict)

    def deeper(self) -> Standing:
        """Inside a branch: what becomes known there is not known after it."""
        return replace(self, depth=self.depth + 1, done=set(self.done), branches=dict(self.branches))


class Evaluation:
    """Collects the function's lines while skeletons are walked.

    Args:
        inputs: the Python variable of each input.
        undefined: what the environment makes of missing things.
    """

    def __init__(self, inputs: Callable[[str], str], undefined: type[Undefined]) -> None:
        self.inputs = inputs
        self.lines: list[str] = []
        self.letter = Standing("")
        self.variables: dict[str, None] = {}
        self.objects: dict[str, object] = {
            "need": need,
            "rounds_of": rounds_of,
            "as_text": as_text,
            "check_header": check_header,
            "fail": fail,
            "FAILURES": FAILURES,
            "Markup": Markup,
            "LoopContext": LoopContext,
            "Undefined": undefined,
            "UNSET": UNSET,
            "concatenate_escaped": markup_join,
            "concatenate_plain": str_join,
            **filter_names(),
        }

    def add(self, body: Body, prefix: str) -> None:
        """The evaluation of a place. `prefix` keeps its variables apart from those of other places."""
        self.walk(body, replace(self.letter, prefix=prefix, names={}))

    def add_derived(self, name: str, body: Body) -> None:
        """A text that templates may read by a name."""
        self.line(self.letter, f"d_{name} = {composed(body)}")

    def add_check(self, header: str, body: Body) -> None:
        """The refusal of a header that holds what no header may."""
        if all(isinstance(node, Chunk) and node.text.isprintable() for node in body):
            return
        self.line(self.letter, f"h = {composed(body)}")
        self.line(self.letter, f"if not h.isprintable(): check_header({header!r}, h)")

    def walk(self, body: Body, at: Standing) -> None:
        """The lines for one body."""
        for node in body:
            if isinstance(node, Value):
                at.kinds[node.slot] = "text"
                if node.slot not in at.done:
                    self.value(node, at)
                    at.done.add(node.slot)
            elif isinstance(node, Choice):
                self.choice(node, at)
            elif isinstance(node, Repeat):
                self.repeat(node, at)
            elif isinstance(node, Let):
                self.let(node, at)

    def line(self, at: Standing, text: str, *, inside: int = 0) -> None:
        """One line of the function."""
        self.lines.append("    " * (at.depth + inside) + text)

    def source(self, expression: Expression, at: Standing) -> str:
        """An expression as Python."""
        if expression.code is not None:
            ending = "escaped" if expression.escaped else "plain"
            return expression.code.text.replace("concatenate((", f"concatenate_{ending}((")
        name = f"jinja{len(self.objects)}"
        assert expression.jinja is not None
        self.objects[name] = jinja_call(expression.jinja)
        values = tupled(self.inputs(name) for name in expression.inputs)
        local = ", ".join(f"{name!r}: {self.local(name, at)}" for name in expression.variables)
        return f"{name}({values}, {{{local}}})"

    def local(self, name: str, at: Standing) -> str:
        """The Python variable of a template's variable."""
        held = at.names.setdefault(name, f"v{at.prefix}_{name}")
        self.variables[held] = None
        return held

    def value(self, node: Value, at: Standing) -> None:
        """A text, refused when it is missing."""
        slot = variable(at.frame, node.slot)
        self.line(at, f"{slot} = {self.source(node.expression, at)}")
        self.line(at, f"if type({slot}) is not str:")
        if node.final:
            self.line(at, f"{slot} = str({slot})", inside=1)
            return
        self.line(at, f"{slot} = as_text({slot}, {label_of(node.expression)!r})", inside=1)
        self.line(at, f"if type({slot}) is Markup: marked = 1", inside=1)

    def let(self, node: Let, at: Standing) -> None:
        """A variable of the template."""
        source = self.source(node.expression, at)
        name = self.local(node.name, at)
        self.line(at, f"{name} = {source}")
        if node.expression.code is not None and node.expression.code.missable:
            self.line(at, f"if {name} is None: {name} = UNSET")

    def choice(self, node: Choice, at: Standing) -> None:
        """The decision, then what is personal inside the branch taken."""
        slot = variable(at.frame, node.slot)
        at.kinds[node.slot] = "branch"
        known = node.slot in at.done
        at.done.add(node.slot)
        certain: list[set[int]] = []
        for index, branch in enumerate(node.branches):
            inside = at.deeper()
            if index == len(node.tests):
                self.line(at, "else:")
            else:
                test = f"{slot} == {index}" if known else self.source(node.tests[index], at)
                self.line(at, f"{'elif' if index else 'if'} {test}:")
            self.line(inside, "pass" if known else f"{slot} = {index}")
            inside.done |= at.branches.get((node.slot, index), set()) if known else set()
            self.walk(branch, inside)
            at.branches[node.slot, index] = inside.done
            certain.append(inside.done)
        at.done |= set.intersection(*certain)

    def repeat(self, node: Repeat, at: Standing) -> None:
        """The rounds of a loop, each with its own slots."""
        slot, number = variable(at.frame, node.slot), node.number
        at.kinds[node.slot] = "rounds"
        at.done.add(node.slot)
        items = self.source(node.items, at)
        round_ = Standing(f"{at.prefix}{number}", number, at.depth + 1, dict(at.names))
        for name in ("loop", *node.targets):
            round_.names[name] = f"v{round_.prefix}_{name}"
        targets = ", ".join(self.local(name, round_) for name in node.targets)
        self.line(at, f"items{number} = rounds_of({items}, {label_of(node.items)!r})")
        if node.test is not None:
            self.keep(node.test, number, targets, at, round_)
        targets = f"({targets})" if len(node.targets) > 1 else targets
        self.line(at, f"rounds{number} = []")
        self.line(
            at, f"for {targets}, {self.local('loop', round_)} in LoopContext(items{number}, Undefined):"
        )
        start = len(self.lines)
        self.walk(node.body, round_)
        self.lines[start:start] = ["    " * round_.depth + text for text in unreached(round_)]
        held = tupled(variable(number, inner) for inner in range(node.width))
        self.line(round_, f"rounds{number}.append({held})")
        self.line(at, f"{slot} = tuple(rounds{number})")
        if node.otherwise:
            self.line(at, f"if not {slot}:")
            self.line(at, "pass", inside=1)
            self.walk(node.otherwise, at.deeper())

    def keep(self, test: Expression, number: int, targets: str, at: Standing, round_: Standing) -> None:
        """Only the items that pass the loop's own condition."""
        self.line(at, f"kept{number} = []")
        self.line(at, f"for item in items{number}:")
        self.line(round_, f"{targets} = item")
        self.line(round_, f"if {self.source(test, round_)}: kept{number}.append(item)")
        self.line(at, f"items{number} = kept{number}")

    def function(self, inputs: int, width: int) -> Callable[[Sequence[object]], tuple[Any, ...]]:
        """The function: a person's values in, the letter's slots out."""
        lines = [
            "def slots(person):",
            f"    {tupled(f'i{index}' for index in range(inputs))} = person",
            "    marked = 0",
            *(f"    {name} = UNSET" for name in self.variables),
            *(f"    {text}" for text in unreached(self.letter)),
            "    try:",
            *self.lines,
            "        pass",
            "    except FAILURES as error:",
            "        fail(error)",
            f"    return {letter_slots(width)}",
        ]
        exec(compile("\n".join(lines), "<slots of a letter>", "exec"), self.objects)
        made: Callable[[Sequence[object]], tuple[Any, ...]] = self.objects["slots"]  # type: ignore[assignment]
        return made


def unreached(at: Standing) -> list[str]:
    """Assignments for the slots that some branch may leave out."""
    return [
        f"{variable(at.frame, slot)} = {EMPTY[kind]}"
        for slot, kind in at.kinds.items()
        if slot not in at.done
    ]


def label_of(expression: Expression) -> str:
    """What to call a value that is missing."""
    if expression.code is not None and expression.code.label:
        return expression.code.label
    return ", ".join(expression.about) or "a value of the template"


def need(value: Any, name: str) -> Any:
    """The value, unless it is missing."""
    if value is None:
        missing(name)
    return value


def rounds_of(value: Any, name: str) -> Any:
    """What a loop goes through, unless it is missing; nothing for the implicit else of `a if b`."""
    if type(value) is Undefined:
        return ()
    if value is None or isinstance(value, Undefined):
        missing(name)
    return value


def fail(error: Exception) -> NoReturn:
    """An expression that cannot cope with this person's values."""
    raise LetterError(
        f"the template fails for this customer: {error}",
        reason="template_error",
        help="correct the customer's data, or make the template ready for it",
    ) from error


def jinja_call(run: Callable[[Sequence[object], dict[str, object]], object]) -> Callable[..., object]:
    """Calls Jinja with the variables that have been set."""

    def call(values: Sequence[object], variables: dict[str, object]) -> object:
        return run(values, {name: value for name, value in variables.items() if value is not UNSET})

    return call
