"""What the filler needs to know of a way out; every provider's wire has this shape."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from engine.model.letter import Frame, Letter


class Wire(Protocol):
    """How one letter looks in a provider's format: tokens stay in one piece, values are escaped per place.

    A wire may carry the attribute `by_character = True`: then `escape` for the places "html" and "text" treats
    every character alone, both places alike. It stands there as its UTF-8, as printable ASCII always does but for
    quotes and backslash, or as something longer, as C0 controls always do. All the values of a letter can then be
    escaped in one go. JSON is such a format, quoted-printable is not.

    A wire may have a method `escaper(place)`: `escape` for that one place, with everything looked up beforehand.

    A wire may have a method `stands(place)`: a test of several values joined by a printable sign, or None. Where
    it holds, each of them that has 1 to 400 bytes stands in that place as its UTF-8.

    A wire with `merges = True` holds the letter in its `frame`, once for everybody, and `encode` gives one
    person's values. With `longest` it says how many bytes one person may have there.
    """

    def frame(self, letter: Letter) -> Frame:
        """What goes around the messages of a call."""

    def encode(self, letter: Letter) -> bytes:
        """One message as bytes, without separators."""

    def escape(self, place: str, value: str) -> bytes:
        """One value as it must stand where `encode` left its token."""


Escape = Callable[[str], bytes]


def escaper(wire: Wire, place: str) -> Escape:
    """`escape` for one place, the quickest the wire has."""
    own: Callable[[str], Escape] | None = getattr(wire, "escaper", None)
    return own(place) if own is not None else partial(wire.escape, place)
