"""Where in a page of HTML a token stands: in its text, a tag, an attribute, a style, a comment."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass

TEXT, TAG, ATTRIBUTE, RAW, COMMENT = "text", "tag", "attribute", "raw", "comment"

RAW_TEXT = frozenset(
    {"style", "script", "title", "textarea", "xmp", "iframe", "noembed", "noframes", "plaintext"}
)
"""Elements whose content holds no tags (HTML Living Standard, 13.1.2)."""

TAG_OPENING = re.compile(r"</?([A-Za-z][^\s/>]*)")
ATTRIBUTE_PART = re.compile(r"""[\s/]*([^\s/>=][^\s/>=]*)(\s*=\s*("[^"]*"|'[^']*'|[^\s>]*))?""")
SKIPPED = re.compile(r"[^<]+|<(?![A-Za-z/!?])")


@dataclass(frozen=True, slots=True)
class Standing:
    """One token's place. `container` is the position where its attribute, element or comment begins.

    `name`: the attribute's or element's name in lower case.
    """

    token: str
    start: int
    kind: str
    container: int = 0
    name: str = ""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of the page in which every token stands alike."""

    start: int
    end: int
    kind: str
    container: int = 0
    name: str = ""


def standings(html: str, tokens: re.Pattern[str]) -> list[Standing]:
    """Every token with its place, in order."""
    found: list[Standing] = []
    for stretch in stretches(html):
        found.extend(
            Standing(match.group(), match.start(), stretch.kind, stretch.container, stretch.name)
            for match in tokens.finditer(html, stretch.start, stretch.end)
        )
    return found


def stretches(html: str) -> Iterator[Stretch]:
    """The page cut into text, tags, attributes, raw text and comments."""
    position = 0
    while position < len(html):
        skipped = SKIPPED.match(html, position)
        if skipped:
            yield Stretch(position, skipped.end(), TEXT)
            position = skipped.end()
        elif html.startswith("<!--", position):
            end = ending(html, "-->", position + 4)
            yield Stretch(position, end, COMMENT, position)
            position = end
        elif (opening := TAG_OPENING.match(html, position)) is not None:
            position = yield from tag(html, opening)
        else:
            end = ending(html, ">", position)
            yield Stretch(position, end, COMMENT, position)
            position = end


def tag(html: str, opening: re.Match[str]) -> Generator[Stretch, None, int]:
    """A tag's stretches, and those of the raw text it opens; gives where the page goes on."""
    start, position = opening.start(), opening.end()
    name = opening.group(1).lower()
    yield Stretch(start, position, TAG, start, name)
    while (part := ATTRIBUTE_PART.match(html, position)) is not None:
        value = part.start(3) if part.group(3) else part.end()
        yield Stretch(position, value, TAG, start, name)
        if part.group(3):
            yield Stretch(value, part.end(), ATTRIBUTE, value, part.group(1).lower())
        position = part.end()
    end = ending(html, ">", position)
    yield Stretch(position, end, TAG, start, name)
    if name in RAW_TEXT and html[start + 1] != "/":
        closing = re.compile(f"</{re.escape(name)}(?=[\\s/>])", re.IGNORECASE).search(html, end)
        stop = closing.start() if closing else len(html)
        yield Stretch(end, stop, RAW, start, name)
        return stop
    return end


def ending(html: str, mark: str, position: int) -> int:
    """Just behind the next `mark`, or the page's end."""
    found = html.find(mark, position)
    return len(html) if found == -1 else found + len(mark)
