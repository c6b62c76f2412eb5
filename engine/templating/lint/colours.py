"""Colours: reading them as mail programs do, mixing them, and how well two can be told apart."""

from __future__ import annotations

import re
from functools import lru_cache

from engine.templating.lint.colour_names import COLOUR_NAMES

Colour = tuple[int, int, int, float]
BLACK: Colour = (0, 0, 0, 1.0)
WHITE: Colour = (255, 255, 255, 1.0)

HEX = re.compile(r"#([0-9a-fA-F]{3,8})\b")
RGB = re.compile(r"rgba?\(\s*([^)]*)\)", re.IGNORECASE)
WORD = re.compile(r"(?<![\w#(-])([a-zA-Z]{3,20})(?![\w(-])")


@lru_cache(maxsize=1024)
def read_colour(value: str) -> Colour | None:
    """The first colour in a CSS value (`background` may hold more things); None when there is none."""
    found = HEX.search(value)
    if found:
        return _from_hex(found.group(1))
    found = RGB.search(value)
    if found:
        return _from_numbers(found.group(1))
    for word in WORD.findall(value):
        name = word.lower()
        if name == "transparent":
            return (0, 0, 0, 0.0)
        if name in COLOUR_NAMES:
            return _from_hex(COLOUR_NAMES[name])
    return None


def _from_hex(digits: str) -> Colour | None:
    if len(digits) in (3, 4):
        digits = "".join(digit * 2 for digit in digits)
    if len(digits) not in (6, 8):
        return None
    red, green, blue = (int(digits[place : place + 2], 16) for place in (0, 2, 4))
    return (red, green, blue, int(digits[6:8], 16) / 255 if len(digits) == 8 else 1.0)


def _from_numbers(inside: str) -> Colour | None:
    parts = [part for part in re.split(r"[\s,/]+", inside.strip()) if part]
    if len(parts) not in (3, 4):
        return None
    try:
        red, green, blue = (_channel(part) for part in parts[:3])
        alpha = 1.0 if len(parts) == 3 else _share(parts[3])
    except ValueError:
        return None
    return (red, green, blue, alpha)


def _channel(part: str) -> int:
    number = float(part[:-1]) * 2.55 if part.endswith("%") else float(part)
    return max(0, min(255, round(number)))


def _share(part: str) -> float:
    number = float(part[:-1]) / 100 if part.endswith("%") else float(part)
    return max(0.0, min(1.0, number))


def over(top: Colour, below: Colour) -> Colour:
    """A colour laid over an opaque one."""
    alpha = top[3]
    if alpha >= 1:
        return top
    red, green, blue = (round(top[i] * alpha + below[i] * (1 - alpha)) for i in range(3))
    return (red, green, blue, 1.0)


@lru_cache(maxsize=1024)
def luminance(colour: Colour) -> float:
    """Relative luminance, 0 to 1. Source: WCAG 2.2, definition of relative luminance."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (channel / 255 for channel in colour[:3])
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Colour, other: Colour) -> float:
    """Contrast ratio, 1 to 21. Source: WCAG 2.2, definition of contrast ratio."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def in_hex(colour: Colour) -> str:
    """#rrggbb, for messages."""
    return f"#{colour[0]:02x}{colour[1]:02x}{colour[2]:02x}"
