"""Did you mean …? The nearest known word, or the words to choose from."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

# Two of three letters alike: catches `exlude`, `markting`, `newsleter`; does not offer `age` for `at`.
ALIKE = 0.66
MOST_CHOICES = 24


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like this one, or None."""
    words = {known_word.lower().replace("-", "_"): known_word for known_word in known}
    found = get_close_matches(word.lower().replace("-", "_"), words, n=1, cutoff=ALIKE)
    return words[found[0]] if found else None


def suggestion(word: str, known: Iterable[str], *, otherwise: str = "") -> str:
    """A help line: the nearest word, else the choice, else `otherwise`."""
    words = sorted(set(known))
    near = nearest(word, words)
    if near is not None:
        return f"did you mean `{near}`?"
    if not words:
        return otherwise
    shown = ", ".join(words[:MOST_CHOICES])
    return f"choose from: {shown}" + (", …" if len(words) > MOST_CHOICES else "")
