"""A letter put together again from its skeleton and its slots, one node after another: plain, and slow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from engine.templating.filler.nodes import Body, Choice, Chunk, Repeat, Value
from engine.templating.filler.values import clean

Write = Callable[[str], str]


def told(body: Body, slots: Sequence[Any], write: Write) -> str:
    """The text of a skeleton. `write` says how a personal value stands in this place."""
    parts: list[str] = []
    for node in body:
        if isinstance(node, Chunk):
            parts.append(node.text)
        elif isinstance(node, Value):
            value = slots[node.slot]
            parts.append(clean(value) if node.final else write(value))
        elif isinstance(node, Choice):
            parts.append(told(node.branches[slots[node.slot]], slots, write))
        elif isinstance(node, Repeat):
            parts.extend(told(node.body, round_, write) for round_ in slots[node.slot])
            if not slots[node.slot]:
                parts.append(told(node.otherwise, slots, write))
    return "".join(parts)
