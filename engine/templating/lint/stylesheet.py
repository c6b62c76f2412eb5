"""A small, fast reader of CSS: rules with their media, declarations, and what could not be read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

COMMENT = re.compile(r"/\*.*?(\*/|\Z)|<!--|-->", re.DOTALL)
PIECE = re.compile(
    r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\((?:[^()"']|"[^"]*"|'[^']*')*\))|([{};])""", re.DOTALL
)
IMPORTANT = re.compile(r"\s*!\s*important\s*$", re.IGNORECASE)
NAME = re.compile(r"^[*_]?-{0,2}[a-zA-Z][\w-]*$")


@dataclass(frozen=True, slots=True)
class Declaration:
    """`property: value`, the property in lower case, without `!important`."""

    property: str
    value: str
    important: bool = False


@dataclass(frozen=True, slots=True)
class StyleRule:
    """One rule. `selector`: "" for @font-face and the like, named in `at`. `line` counts from 0."""

    selector: str
    declarations: tuple[Declaration, ...]
    media: str = ""
    at: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Stylesheet:
    """What a <style> holds. `faults`: line (from 0) and what is wrong."""

    rules: tuple[StyleRule, ...]
    faults: tuple[tuple[int, str], ...] = ()
    imports: tuple[str, ...] = ()


def _pieces(text: str) -> Iterator[tuple[str, str, int]]:
    """Runs of text up to `{`, `}` or `;`, with that sign and the run's offset; strings are skipped."""
    start = 0
    for found in PIECE.finditer(text):
        if found.group(2):
            yield text[start : found.start()], found.group(2), start
            start = found.end()
    yield text[start:], "", start


@lru_cache(maxsize=4096)
def read_declarations(text: str) -> tuple[tuple[Declaration, ...], tuple[str, ...]]:
    """The declarations of a style attribute or a rule's body, and the pieces that are none."""
    good: list[Declaration] = []
    bad: list[str] = []
    for piece, _, _ in _pieces(COMMENT.sub("", text)):
        _read_declaration(piece, good, bad)
    return tuple(good), tuple(bad)


def _read_declaration(piece: str, good: list[Declaration], bad: list[str]) -> None:
    written = piece.strip()
    if not written:
        return
    name, colon, value = written.partition(":")
    name, value = name.strip(), value.strip()
    if not colon or not value or not NAME.match(name):
        bad.append(written)
        return
    plain = IMPORTANT.sub("", value)
    good.append(Declaration(name.lower(), plain, important=plain != value))


@lru_cache(maxsize=256)
def read_stylesheet(text: str) -> Stylesheet:
    """Reads CSS; nested at-rules (@media in @supports) give their rules with both conditions."""
    kept = COMMENT.sub(lambda found: "\n" * found.group().count("\n"), text)
    return _Reader(kept).read()


class _Reader:
    """One pass over one stylesheet, with the open blocks on a stack."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.rules: list[StyleRule] = []
        self.faults: list[tuple[int, str]] = []
        self.imports: list[str] = []
        self.open: list[tuple[str, list[Declaration], int]] = []

    def read(self) -> Stylesheet:
        for piece, sign, offset in _pieces(self.text):
            line = self.text.count("\n", 0, offset + len(piece) - len(piece.lstrip()))
            if sign == "{":
                self.open.append((" ".join(piece.split()), [], line))
            elif sign == "}":
                self._declare(piece, line)
                self._close(line)
            else:
                self._declare(piece, line)
        for head, _, line in self.open:
            self.faults.append((line, f"`{head}` is never closed with }}"))
        return Stylesheet(tuple(self.rules), tuple(self.faults), tuple(self.imports))

    def _declare(self, piece: str, line: int) -> None:
        if piece.lstrip().startswith("@"):
            if piece.lstrip().lower().startswith("@import"):
                self.imports.append(" ".join(piece.split()))
            return
        bad: list[str] = []
        into = self.open[-1][1] if self.open else []
        _read_declaration(piece, into, bad)
        if into and not self.open:
            bad.append(piece.strip())
        self.faults += [(line, f"`{' '.join(one.split())}` is no declaration") for one in bad]

    def _close(self, line: int) -> None:
        if not self.open:
            self.faults.append((line, "a } too many"))
            return
        head, declarations, began = self.open.pop()
        if head.startswith("@") and not declarations:
            return
        media = " and ".join(outer for outer, _, _ in self.open if outer.startswith("@"))
        at = head.split(" ")[0].lower() if head.startswith("@") else ""
        self.rules.append(StyleRule("" if at else head, tuple(declarations), media, at, began))
