"""A skeleton as one Python expression that gives its text: how headers are put together from slots."""

from __future__ import annotations

from engine.templating.filler.nodes import Body, Choice, Chunk, Node, Repeat, Value


def variable(frame: int, slot: int) -> str:
    """The Python variable of a slot. Frame 0 is the letter's own, others are rounds of that loop."""
    return f"s{slot}" if frame == 0 else f"r{frame}_{slot}"


def composed(body: Body, frame: int = 0) -> str:
    """The source of an expression over the slots' variables."""
    parts = [part for node in body if (part := piece(node, frame))]
    if not parts:
        return "''"
    return parts[0] if len(parts) == 1 else "''.join((" + ", ".join(parts) + "))"


def piece(node: Node, frame: int) -> str:
    """One node's share."""
    if isinstance(node, Chunk):
        return repr(node.text)
    if isinstance(node, Value):
        return variable(frame, node.slot)
    if isinstance(node, Choice):
        source = composed(node.branches[-1], frame)
        for index in range(len(node.branches) - 2, -1, -1):
            source = f"({composed(node.branches[index], frame)} if {variable(frame, node.slot)} == {index} else {source})"
        return source
    if isinstance(node, Repeat):
        slot = variable(frame, node.slot)
        rounds = f"''.join([{composed(node.body, node.number)} for {held(node)} in {slot}])"
        return f"({rounds} if {slot} else {composed(node.otherwise, frame)})"
    return ""


def held(node: Repeat) -> str:
    """The variables one round of a loop is unpacked into."""
    if not node.width:
        return "_"
    return "(" + "".join(f"{variable(node.number, slot)}, " for slot in range(node.width)) + ")"
