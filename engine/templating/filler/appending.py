"""Writes the Python function that lays letters' bytes down: shared chunks, and slots escaped for their place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from engine.errors import LetterError, UnsupportedFeature
from engine.templating.filler.composing import composed, held, letter_slots, tupled, variable
from engine.templating.filler.cutting import Branching, Filled, Pieces
from engine.templating.filler.escaping import Bodies, Headers
from engine.templating.filler.letters import html_value
from engine.templating.filler.nodes import Body, Choice, Chunk, Value
from engine.templating.filler.values import clean
from engine.templating.filler.wire import Wire, escaper

Lay = Callable[[list[bytes], list[int], Sequence[tuple[Any, ...]]], None]
"""Lays letters down: a list of byte strings that grows, where each letter ends in it, and the letters' slots."""


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
            "joined": b"".join,
            "html": lambda value: html(html_value(value)),
            "text": lambda value: text(clean(plain(value))),
            "html_of": html_value,
            "text_of": lambda value: clean(plain(value)),
            "final_of": clean,
            "final_html": lambda value: html(clean(value)),
            "final_text": lambda value: text(clean(value)),
        }

    def function(self, pieces: Pieces, width: int) -> Lay:
        """The function."""
        self.walk(pieces, 0, 2)
        self.flush(2)
        slots = letter_slots(width)
        used = sorted(self.used["html"] | self.used["text"])
        places, names = list(self.header_variables), self.header_variables.values()
        self.objects["bodies_of"] = Bodies(
            self.wire, self.objects["html"], self.objects["text"], self.used["html"], self.used["text"]
        )
        self.objects["headers_of"] = Headers(self.wire, places)
        lines = [
            "def lay(parts, ends, letters):",
            "    values = []",
            f"    for {slots} in letters:",
            f"        values += {tupled(self.headers[place] for place in places)}",
            "    for_html, for_text = bodies_of(letters)",
            f"    for {slots}, {tupled(f'h{slot}' for slot in used)}, {tupled(f't{slot}' for slot in used)}, "
            f"{tupled(names)} in zip(letters, for_html, for_text, headers_of(values, len(letters))):",
            *self.lines,
            "        ends.append(len(parts))",
        ]
        exec(compile("\n".join(lines), "<letters of a variant>", "exec"), self.objects)
        made: Lay = self.objects["lay"]
        return made

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
            laid = tupled(self.run)
            # One person's values are many and short: laid down as one piece they are carried along once.
            merges = getattr(self.wire, "merges", False)
            self.line(depth, f"parts.append(joined({laid}))" if merges else f"parts += {laid}")
            self.run = []

    def line(self, depth: int, text: str) -> None:
        """One line of the function."""
        self.lines.append("    " * depth + text)


def simple(pieces: Pieces) -> bool:
    """Whether nothing personal stands in a body."""
    return all(isinstance(piece, bytes) for piece in pieces)
