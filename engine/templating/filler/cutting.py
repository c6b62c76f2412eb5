"""A letter encoded once for its wire and cut where something personal stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from engine.errors import TemplateError
from engine.model.letter import Letter
from engine.templating.filler.nodes import Body, Choice, Chunk, Node, Repeat, Value, walk
from engine.templating.filler.wire import Wire
from engine.templating.tokens import Marks

OPEN, NEXT, CLOSE = "open", "next", "close"


@dataclass(frozen=True, slots=True)
class Mark:
    """What a token stands for: a value, or the opening, next branch or end of a structure, in a place."""

    place: str
    node: Node | None = None
    edge: str = ""


@dataclass(frozen=True, slots=True)
class Filled:
    """A value's place between chunks. `node` is None where a header's whole text stands.

    A Choice or Repeat stands for its whole text, composed as one value.
    """

    place: str
    node: Value | Choice | Repeat | None


@dataclass(frozen=True, slots=True)
class Branching:
    """A decision or repetition with the pieces of each of its bodies."""

    node: Choice | Repeat
    bodies: tuple[Pieces, ...]


Pieces = tuple[bytes | Filled | Branching, ...]


class Skeleton:
    """Writes bodies with tokens in them and remembers what each token stands for."""

    def __init__(self, texts: list[str]) -> None:
        self.marks = Marks(texts)
        self.meanings: list[Mark] = []

    def token(self, mark: Mark) -> str:
        """A new token."""
        self.meanings.append(mark)
        return self.marks.mark(len(self.meanings) - 1)

    def written(self, place: str, body: Body) -> str:
        """The body with a token for everything personal."""
        parts: list[str] = []
        for node in body:
            if isinstance(node, Chunk):
                parts.append(node.text)
            elif isinstance(node, Value):
                parts.append(self.token(Mark(place, node)))
            elif isinstance(node, Choice):
                parts += self.structure(place, node, node.branches)
            elif isinstance(node, Repeat):
                parts += self.structure(place, node, (node.body, node.otherwise))
        return "".join(parts)

    def structure(self, place: str, node: Node, bodies: tuple[Body, ...]) -> Iterator[str]:
        """The bodies of a structure between its tokens."""
        for index, body in enumerate(bodies):
            yield self.token(Mark(place, node, NEXT if index else OPEN))
            yield self.written(place, body)
        yield self.token(Mark(place, node, CLOSE))


class MergedSkeleton(Skeleton):
    """For letters that are sent once for many people: a structure is one value, and equal values share a token."""

    def __init__(self, texts: list[str]) -> None:
        super().__init__(texts)
        self.known: dict[tuple[str, int, bool], str] = {}

    def token(self, mark: Mark) -> str:
        """A token; the one there is, where the same slot stands in the same place again."""
        if not isinstance(mark.node, Value):
            return super().token(mark)
        key = (mark.place, mark.node.slot, mark.node.final)
        if key not in self.known:
            self.known[key] = super().token(mark)
        return self.known[key]

    def structure(self, place: str, node: Node, bodies: tuple[Body, ...]) -> Iterator[str]:
        """One token for all of it."""
        yield self.token(Mark(place, node))


def texts_of(body: Body) -> Iterator[str]:
    """Every fixed text of a body."""
    return (node.text for node in walk(body) if isinstance(node, Chunk))


def cut(letter: Letter, skeleton: Skeleton, wire: Wire) -> Pieces:
    """The encoded letter as chunks and what stands between them."""
    encoded = wire.encode(letter)
    pattern = skeleton.marks.pattern().pattern.encode()
    parts = re.split(pattern, encoded)
    items: list[bytes | Mark] = []
    for index, part in enumerate(parts):
        if index % 2:
            items.append(skeleton.meanings[int(part)])
        elif part:
            items.append(part)
    queue = iter(items)
    pieces, ended = gathered(queue)
    # A header that the provider writes itself has no place in the format; a value of a body always has.
    seen = {id(item) for item in items}
    lost = any(mark.node is not None and id(mark) not in seen for mark in skeleton.meanings)
    if ended is not None or lost:
        raise TemplateError("the letter's format broke a mark of something personal")
    return pieces


def gathered(queue: Iterator[bytes | Mark]) -> tuple[Pieces, Mark | None]:
    """The pieces up to the end of the structure they stand in, and the mark that ended them."""
    pieces: list[bytes | Filled | Branching] = []
    for item in queue:
        if isinstance(item, bytes):
            pieces.append(item)
        elif item.edge in (NEXT, CLOSE):
            return tuple(pieces), item
        elif item.edge == OPEN:
            pieces.append(branching(item, queue))
        else:
            assert item.node is None or isinstance(item.node, (Value, Choice, Repeat))
            pieces.append(Filled(item.place, item.node))
    return tuple(pieces), None


def branching(opened: Mark, queue: Iterator[bytes | Mark]) -> Branching:
    """One structure with all its bodies."""
    bodies: list[Pieces] = []
    while True:
        body, ended = gathered(queue)
        if ended is None or ended.node is not opened.node:
            raise TemplateError("the letter's format broke a mark of something personal")
        bodies.append(body)
        if ended.edge == CLOSE:
            assert isinstance(opened.node, (Choice, Repeat))
            return Branching(opened.node, tuple(bodies))
