"""Whether a template's personal pieces survive being inlined once for everybody.

Inlining parses the page and applies its style sheet. Both must give the same for every person as they give with
tokens in place of the personal pieces; where that is in doubt, the letter is left whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from lxml import etree

from engine.templating.contexts import ATTRIBUTE, RAW, TAG, TEXT, Standing
from engine.templating.specialise import CannotSplit

WORD = re.compile(r"\{%[-+]?\s*(\w+)")
OPENING = frozenset({"if", "for"})
MIDDLE = frozenset({"elif", "else"})
CLOSING = frozenset({"endif", "endfor"})
SELECTED = frozenset({"class", "id"})
"""Attributes that style sheets select by without naming them."""

NAMED = re.compile(r"\[\s*([A-Za-z_][\w:|-]*)")
"""An attribute that a selector names: `[href^="mailto"]`."""

NEIGHBOURS = re.compile(
    r"[^{}]*(?::first-child|:last-child|:nth-|:only-child|:first-of-type|:last-of-type|:only-of-type|:empty|:has|[+~])"
    r"[^{}]*(?=\{)"
)
"""A rule whose selector looks at what stands beside an element, or inside it."""

ELEMENT = re.compile(r"</?[A-Za-z]")


def selecting(sheets: Sequence[str]) -> frozenset[str]:
    """The attributes by which these rules choose their elements."""
    named = frozenset(name.lower() for sheet in sheets for name in NAMED.findall(sheet))
    return named | SELECTED if sheets else named


def word_of(piece: str) -> str:
    """The tag a piece begins with, without what it says: `{% if`; "" for a value."""
    found = WORD.match(piece)
    return f"{{% {found[1]}" if found else ""


def check_places(places: Iterable[Standing], kinds: Mapping[str, str], sheets: Sequence[str]) -> None:
    """Raises CannotSplit where a personal piece stands in the style sheet, in a tag, or where styles are chosen."""
    selected = selecting(sheets)
    for place in places:
        if place.kind == TAG:
            raise CannotSplit(
                f"something personal stands inside the tag <{place.name.partition('zq')[0]}>, "
                "outside its attributes' values"
            )
        if place.kind == RAW and place.name == "style":
            raise CannotSplit("something personal stands in the style sheet")
        if place.kind == ATTRIBUTE and place.name in selected:
            raise CannotSplit(f"the attribute `{place.name}`, by which styles are chosen, is personal")
        if place.kind == ATTRIBUTE and place.name == "style" and kinds[place.token] == "control":
            raise CannotSplit("a `style` attribute is decided per person")


def structures(places: Iterable[Standing], pieces: Mapping[str, str]) -> list[list[Standing]]:
    """The tokens that belong together: a structure's opening, middles and end."""
    open_: list[list[Standing]] = []
    closed: list[list[Standing]] = []
    for place in places:
        found = WORD.match(pieces[place.token])
        word = found.group(1) if found else ""
        if word in OPENING:
            open_.append([place])
        elif word in MIDDLE:
            open_[-1].append(place)
        elif word in CLOSING:
            open_[-1].append(place)
            closed.append(open_.pop())
    return closed


def check_structures(groups: Iterable[list[Standing]]) -> None:
    """Raises CannotSplit where a structure begins in one part of the page and ends in another."""
    for group in groups:
        first = group[0]
        if any(place.kind != first.kind for place in group):
            raise CannotSplit(
                "a condition or loop begins inside a tag and ends outside it, or the other way round"
            )
        if first.kind != TEXT and any(place.container != first.container for place in group):
            raise CannotSplit("a condition or loop begins in one attribute or comment and ends in another")


def check_tree(page: etree._Element, groups: Iterable[list[Standing]], outside: Iterable[str]) -> None:
    """Raises CannotSplit where a structure begins in one element and ends in another."""
    parents: dict[str, object] = dict.fromkeys(outside, "outside")
    for comment in page.iter(etree.Comment):
        parents.setdefault(str(comment.text), comment.getparent())
    for group in groups:
        if group[0].kind == TEXT:
            homes = [parents.get(place.token) for place in group]
            if any(home is None or home is not homes[0] for home in homes):
                raise CannotSplit("a condition or loop begins in one element and ends in another")


def check_neighbours(html: str, groups: Iterable[list[Standing]], sheets: Iterable[str]) -> None:
    """Raises CannotSplit where elements come and go per person and a selector looks at its element's neighbours."""
    moving = any(
        ELEMENT.search(html, group[0].start, group[-1].start) for group in groups if group[0].kind == TEXT
    )
    for sheet in sheets if moving else ():
        found = NEIGHBOURS.search(sheet)
        if found:
            rule = " ".join(found.group().split())
            raise CannotSplit(
                f"`{rule}` looks at an element's neighbours, and some of them depend on the customer; "
                "give the elements a class instead"
            )
