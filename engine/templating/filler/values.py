"""A person's values on their way into a letter: missing ones named, control characters kept out."""

from __future__ import annotations

import re
from typing import NoReturn

from jinja2 import Undefined
from markupsafe import Markup

from engine.errors import LetterError

UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
"""Characters no body may hold: XML and HTML forbid them, and half characters have no UTF-8."""

LINE_END = re.compile("\r\n?")
UNSAFE_IN_HEADER = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Each could end a header or break its bytes (RFC 5322 section 2.2)."""


def missing(name: str) -> NoReturn:
    """Refuses a letter for want of a value."""
    raise LetterError(
        f"{name} has no value",
        reason="missing_value",
        help=f"give the customer a value, or write a default: {{{{ {name} | default('…') }}}}",
    )


def as_text(value: object, name: str) -> str:
    """What Jinja would write: Markup stays Markup. None and undefined are refused, naming `name`.

    The implicit else of `a if b` is undefined too, but of Jinja's own lenient kind: it is written as nothing.
    """
    if type(value) is int:
        return str(value)
    if type(value) is Undefined:
        return ""
    if value is None or isinstance(value, Undefined):
        missing(name)
    if isinstance(value, str):
        return value if isinstance(value, Markup) else str(value)
    if hasattr(value, "__html__"):
        return Markup(value.__html__())
    return str(value)


def clean(text: str) -> str:
    """A body's text without characters that may not stand there; lines end with a line feed."""
    if text.isprintable():
        return text
    return UNWANTED.sub("", LINE_END.sub("\n", text) if "\r" in text else text)


def check_header(name: str, value: str) -> None:
    """LetterError `unsafe_header` for line breaks and control characters in a header's value."""
    found = UNSAFE_IN_HEADER.search(value)
    if found:
        raise LetterError(
            f"{name} would hold the character U+{ord(found[0]):04X}, which a header must not carry",
            reason="unsafe_header",
            help="correct the value in the customer's data or in the template",
        )
