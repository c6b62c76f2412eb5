"""Marks that stand where something personal will go: ASCII letters and digits, so every parser leaves them alone."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

MARK = re.compile(r"zq[0-9]{4,8}qz(?:[0-9a-z]{1,40}?qz)?")
"""Any token, whoever made it; the same form the wires know."""


class Marks:
    """Numbered tokens that occur nowhere in the given texts. Equal texts give equal tokens."""

    def __init__(self, texts: Iterable[str]) -> None:
        everything = "\x00".join(texts)
        number = 0
        while True:
            seed = hashlib.blake2b(f"{number}{everything}".encode(errors="surrogatepass"), digest_size=5)
            # Without q or z in it, the end of a token is never in doubt, even when two stand side by side.
            self.ending = seed.hexdigest()
            if self.ending not in everything:
                break
            number += 1

    def mark(self, number: int) -> str:
        """The token with that number."""
        return f"zq{number:04d}qz{self.ending}qz"

    def pattern(self) -> re.Pattern[str]:
        """Finds these tokens and no others; group 1 is the number."""
        return re.compile(f"zq([0-9]{{4,8}})qz{self.ending}qz")
