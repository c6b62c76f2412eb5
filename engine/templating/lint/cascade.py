"""How each element looks in the end: sheets, attributes and inheritance, in light or in dark."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from engine.templating.lint.colours import BLACK, WHITE, Colour, over, read_colour
from engine.templating.lint.stylesheet import StyleRule, Stylesheet, read_declarations

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

DARK = re.compile(r"prefers-color-scheme\s*:\s*dark", re.IGNORECASE)
LENGTH = re.compile(r"^(-?[\d.]+)(px|pt|em|rem|%)?$", re.IGNORECASE)
HEADINGS = {"h1": 2.0, "h2": 1.5, "h3": 1.17, "h4": 1.0, "h5": 0.83, "h6": 0.67}  # HTML standard, §15.3.7
BOLD = frozenset({"b", "strong", "th", *HEADINGS})
SIDES = ("top", "right", "bottom", "left")


@dataclass(frozen=True, slots=True)
class Look:
    """What rules ask about one element. Lengths in px; `line_height` 0 where it is left to the mail program.

    `background`: None behind a picture, where nobody can know. `hidden`: this element hides what is in it;
    `hidden_here`: it or something around it does. `own`: its own declarations, by property.
    """

    own: dict[str, str]
    colour: Colour = BLACK
    background: Colour | None = WHITE
    size: float = 16.0
    line_height: float = 0.0
    bold: bool = False
    underlined: bool = False
    align: str = ""
    capitals: bool = False
    hidden: bool = False
    hidden_here: bool = False

    def padding(self, side: str) -> float:
        """The padding on one side."""
        return read_length(self.own.get(f"padding-{side}", ""), self.size)


def read_length(value: str, size: float) -> float:
    """A CSS length in px; em and % count from `size`. 0 for what is no length."""
    found = LENGTH.match(value.strip())
    if not found:
        return 0.0
    try:
        number = float(found.group(1))
    except ValueError:
        return 0.0
    unit = (found.group(2) or "px").lower()
    return number * {"px": 1.0, "pt": 4 / 3, "em": size, "rem": 16.0, "%": size / 100}[unit]


@lru_cache(maxsize=4096)
def _matcher(selector: str) -> tuple[Any, tuple[int, int, int]] | None:
    """A compiled selector and its weight; None for one that cannot be matched here (:hover, ::before)."""
    import cssselect
    from lxml import etree

    try:
        parsed = cssselect.parse(selector)
        if len(parsed) != 1 or parsed[0].pseudo_element:
            return None
        path = cssselect.HTMLTranslator().selector_to_xpath(parsed[0])
        return etree.XPath(path), parsed[0].specificity()
    except (cssselect.SelectorError, etree.XPathError, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class Declared:
    """One declaration that reaches an element. `weight` sorts as CSS does; `dark`: in dark mode only."""

    weight: tuple[bool, tuple[int, int, int], int]
    property: str
    value: str
    dark: bool = False


def match(root: Element, sheets: Iterable[Stylesheet]) -> dict[Element, list[Declared]]:
    """For each element the declarations of the rules whose selectors it fits."""
    matched: dict[Element, list[Declared]] = {}
    for order, rule in enumerate(rule for sheet in sheets for rule in sheet.rules if _applies(rule)):
        for selector in rule.selector.split(","):
            matcher = _matcher(selector.strip())
            if matcher is None:
                continue
            path, weight = matcher
            declared = [
                Declared((one.important, weight, order), one.property, one.value, dark=bool(rule.media))
                for one in rule.declarations
            ]
            for element in path(root):
                matched.setdefault(element, []).extend(declared)
    return matched


class Cascade:
    """All looks of one letter in one colour scheme, worked out from the outside in."""

    def __init__(
        self, elements: Sequence[Element], matched: dict[Element, list[Declared]], *, dark: bool
    ) -> None:
        self._looks: dict[Element, Look] = {}
        for element in elements:
            parent = element.getparent()
            above = self._looks.get(parent) if parent is not None else None
            reaching = [one for one in matched.get(element, ()) if dark or not one.dark]
            self._looks[element] = _look(element, _own(element, reaching), above or Look({}))

    def look(self, element: Element) -> Look:
        """The look of an element of this letter."""
        return self._looks[element]


def _applies(rule: StyleRule) -> bool:
    """Rules for every screen, and those for dark mode on every screen."""
    if rule.at or not rule.selector:
        return False
    return not rule.media or (bool(DARK.search(rule.media)) and "width" not in rule.media)


INLINE = (9, 9, 9)
"""A style attribute outweighs every selector."""


def _own(element: Element, reaching: list[Declared]) -> dict[str, str]:
    """The element's own values after weighing; shorthands that rules ask about are opened up."""
    weighed = [*_presentational(element), *reaching]
    style = element.get("style")
    if style:
        weighed += [
            Declared((one.important, INLINE, number), one.property, one.value)
            for number, one in enumerate(read_declarations(style)[0])
        ]
    own: dict[str, str] = {}
    for one in sorted(weighed, key=lambda one: one.weight):
        if one.property == "padding":
            own.update(_opened(one.value))
            continue
        if one.property == "background":
            own.pop("background-color", None)
        own[one.property] = one.value
    return own


def _presentational(element: Element) -> list[Declared]:
    """What old attributes mean; any rule outweighs them."""
    weight = (False, (0, 0, 0), -1)
    pairs = (("bgcolor", "background-color"), ("color", "color"), ("align", "text-align"))
    return [Declared(weight, name, value) for attribute, name in pairs if (value := element.get(attribute))]


def _opened(value: str) -> dict[str, str]:
    parts = value.split() or [""]
    top = parts[0]
    right = parts[1] if len(parts) > 1 else top
    bottom = parts[2] if len(parts) > 2 else top
    left = parts[3] if len(parts) > 3 else right
    return dict(zip((f"padding-{side}" for side in SIDES), (top, right, bottom, left), strict=True))


def _look(element: Element, own: dict[str, str], above: Look) -> Look:
    tag = element.tag
    hidden = bool(own) and _hides(own)
    if not own and tag not in HEADINGS and tag not in ("a", "b", "strong", "th", "u", "font"):
        return above if not above.own else replace(above, own={}, hidden=False)
    size = _size(tag, own, above.size)
    weight = own.get("font-weight", "")
    return Look(
        own=own,
        colour=_colour(tag, own, above),
        background=_background(own, above.background),
        size=size,
        line_height=_line_height(own, size, above),
        bold=weight in ("bold", "bolder", "600", "700", "800", "900")
        if weight
        else tag in BOLD or above.bold,
        underlined=_underlined(tag, own, above),
        align=own.get("text-align", above.align).lower(),
        capitals=own["text-transform"].lower() == "uppercase" if "text-transform" in own else above.capitals,
        hidden=hidden,
        hidden_here=hidden or above.hidden_here,
    )


def _hides(own: dict[str, str]) -> bool:
    return (
        own.get("display", "").lower() == "none"
        or own.get("visibility", "").lower() == "hidden"
        or own.get("mso-hide", "").lower() == "all"
        or own.get("opacity", "") == "0"
        or (own.get("max-height", "") in ("0", "0px") and own.get("overflow", "").lower() == "hidden")
    )


def _size(tag: Any, own: dict[str, str], above: float) -> float:
    written = own.get("font-size", "")
    if not written:
        return 16.0 * HEADINGS[tag] if tag in HEADINGS else above
    return read_length(written, above) or above


def _line_height(own: dict[str, str], size: float, above: Look) -> float:
    written = own.get("line-height", "").strip().lower()
    if not written or written in ("inherit", "normal"):
        return above.line_height
    if re.fullmatch(r"[\d.]+", written):
        return read_length(f"{written}em", size)
    return read_length(written, size)


def _colour(tag: Any, own: dict[str, str], above: Look) -> Colour:
    chosen = read_colour(own["color"]) if "color" in own else None
    if chosen is not None:
        return over(chosen, above.background or WHITE)
    if tag == "a" and "color" not in own:
        return (0, 0, 238, 1.0)  # HTML standard, §15.3.9: unvisited links
    return above.colour


def _background(own: dict[str, str], above: Colour | None) -> Colour | None:
    value = own.get("background-color") or own.get("background") or ""
    if "url(" in value.lower() or own.get("background-image", "none").lower() not in ("none", ""):
        return None
    chosen = read_colour(value) if value else None
    if chosen is None or (above is None and chosen[3] < 1):
        return above
    return over(chosen, above or WHITE)


def _underlined(tag: Any, own: dict[str, str], above: Look) -> bool:
    written = own.get("text-decoration", own.get("text-decoration-line", "")).lower()
    if "underline" in written:
        return True
    if tag in ("a", "u"):
        return not written or written == "inherit"
    return above.underlined
