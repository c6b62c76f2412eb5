"""Escapes many letters' values in one go where the format and the values allow it, and each alone where they do not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

from markupsafe import escape

from engine.templating.filler.wire import Escape, Wire, escaper

BETWEEN, BETWEEN_BYTES = "|", b"|"
"""Stands between values that are escaped in one go. Any printable ASCII character that no format escapes would do."""

LONGEST_STANDING = 400
"""Bytes of what may stand as it is: see Wire."""

MARKED = itemgetter(0)
"""A letter's first slot says whether any text among them is Markup."""

Values = tuple[bytes, ...]
Stand = Callable[[str], bool]


class Bodies:
    """Letters' own values as they stand in both bodies.

    Args:
        html, text: escape one slot.
        used_html, used_text: the slots that stand in each.

    Called with letters' slots: for the HTML and for the text one tuple a letter, with a value for each slot that
    stands in either, in the order of their numbers.
    """

    def __init__(
        self,
        wire: Wire,
        html: Callable[[Any], bytes],
        text: Callable[[Any], bytes],
        used_html: Iterable[int],
        used_text: Iterable[int],
    ) -> None:
        self.slots = sorted({*used_html, *used_text})
        self.html, self.text = html, text
        self.used_html, self.used_text = frozenset(used_html), frozenset(used_text)
        self.escape = escaper(wire, "html")
        together = getattr(wire, "by_character", False) and len(self.slots) > 1
        self.pick = itemgetter(*self.slots) if together else None

    def __call__(self, letters: Sequence[tuple[Any, ...]]) -> tuple[Sequence[Values], Sequence[Values]]:
        """See above. Letters whose values need a look each are found by halving, so that they slow nobody else down."""
        if self.pick is None:
            return self.one_by_one(letters)
        if not any(map(MARKED, letters)):
            values = list(chain.from_iterable(map(self.pick, letters)))
            for_html, for_text = both_ways(self.escape, BETWEEN.join(values))
            if len(for_html) == len(values) == len(for_text):
                html = self.grouped(for_html)
                return html, html if for_html is for_text else self.grouped(for_text)
        if len(letters) < 2:
            return self.one_by_one(letters)
        middle = len(letters) // 2
        first, rest = self(letters[:middle]), self(letters[middle:])
        return [*first[0], *rest[0]], [*first[1], *rest[1]]

    def grouped(self, values: Sequence[bytes]) -> list[Values]:
        """A tuple for each letter."""
        return list(zip(*[iter(values)] * len(self.slots), strict=True))

    def one_by_one(self, letters: Sequence[tuple[Any, ...]]) -> tuple[list[Values], list[Values]]:
        """Each value alone."""
        return (
            [self.escaped(slots, self.html, self.used_html) for slots in letters],
            [self.escaped(slots, self.text, self.used_text) for slots in letters],
        )

    def escaped(self, slots: tuple[Any, ...], write: Callable[[Any], bytes], used: frozenset[int]) -> Values:
        """One letter's values for one body; nothing where a slot does not stand in it."""
        return tuple([write(slots[slot]) if slot in used else b"" for slot in self.slots])


class Headers:
    """Letters' whole header values, as they stand in their places.

    Called with the letters' values, one after the other in the order of the places, and the number of letters:
    a tuple for each.
    """

    def __init__(self, wire: Wire, places: Sequence[str]) -> None:
        stands: Callable[[str], Stand | None] = getattr(wire, "stands", lambda place: None)
        self.columns = [(escaper(wire, place), stands(place)) for place in places]

    def __call__(self, values: Sequence[str], letters: int) -> Sequence[Values]:
        """See above."""
        width = len(self.columns)
        if not width:
            return [()] * letters
        columns = []
        for place, (escape_one, stand) in enumerate(self.columns):
            column = values[place::width]
            ready = as_they_are(column, stand) if stand is not None else ()
            columns.append(ready or list(map(escape_one, column)))
        return list(zip(*columns, strict=True))


def as_they_are(values: Sequence[str], stand: Stand) -> Sequence[bytes]:
    """Values that need no escaping; none if any needs a look."""
    joined = BETWEEN.join(values)
    if not stand(joined):
        return ()
    found = joined.encode().split(BETWEEN_BYTES)
    if len(found) != len(values) or b"" in found or max(map(len, found)) > LONGEST_STANDING:
        return ()
    return found


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
