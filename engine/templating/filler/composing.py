"""A skeleton as one Python expression that gives its text: how headers are put together from slots."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from engine.templating.filler.nodes import Body, Choice, Chunk, Node, Repeat, Value, walk


def variable(frame: int, slot: int) -> str:
    """The Python variable of a slot. Frame 0 is the letter's own, others are rounds of that loop."""
    return f"s{slot}" if frame == 0 else f"r{frame}_{slot}"


Write = Callable[[Value, str], str]
"""The source of a value's text from its node and the source of its slot."""


def as_it_is(_: Value, source: str) -> str:
    """Headers say what the slot says."""
    return source


def composed(body: Body, frame: int = 0, write: Write = as_it_is) -> str:
    """The source of an expression over the slots' variables. `write`: how a value stands in this place."""
    parts = [part for node in body if (part := piece(node, frame, write))]
    if not parts:
        return "''"
    return parts[0] if len(parts) == 1 else "''.join((" + ", ".join(parts) + "))"


def piece(node: Node, frame: int, write: Write) -> str:
    """One node's share."""
    if isinstance(node, Chunk):
        return repr(node.text)
    if isinstance(node, Value):
        return write(node, variable(frame, node.slot))
    if isinstance(node, Choice):
        texts = [composed(branch, frame, write) for branch in node.branches]
        slot = variable(frame, node.slot)
        if all(isinstance(inner, Chunk) for branch in node.branches for inner in walk(branch)):
            return f"({', '.join(texts)})[{slot}]"
        tested = [f"{text} if {slot} == {index} else " for index, text in enumerate(texts[:-1])]
        return f"({''.join(tested)}{texts[-1]})"
    if isinstance(node, Repeat):
        slot = variable(frame, node.slot)
        rounds = f"''.join([{composed(node.body, node.number, write)} for {held(node)} in {slot}])"
        return f"({rounds} if {slot} else {composed(node.otherwise, frame, write)})"
    return ""


def held(node: Repeat) -> str:
    """The variables one round of a loop is unpacked into."""
    if not node.width:
        return "_"
    return tupled(variable(node.number, slot) for slot in range(node.width))


def letter_slots(width: int) -> str:
    """All slots of a letter, whose first says whether any text among them is Markup."""
    return tupled(("marked", *(variable(0, slot) for slot in range(1, width))))


def tupled(sources: Iterable[str]) -> str:
    """The source of a tuple, or of the names that one is unpacked into."""
    return "(" + "".join(f"{source}, " for source in sources) + ")"
