"""Writes the Python function that lays one letter's bytes down: shared chunks, and slots escaped for their place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from markupsafe import escape

from engine.errors import LetterError, UnsupportedFeature
from engine.templating.filler.composing import composed, held, variable
from engine.templating.filler.cutting import Branching, Filled, Pieces
from engine.templating.filler.letters import html_value
from engine.templating.filler.nodes import Body, Choice, Chunk, Value
from engine.templating.filler.values import clean
from engine.templating.filler.wire import Escape, Wire, escaper

BETWEEN, BETWEEN_BYTES = "|", b"|"
"""Stands between values that are escaped in one go. Any printable ASCII character that no format escapes would do."""

LONGEST_STANDING = 400
"""Characters of what may stand as it is: see Wire."""

Append = Callable[[list[bytes], tuple[Any, ...]], None]


class Writing:
    """Collects the function's lines.

    Args:
        wire: the format.
        headers: Python source of the text of each place that is one whole value, by place.
        plain: turns a slot into the text part's text.
    """

    def __init__(self, wire: Wire, headers: dict[str, str], plain: Callable[[str], str]) -> None:
        self.wire = wire
        self.headers = headers
        self.lines: list[str] = []
        self.run: list[str] = []
        self.constants = 0
        self.header_variables: dict[str, str] = {}
        self.used: dict[str, set[int]] = {"html": set(), "text": set()}
        html, text = escaper(wire, "html"), escaper(wire, "text")
        self.objects: dict[str, Any] = {
            "both_ways": partial(both_ways, html),
            "as_they_are": as_they_are,
            "joined": b"".join,
            "html": lambda value: html(html_value(value)),
            "text": lambda value: text(clean(plain(value))),
            "html_of": html_value,
            "text_of": lambda value: clean(plain(value)),
            "final_of": clean,
            "final_html": lambda value: html(clean(value)),
            "final_text": lambda value: text(clean(value)),
        }

    def function(self, pieces: Pieces, width: int) -> Append:
        """The function: a list of byte strings that grows, and a letter's slots."""
        self.walk(pieces, 0, 1)
        self.flush(1)
        slots = "".join(f"s{slot}, " for slot in range(1, width))
        lines = [
            "def append(parts, slots):",
            f"    (marked, {slots}) = slots",
            *self.header_lines(),
            *self.body_lines(),
            *self.lines,
        ]
        exec(compile("\n".join(lines), "<letters of a variant>", "exec"), self.objects)
        made: Append = self.objects["append"]
        return made

    def header_lines(self) -> list[str]:
        """Each header's whole value, composed and escaped once; those that machines read all in one go."""
        stands: Callable[[str], bool] | None = getattr(self.wire, "stands", None)
        lines, together = [], []
        for place, name in self.header_variables.items():
            self.objects[f"escape_{name}"] = escaper(self.wire, place)
            line = f"    {name} = escape_{name}({self.headers[place]})"
            if stands is not None and stands(place):
                together.append((name, self.headers[place], line))
            else:
                lines.append(line)
        if len(together) < 2:
            return [*lines, *(line for _, _, line in together)]
        values = ", ".join(source for _, source, _ in together)
        return [
            *lines,
            f"    ready = as_they_are({BETWEEN!r}.join(({values})))",
            f"    if len(ready) == {len(together)}:",
            f"        ({', '.join(name for name, _, _ in together)}) = ready",
            "    else:",
            *(f"    {line}" for _, _, line in together),
        ]

    def body_lines(self) -> list[str]:
        """The letter's own values for both bodies: all in one go where the format and the values allow it."""
        one_by_one = [f"h{slot} = html(s{slot})" for slot in sorted(self.used["html"])]
        one_by_one += [f"t{slot} = text(s{slot})" for slot in sorted(self.used["text"])]
        together = sorted(self.used["html"] | self.used["text"])
        if not getattr(self.wire, "by_character", False) or len(together) < 2:
            return [f"    {line}" for line in one_by_one]
        values = ", ".join(f"s{slot}" for slot in together)
        html = ", ".join(f"h{slot}" for slot in together)
        text = ", ".join(f"t{slot}" for slot in together)
        return [
            f"    for_html, for_text = both_ways({BETWEEN!r}.join(({values}))) if not marked else ((), ())",
            f"    if len(for_html) == {len(together)} == len(for_text):",
            f"        ({html}) = for_html",
            f"        ({text}) = for_text",
            "    else:",
            *(f"        {line}" for line in one_by_one),
        ]

    def walk(self, pieces: Pieces, frame: int, depth: int) -> None:
        """The lines for a list of pieces."""
        for piece in pieces:
            if isinstance(piece, bytes):
                self.run.append(self.constant(piece))
            elif isinstance(piece, Filled):
                self.run.append(self.filled(piece, frame))
            else:
                self.branching(piece, frame, depth)

    def constant(self, value: Any) -> str:
        """The name of a shared object."""
        self.constants += 1
        name = f"C{self.constants}"
        self.objects[name] = value
        return name

    def filled(self, piece: Filled, frame: int) -> str:
        """The source of a value as bytes."""
        if piece.node is None:
            return self.header_variables.setdefault(piece.place, f"header{len(self.header_variables)}")
        if isinstance(piece.node, Choice):
            return self.choice(piece.place, piece.node)
        if not isinstance(piece.node, Value):
            return f"final_{piece.place}({self.text_of(piece.place, (piece.node,))})"
        slot = piece.node.slot
        if piece.node.final:
            return f"final_{piece.place}({variable(frame, slot)})"
        if frame:
            return f"{piece.place}({variable(frame, slot)})"
        self.used[piece.place].add(slot)
        return f"{piece.place[0]}{slot}"

    def choice(self, place: str, node: Choice) -> str:
        """The source of a decision's bytes, where it stands for its whole text: what is fixed is escaped beforehand."""
        slot, sources = variable(0, node.slot), []
        for branch in node.branches:
            fixed = None
            if all(isinstance(inner, Chunk) for inner in branch):
                text = "".join(inner.text for inner in branch if isinstance(inner, Chunk))
                # What cannot stand there is refused for whoever it is meant for, not for everybody.
                with suppress(LetterError, UnsupportedFeature):
                    fixed = self.constant(self.objects[f"final_{place}"](text))
            sources.append(fixed or f"final_{place}({self.text_of(place, branch)})")
        tested = [f"{source} if {slot} == {index} else " for index, source in enumerate(sources[:-1])]
        return f"({''.join(tested)}{sources[-1]})"

    def text_of(self, place: str, body: Body) -> str:
        """The source of a structure's whole text as it stands in its body."""

        def write(value: Value, source: str) -> str:
            return f"{'final' if value.final else place}_of({source})"

        return composed(body, write=write)

    def branching(self, piece: Branching, frame: int, depth: int) -> None:
        """A decision or a loop."""
        node, slot = piece.node, variable(frame, piece.node.slot)
        if isinstance(node, Choice) and all(simple(body) for body in piece.bodies):
            # Nothing personal inside: one look-up instead of branches.
            table = self.constant(tuple(b"".join(body) for body in piece.bodies))  # type: ignore[arg-type]
            self.run.append(f"{table}[{slot}]")
            return
        self.flush(depth)
        if isinstance(node, Choice):
            for index, body in enumerate(piece.bodies):
                self.line(depth, f"{'elif' if index else 'if'} {slot} == {index}:")
                self.inside(body, frame, depth)
            return
        self.line(depth, f"for {held(node)} in {slot}:")
        self.inside(piece.bodies[0], node.number, depth)
        if piece.bodies[1]:
            self.line(depth, f"if not {slot}:")
            self.inside(piece.bodies[1], frame, depth)

    def inside(self, pieces: Pieces, frame: int, depth: int) -> None:
        """The lines of one body."""
        self.line(depth + 1, "pass")
        self.walk(pieces, frame, depth + 1)
        self.flush(depth + 1)

    def flush(self, depth: int) -> None:
        """Lays down what has gathered, in one step."""
        if self.run:
            laid = "(" + "".join(f"{name}, " for name in self.run) + ")"
            # One person's values are many and short: laid down as one piece they are carried along once.
            merges = getattr(self.wire, "merges", False)
            self.line(depth, f"parts.append(joined({laid}))" if merges else f"parts += {laid}")
            self.run = []

    def line(self, depth: int, text: str) -> None:
        """One line of the function."""
        self.lines.append("    " * depth + text)


def as_they_are(joined: str) -> Sequence[bytes]:
    """Values joined by BETWEEN that need no escaping, for places where printable ASCII stands as it is; else none."""
    if not joined.isascii() or not joined.isprintable() or len(joined) > LONGEST_STANDING:
        return ()
    if '"' in joined or "\\" in joined:
        return ()
    values = joined.encode().split(BETWEEN_BYTES)
    return () if b"" in values else values


def both_ways(escape_text: Escape, joined: str) -> tuple[Sequence[bytes], Sequence[bytes]]:
    """Values joined by BETWEEN, each as it stands in the HTML and in the text; empty where each needs its own look.

    The caller counts them: a value that holds BETWEEN itself makes one too many.
    """
    try:
        size = len(joined.encode())
    except UnicodeEncodeError:
        return (), ()
    text = escape_text(joined)
    if len(text) == size and not has_html_signs(joined):
        # Nothing was escaped, so there are no quotes and no control characters either.
        same = text.split(BETWEEN_BYTES)
        return same, same
    if not joined.isprintable():
        return (), ()
    return escape_text(str(escape(joined))).split(BETWEEN_BYTES), text.split(BETWEEN_BYTES)


def has_html_signs(text: str) -> bool:
    """Whether a text holds a character that HTML escapes, but for `"`, or one beyond C0 that no body may hold."""
    return (
        "&" in text
        or "<" in text
        or ">" in text
        or "'" in text
        or "\x7f" in text
        or "\ufffe" in text
        or "\uffff" in text
    )


def simple(pieces: Pieces) -> bool:
    """Whether nothing personal stands in a body."""
    return all(isinstance(piece, bytes) for piece in pieces)
