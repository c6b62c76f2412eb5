"""What an unquoted word means: the YAML 1.2 core schema (yaml.org/spec/1.2.2, chapter 10.3), nothing more.

So `on`, `NO`, `10:30`, `2027-01-05` are text, and numbers remember how they were written.
"""

from __future__ import annotations

import re

from engine.definitions.schema.values import WrittenInteger, WrittenNumber

NULLS = frozenset({"", "~", "null", "Null", "NULL"})
BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
INTEGER = re.compile(r"[-+]?[0-9]+")
OTHER_BASE = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
DECIMAL = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
# Longer numerals are codes, not amounts; a float cannot hold them anyway (sys.float_info.max has 309 digits).
LONGEST_NUMBER = 300


def plain_value(written: str) -> str | int | float | bool | None:
    """The value of an unquoted scalar."""
    if written in NULLS:
        return None
    if written in BOOLEANS:
        return BOOLEANS[written]
    if written[0] in "+-.0123456789" and len(written) <= LONGEST_NUMBER:
        return _number(written)
    return written


def _number(written: str) -> str | int | float:
    if INTEGER.fullmatch(written):
        value = int(written)
        return value if str(value) == written else WrittenInteger(value, written)
    if OTHER_BASE.fullmatch(written):
        return WrittenInteger(int(written, 0), written)
    if DECIMAL.fullmatch(written):
        number = float(written)
        if number in (float("inf"), float("-inf")):
            return written
        return number if str(number) == written else WrittenNumber(number, written)
    return written
