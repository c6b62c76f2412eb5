"""Writes the code left for stage 2 as text with tokens, each token standing for a piece of Jinja source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count, product
from string import ascii_lowercase

from jinja2 import nodes

from engine.templating.environment import LetterEnvironment
from engine.templating.specialise.code import (
    Choice,
    Code,
    Filtered,
    Let,
    LetText,
    Repeat,
    Show,
)
from engine.templating.specialise.markup import writes_tags
from engine.templating.specialise.residual import CannotSplit, Residual, literal
from engine.templating.specialise.unparse import filter_chain, source

VALUE, CONTROL = "value", "control"
# More pieces than this in one letter means that unrolling got out of hand.
_MOST = 50_000
# Structures inside each other; Python itself refuses 20 loops.
_DEEPEST = 18


class Writer:
    """Flattens code into text and pieces: `parts` alternates them as (source, kind) with kind "" for text."""

    def __init__(self, environment: LetterEnvironment) -> None:
        # Without the plus a tag would swallow white space next to it under these settings.
        self._open = "{%+ " if environment.lstrip_blocks else "{% "
        self._close = " +%}" if environment.trim_blocks else " %}"
        self.parts: list[tuple[str, str]] = []
        self.depth = 0

    def write(self, code: Sequence[Code]) -> None:
        """Appends code."""
        if self.depth > _DEEPEST:
            raise CannotSplit("conditions and loops are nested too deeply to be kept for stage 2")
        for item in code:
            if isinstance(item, str):
                self.parts.append((item, ""))
            elif isinstance(item, Show):
                self._piece("{{ " + source(item.expr) + " }}", VALUE)
            elif isinstance(item, Let):
                self._tag(f"set {_target(item.target)} = {source(item.expr)}")
            else:
                self.depth += 1
                self._structure(item)
                self.depth -= 1
        if len(self.parts) > _MOST:
            raise CannotSplit("the template has too many personal pieces")

    def _structure(self, item: LetText | Filtered | Choice | Repeat) -> None:
        if isinstance(item, LetText):
            if not item.dropped:
                self._whole(f"set {item.name}", item.code, "endset", CONTROL)
        elif isinstance(item, Filtered):
            self._whole(f"filter {filter_chain(item.filter)}", item.code, "endfilter", VALUE)
        elif isinstance(item, Choice):
            self._choice(item)
        else:
            self._repeat(item)

    def _choice(self, item: Choice) -> None:
        self._tag(f"if {source(item.test)}")
        self.write(item.then)
        rest = item.otherwise
        while len(rest) == 1 and isinstance(rest[0], Choice):
            self._tag(f"elif {source(rest[0].test)}")
            self.write(rest[0].then)
            rest = rest[0].otherwise
        if rest:
            self._tag("else")
            self.write(rest)
        self._tag("endif")

    def _repeat(self, item: Repeat) -> None:
        test = "" if item.test is None else f" if {source(item.test)}"
        self._tag(f"for {_target(item.target)} in {source(item.items)}{test}")
        self.write(item.code)
        if item.otherwise:
            self._tag("else")
            self.write(item.otherwise)
        self._tag("endfor")

    def _whole(self, head: str, code: Sequence[Code], end: str, kind: str) -> None:
        """A structure whose text does not stand where it is written: one piece from start to end."""
        inside = Writer.__new__(Writer)
        inside._open, inside._close, inside.parts, inside.depth = self._open, self._close, [], self.depth
        inside.write(code)
        self._piece(f"{self._open}{head}{self._close}{inside.source()}{self._open}{end}{self._close}", kind)

    def _tag(self, text: str) -> None:
        self._piece(f"{self._open}{text}{self._close}", CONTROL)

    def _piece(self, text: str, kind: str) -> None:
        self.parts.append((text, kind))

    def source(self) -> str:
        """Everything as Jinja source."""
        joined: list[str] = []
        pending = ""
        for text, kind in self.parts:
            if kind:
                joined += (literal(pending), text)
                pending = ""
            else:
                pending += text
        return "".join((*joined, literal(pending)))


def _target(node: nodes.Expr) -> str:
    if isinstance(node, nodes.NSRef):
        return f"{node.name}.{node.attr}"
    if isinstance(node, nodes.Name):
        return str(node.name)
    assert isinstance(node, nodes.Tuple)
    inside = ", ".join(map(_target, node.items))
    return f"({inside},)" if len(node.items) == 1 else f"({inside})"


def tokenise(
    environment: LetterEnvironment, code: Sequence[Code], constants: Mapping[str, object], autoescape: bool
) -> Residual:
    """The residual of a whole template."""
    writer = Writer(environment)
    writer.write(code)
    static = "\0".join(text for text, kind in writer.parts if not kind)
    prefix = _prefix(static)
    width = max(4, len(str(len(writer.parts))))
    numbers = count(1)
    text: list[str] = []
    pieces: dict[str, str] = {}
    kinds: dict[str, str] = {}
    for part, kind in writer.parts:
        if not kind:
            text.append(part)
            continue
        token = f"{prefix}{next(numbers):0{width}d}qz"
        text.append(token)
        pieces[token], kinds[token] = part, kind
    tags = writes_tags(code, constants)
    return Residual("".join(text), pieces, dict(constants), kinds, autoescape, tags)


def _prefix(static: str) -> str:
    """Letters that occur nowhere in the text."""
    lowered = static.lower()
    for length in count(1):
        for letters in product(ascii_lowercase[:16], repeat=length):
            prefix = "zq" + "".join(letters)
            if prefix not in lowered:
                return prefix
    raise AssertionError
