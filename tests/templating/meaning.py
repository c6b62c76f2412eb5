"""Pages compared by meaning: every element of the body with what its style attribute declares, longhand by longhand."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

Element = tuple[str, dict[str, str], dict[str, str], str]
"""Tag, declarations, the other attributes, and the words in and behind it."""

SIDES = ("top", "right", "bottom", "left")
SIDED = {
    "margin": "margin-{}",
    "padding": "padding-{}",
    "border-width": "border-{}-width",
    "border-style": "border-{}-style",
    "border-color": "border-{}-color",
}
STYLES = frozenset(
    {"none", "hidden", "dotted", "dashed", "solid", "double", "groove", "ridge", "inset", "outset"}
)
SHORT_COLOUR = re.compile(r"#([0-9a-f])([0-9a-f])([0-9a-f])(?![0-9a-f])")
NOUGHT = re.compile(r"(?<![\d.])\.(?=\d)")


def elements(html: str, important: bool = False) -> list[Element]:
    """The body's elements in order, style sheets left out. `important`: keep what is said with emphasis apart."""
    body = etree.fromstring(html.encode(), etree.HTMLParser(encoding="utf-8")).find("body")
    assert body is not None
    found: list[Element] = []
    for node in body.iter():
        if isinstance(node.tag, str) and node.tag != "style":
            attributes = {str(name): str(value) for name, value in node.attrib.items()}
            style = attributes.pop("style", "")
            words = " ".join(f"{node.text or ''} {node.tail or ''}".split())
            found.append(
                (
                    node.tag,
                    declared(style if important else style.replace("!important", "")),
                    attributes,
                    words,
                )
            )
    return found


def declared(style: str) -> dict[str, str]:
    """What a style attribute declares; later declarations win, shorthands are taken apart."""
    found: dict[str, str] = {}
    for part in re.split(r";(?![^(]*\))", style):
        name, _, value = part.partition(":")
        if value.strip():
            plain = NOUGHT.sub("0.", SHORT_COLOUR.sub(r"#\1\1\2\2\3\3", " ".join(value.lower().split())))
            found.update(longhands(name.strip().lower(), plain))
    return found


def longhands(name: str, value: str) -> Iterator[tuple[str, str]]:
    """One declaration as those of its sides and parts."""
    if name in SIDED:
        parts = value.split(" ")
        four = [
            parts[place % len(parts)] if len(parts) != 3 else (*parts, parts[1])[place] for place in range(4)
        ]
        for side, part in zip(SIDES, four, strict=True):
            yield SIDED[name].format(side), part
    elif name == "border" or name in {f"border-{side}" for side in SIDES}:
        for part in value.split(" "):
            kind = "style" if part in STYLES else "width" if part[0].isdigit() else "color"
            for side in SIDES if name == "border" else [name.partition("-")[2]]:
                yield f"border-{side}-{kind}", part
    else:
        yield name, value
