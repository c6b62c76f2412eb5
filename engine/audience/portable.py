"""The few expressions the two databases spell differently, each with one meaning.

Capitals: both databases lower only A to Z here (SQLite knows no others, PostgreSQL's rule would depend on the
server's locale); other letters of the searched text are folded one by one, so that É finds é everywhere.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Double, Text, and_, case, cast, false, func, or_, true, type_coerce
from sqlalchemy.dialects.postgresql import JSONB

POSTGRESQL = "postgresql"
HEX = "0123456789abcdef"


def bytewise(text: ColumnElement[Any], dialect: str) -> ColumnElement[Any]:
    """The text in byte order, whatever the server's locale."""
    return text.collate("C") if dialect == POSTGRESQL else text


def position(text: ColumnElement[Any], part: Any, dialect: str) -> ColumnElement[int]:
    """Where `part` begins in `text`, counted from 1; 0 where it does not occur."""
    return func.strpos(text, part) if dialect == POSTGRESQL else func.instr(text, part)


def folded(text: ColumnElement[Any], part: str, dialect: str) -> ColumnElement[str]:
    """`text` with capitals lowered as far as the search for `part` needs it."""
    expression: ColumnElement[str] = func.lower(bytewise(type_coerce(text, Text), dialect))
    for small in sorted(set(fold(part))):
        large = small.upper()
        if not small.isascii() and large != small and len(large) == 1 and large.lower() == small:
            expression = func.replace(expression, large, small)
    return expression


def fold(text: str) -> str:
    """The searched text itself, with capitals lowered letter by letter (ß and İ, which would grow, stay)."""
    return "".join(_fold_letter(letter) for letter in text)


def _fold_letter(letter: str) -> str:
    small = letter.lower()
    return small if len(small) == 1 and small.upper() == letter else letter


def has_part(text: ColumnElement[Any], part: str, dialect: str) -> ColumnElement[bool]:
    """The text has the part in it; capitals do not matter."""
    return position(folded(text, part, dialect), fold(part), dialect) > 0 if part else true()


def begins_with(text: ColumnElement[Any], part: str, dialect: str) -> ColumnElement[bool]:
    """The text begins with the part; capitals do not matter."""
    return func.substr(folded(text, part, dialect), 1, len(part)) == fold(part) if part else true()


def finishes_with(text: ColumnElement[Any], part: str, dialect: str) -> ColumnElement[bool]:
    """The text ends with the part; capitals do not matter."""
    if not part:
        return true()
    whole = folded(text, part, dialect)
    end = func.right(whole, len(part)) if dialect == POSTGRESQL else func.substr(whole, -len(part))
    return end == fold(part)


class JsonField:
    """One field of a JSON object kept as text: its type, and its value as text or as a number."""

    def __init__(self, document: ColumnElement[Any], name: str, dialect: str) -> None:
        if dialect == POSTGRESQL:
            value = cast(document, JSONB)[name]
            self.kind: ColumnElement[Any] = func.jsonb_typeof(value)
            self._text: ColumnElement[Any] = value.astext
            self._true: ColumnElement[bool] = and_(self.kind == "boolean", self._text == "true")
            self._false: ColumnElement[bool] = and_(self.kind == "boolean", self._text == "false")
            numeric = self.kind == "number"
            self.is_text: ColumnElement[bool] = self.kind == "string"
        else:
            path = f'$."{name}"'
            self.kind = func.json_type(document, path)
            self._text = func.json_extract(document, path)
            self._true, self._false = self.kind == "true", self.kind == "false"
            numeric = self.kind.in_(("integer", "real"))
            self.is_text = self.kind == "text"
        self.number = case((numeric, cast(self._text, Double)))
        self.text = case((self.is_text, cast(self._text, Text)))

    @property
    def known(self) -> ColumnElement[bool]:
        """There is a value, and it is not null."""
        return and_(self.kind.is_not(None), self.kind != "null")

    def is_truth(self, value: bool) -> ColumnElement[bool]:
        """The value is JSON's true, or false."""
        return and_(self.kind.is_not(None), self._true if value else self._false)

    def same_as(self, other: JsonField) -> ColumnElement[bool]:
        """Both hold the same text, the same number, or the same truth."""
        both_true = and_(self.is_truth(True), other.is_truth(True))
        both_false = and_(self.is_truth(False), other.is_truth(False))
        return or_(
            func.coalesce(both_true, false()),
            func.coalesce(both_false, false()),
            and_(self.text.is_not(None), other.text.is_not(None), self.text == other.text),
            and_(self.number.is_not(None), other.number.is_not(None), self.number == other.number),
        )
