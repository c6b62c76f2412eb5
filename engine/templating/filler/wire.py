"""What the filler needs to know of a way out; every provider's wire has this shape."""

from __future__ import annotations

from typing import Protocol

from engine.model.letter import Frame, Letter


class Wire(Protocol):
    """How one letter looks in a provider's format: tokens stay in one piece, values are escaped per place.

    A wire may carry the attribute `by_character = True`: then `escape` for the places "html" and "text" treats
    every character alone, both places alike, and leaves printable ASCII but for quotes and backslash as it is.
    All the values of a letter can then be escaped in one go. JSON is such a format, quoted-printable is not.
    """

    def frame(self, letter: Letter) -> Frame:
        """What goes around the messages of a call."""

    def encode(self, letter: Letter) -> bytes:
        """One message as bytes, without separators."""

    def escape(self, place: str, value: str) -> bytes:
        """One value as it must stand where `encode` left its token."""
