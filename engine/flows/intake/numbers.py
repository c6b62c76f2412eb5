"""Numbers as people and spreadsheets write them: 1,234.56 and 1.234,56, currencies, brackets for minus."""

from __future__ import annotations

import math
import re

from engine.flows.intake.unsure import UNSURE, Unsure

CURRENCY = re.compile(
    r"^(?:[A-Z]{3}|[$€£¥₹₽₩₺₴₫₪฿₱₦₡]|R\$|kr\.?|zł|Kč|Ft|Fr\.?|CHF)\s*|"
    r"\s*(?:[A-Z]{3}|[$€£¥₹₽₩₺₴₫₪฿₱₦₡]|R\$|kr\.?|zł|Kč|Ft|Fr\.?|CHF)$"
)
SPACES = re.compile(r"[\s\u00a0\u2007\u2009\u202f'’](?=\d{3})")
"""Thousands separators that can never be a decimal mark: spaces of all widths and the Swiss apostrophe."""
PLAIN = re.compile(r"^-?\d+(\.\d+)?([eE][+-]?\d{1,3})?$")
SHAPE = re.compile(r"^-?(\d[\d.,]*|[.,]\d+)$")

POINT, COMMA = ".", ","


def read_number(text: str, decimal: str = UNSURE) -> float:
    """The number a cell means. `decimal`: the column's decimal mark where it is known.

    Raises ValueError with a reason a marketer can read, and Unsure for `1.234` where the mark is unknown:
    either a thousand or a little more than one.
    """
    bare = strip_signs(text)
    if PLAIN.match(bare) and not _could_be_thousands(bare):
        return _finite(float(bare), text)
    mark = decimal_mark(text)
    if mark == "":
        raise ValueError(f"`{text}` is not a number")
    if mark == UNSURE:
        mark = decimal
    if mark == UNSURE:
        raise Unsure(f"`{text}` could mean thousands or decimals; write it without a thousands separator")
    thousands = COMMA if mark == POINT else POINT
    return _finite(float(bare.replace(thousands, "").replace(mark, ".")), text)


def decimal_mark(text: str) -> str:
    """What one value tells about its column: POINT, COMMA, UNSURE (1.234 or 1,234), or "" for no number."""
    bare = strip_signs(text)
    if not SHAPE.match(bare):
        return ""
    digits = bare.lstrip("-")
    points, commas = digits.count("."), digits.count(",")
    if points and commas:
        mark = POINT if digits.rfind(".") > digits.rfind(",") else COMMA
        return mark if digits.count(mark) == 1 and _groups(digits, mark) else ""
    if points + commas == 0:
        return POINT
    separator = POINT if points else COMMA
    if points + commas > 1:
        other = COMMA if separator == POINT else POINT
        return other if _groups(digits, other) else ""
    return UNSURE if _could_be_thousands(digits) else separator


def strip_signs(text: str) -> str:
    """Digits, points, commas and a leading minus; currency, brackets, trailing minus and spaces resolved."""
    bare = CURRENCY.sub("", text.strip().replace("\u2212", "-"))
    negative = False
    if bare.startswith("(") and bare.endswith(")"):
        bare, negative = CURRENCY.sub("", bare[1:-1].strip()), True
    if bare.endswith("-"):
        bare, negative = bare[:-1], not negative
    if bare.startswith(("-", "+")):
        negative = negative != (bare[0] == "-")
        bare = CURRENCY.sub("", bare[1:].strip())
    bare = SPACES.sub("", bare)
    return f"-{bare}" if negative else bare


def _could_be_thousands(bare: str) -> bool:
    """One separator with exactly three digits after it and one to three (not only zeros) before it."""
    return re.fullmatch(r"-?[1-9]\d{0,2}[.,]\d{3}", bare) is not None


def _groups(digits: str, mark: str) -> bool:
    """True when everything before the decimal mark is grouped in threes by the other mark."""
    whole = digits.lstrip("-").split(mark)[0]
    thousands = COMMA if mark == POINT else POINT
    return thousands not in whole or re.fullmatch(rf"\d{{1,3}}(\{thousands}\d{{3}})+", whole) is not None


def _finite(number: float, text: str) -> float:
    if not math.isfinite(number):
        raise ValueError(f"`{text}` is too large")
    return number
