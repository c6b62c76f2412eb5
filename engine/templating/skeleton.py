"""A page without its words: pages that differ only in words and addresses have their styles moved once.

Inlining looks at tags, classes and the like, never at what is written between them. So words, links and pictures are
replaced by marks, the skeleton is inlined and remembered, and the words come back as the page's parser and writer
would have left them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from lxml import etree

ATTRIBUTES = ("href", "src", "alt")
"""Attributes whose values are set aside; a style sheet that selects by one of them keeps it."""

VALUE = r"\"[^\"]*\"|'[^']*'|[^\s\"'<>=`]+"
TAG = rf"<[A-Za-z][\w:.-]*(?:\s+[\w:@.-]+(?:\s*=\s*(?:{VALUE}))?)*\s*/?>|</[A-Za-z][\w:.-]*\s*>"
MARKUP = re.compile(
    rf"<!--.*?-->|<(style|script)\b[^<>]*>.*?</\1\s*>|{TAG}",
    re.DOTALL | re.IGNORECASE,
)
"""Comments, style sheets and well-formed tags: the only markup a page may hold to be cut."""

ATTRIBUTE = re.compile(rf"(\s([\w:@.-]+)\s*=\s*)({VALUE})")
WITH_SOME = re.compile("|".join(ATTRIBUTES), re.IGNORECASE)
UNCUT = re.compile(
    r"<(?:textarea|xmp|iframe|noembed|noframes|plaintext|svg|math|title|select)\b|:contains\(", re.IGNORECASE
)
"""Words that the parser reads otherwise than words of a paragraph, or that selectors read."""

BODY = re.compile(r"<body\b[^<>]*>", re.IGNORECASE)
END = re.compile(r"</body\s*>", re.IGNORECASE)
PLAIN_WORDS = re.compile(r"[\t\n\x20-\x25\x27-\x3b=\x3f-\x7e\u00a1-\ud7ff\ue000-\ufffd]*")
PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9:/?#@!$*+,;=._~-]*")


@dataclass(frozen=True, slots=True)
class Cut:
    """A page as its skeleton and the words behind its marks, as they will be written. `mark`: finds the marks."""

    skeleton: str
    words: tuple[str, ...]
    mark: str

    def paste(self, inlined: str) -> str | None:
        """An inlined skeleton with its words; None where a mark was lost or written twice."""
        parts = re.split(self.mark, inlined)
        if sorted(parts[1::2], key=int) != [str(number) for number in range(len(self.words))]:
            return None
        parts[1::2] = [self.words[int(number)] for number in parts[1::2]]
        return "".join(parts)


class _Odd(Exception):
    """Words that only the parser itself can be trusted with."""


def cut(
    html: str, keeping: re.Pattern[str] | None = None, selected: frozenset[str] = frozenset()
) -> Cut | None:
    """The page's skeleton; None where it holds anything that words could be mistaken for.

    Args:
        keeping: what must stay where it stands: tokens that belong to the page's structure.
        selected: attributes that the style sheet selects by.
    """
    body = BODY.search(html)
    if body is None:
        return None
    ends = [found.start() for found in END.finditer(html, body.end())]
    start, end = body.end(), ends[-1] if ends else len(html)
    inside = html[start:end]
    if UNCUT.search(inside):
        return None
    name = "zk"
    while name in html:
        name += "k"
    words: list[str] = []
    parts = [html[:start]]

    def aside(written: str) -> str:
        words.append(written)
        return f"{name}{len(words) - 1}q"

    def attribute(found: re.Match[str]) -> str:
        kind, value = found[2].lower(), found[3][1:-1]
        kept = kind not in ATTRIBUTES or kind in selected or found[3][0] not in "\"'" or not value.strip()
        if kept or (keeping is not None and keeping.search(value)):
            return found[0]
        return f'{found[1]}"{aside(address(kind, value))}"'

    def run(text: str) -> None:
        if "<" in text:
            raise _Odd
        for piece in [text] if keeping is None else re.split(f"({keeping.pattern})", text):
            token = keeping is not None and keeping.fullmatch(piece)
            parts.append(piece if token or not piece.strip() else aside(as_words(piece)))

    position = 0
    try:
        for found in MARKUP.finditer(inside):
            run(inside[position : found.start()])
            tag = found[0]
            words_in_it = found[1] is None and tag[1] != "!" and WITH_SOME.search(tag)
            parts.append(ATTRIBUTE.sub(attribute, tag) if words_in_it else tag)
            position = found.end()
        run(inside[position:])
    except _Odd:
        return None
    parts.append(html[end:])
    return Cut("".join(parts), tuple(words), rf"{name}(\d+)q")


def as_words(text: str) -> str:
    """Text between tags as it is written after being read."""
    return text if PLAIN_WORDS.fullmatch(text) else rewritten(text)


def address(name: str, value: str) -> str:
    """An attribute's value as it is written after being read."""
    plain = PLAIN_ADDRESS.fullmatch(value) or (
        name == "alt" and PLAIN_WORDS.fullmatch(value) and '"' not in value
    )
    return value if plain else rewritten_attribute(name, value)


@lru_cache(maxsize=4096)
def rewritten(text: str) -> str:
    """What lxml makes of words in a paragraph; `_Odd` where they are more than words."""
    written = _through(f"<p>{text}</p>")
    if not written.startswith("<p>") or not written.endswith("</p>") or "<" in written[3:-4]:
        raise _Odd
    return written[3:-4]


@lru_cache(maxsize=4096)
def rewritten_attribute(name: str, value: str) -> str:
    """What lxml makes of an attribute's value; `_Odd` where it is more than that."""
    quote = "'" if '"' in value else '"'
    written = _through(f"<i {name}={quote}{value}{quote}></i>")
    before, after = f'<i {name}="', '"></i>'
    if not written.startswith(before) or not written.endswith(after):
        raise _Odd
    return written[len(before) : -len(after)]


def _through(html: str) -> str:
    """One element read and written."""
    root = etree.fromstring(f"<html><body>{html}</body></html>", etree.HTMLParser())
    if len(root) != 1 or len(root[0]) != 1:
        raise _Odd
    return etree.tostring(root[0][0], method="html", encoding="utf-8").decode()
