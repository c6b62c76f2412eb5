"""Plain values: text kept as written, names, addresses of people and pages, and secrets."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field

from engine.definitions.schema.base import Worded, matches, mistake
from engine.errors import UsageError
from engine.logs import hide


class WrittenInteger(int):
    """A whole number that remembers how it was written (`0123`, `+44`), for where it means text."""

    written: str

    def __new__(cls, value: int, written: str) -> WrittenInteger:
        number = super().__new__(cls, value)
        number.written = written
        return number


class WrittenNumber(float):
    """A number with a point that remembers how it was written (`1.10`)."""

    written: str

    def __new__(cls, value: float, written: str) -> WrittenNumber:
        number = super().__new__(cls, value)
        number.written = written
        return number


def as_written(value: object) -> str:
    """The characters the marketer typed for a scalar."""
    if isinstance(value, WrittenInteger | WrittenNumber):
        return value.written
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    return str(value)


def describe(value: object) -> str:
    """What kind of thing a value is, in a marketer's words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes or no"
    if isinstance(value, dict):
        return "a group of settings"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, Secret):
        return "a secret"
    return "text"


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that is never printed. `name`: of the `!secret`, or "" when written in plain sight.

    `value` is None while the secret is not set; only `reveal` hands it out.
    """

    name: str
    value: str | None = field(repr=False)

    @property
    def is_set(self) -> bool:
        """True when there is a value that is not empty."""
        return bool(self.value)

    def reveal(self) -> str:
        """The value itself. Raises UsageError when it is not set."""
        if not self.value:
            raise UsageError(
                f"the secret {self.name or '(unnamed)'} is not set",
                help=f"export {self.name}=… or write it into config/secrets.yaml",
            )
        hide(self.value)
        return self.value

    def __str__(self) -> str:
        return f"!secret {self.name}" if self.name else "!secret"


def read_text(written: object) -> str:
    """Text exactly as written; a number keeps its zeros and its plus."""
    if isinstance(written, str):
        return written
    if isinstance(written, bool | None):
        raise mistake(
            f"`{as_written(written)}` is not text", "put quotes around it if these letters are what you mean"
        )
    if isinstance(written, int | float):
        return as_written(written)
    if isinstance(written, Secret):
        raise mistake(
            "a `!secret` cannot stand here", "it would be shown in letters or logs; use `!env` or text"
        )
    raise mistake(f"expected text, found {describe(written)}")


def read_secret(written: object) -> Secret:
    """A `!secret`, or text in plain sight (which `check` warns about)."""
    return Secret("", read_text(written))


SCALAR = (bool, int, float, str)
Scalar = str | int | float | bool


def read_scalar(written: object) -> Scalar:
    """Text, a number or yes/no to compare a field with; numbers remember how they were written."""
    if isinstance(written, date | datetime):
        return written.isoformat()
    if isinstance(written, SCALAR):
        return written
    raise mistake(f"expected one value, found {describe(written)}")


def read_scalars(written: object) -> tuple[Scalar, ...]:
    """One value, or a list that means any of them."""
    if isinstance(written, list | tuple):
        return tuple(read_scalar(item) for item in written)
    return (read_scalar(written),)


def _matching(pattern: str, help: str) -> Any:
    def read(written: object) -> str:
        text = read_text(written)
        if not matches(pattern, text):
            raise mistake(f"`{text}` cannot be used here", help)
        return text

    return Worded(str, read, help, pattern=pattern, numbers=True)


def read_title(written: object) -> str:
    """Text with at least one visible character, on one line."""
    text = read_text(written)
    if not text.strip():
        raise mistake("this text is empty", "write at least one word, or leave the key out")
    return text


class _Text(Worded):
    """Any text."""


Text = Annotated[str, _Text(str, read_text, "text", numbers=True)]
Title = Annotated[str, _Text(str, read_title, "a few words", pattern=r"\S", numbers=True)]
Name = Annotated[
    str,
    _matching(
        r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$", "use letters, digits, hyphens and underscores, like `win-back`"
    ),
]
FieldName = Annotated[
    str,
    _matching(r"^[A-Za-z_][A-Za-z0-9_]{0,62}$", "use letters, digits and underscores, like `first_name`"),
]
EVENT_PREFIX = "event."
EVENT_FIELD_PATTERN = r"^(event\.)?[A-Za-z_][A-Za-z0-9_]{0,62}$"
EVENT_FIELD_HELP = "write the event's field, like `complaint_id` or `event.complaint_id`"


def read_event_field(written: object) -> str:
    """A field of an event, without the `event.` that may stand before it."""
    text = read_text(written)
    if not matches(EVENT_FIELD_PATTERN, text):
        raise mistake(f"`{text}` cannot be used here", EVENT_FIELD_HELP)
    return text.removeprefix(EVENT_PREFIX)


EventField = Annotated[str, Worded(str, read_event_field, EVENT_FIELD_HELP, EVENT_FIELD_PATTERN)]
EventName = Annotated[
    str,
    _matching(
        r"^[A-Za-z_][A-Za-z0-9_.:-]{0,99}$", "use letters, digits and underscores, like `order_placed`"
    ),
]
Email = Annotated[
    str,
    _matching(
        r"^[^\s@<>\",;:()\[\]\\]+@[^\s@<>\",;:()\[\]\\]+\.[^\s@.<>\",;:()\[\]\\]+$",
        "write an address like hello@news.acme.example",
    ),
]
FeedAddress = Annotated[
    str,
    _matching(
        r"^(https?://[^\s/]+\S*|(?!/|~|[A-Za-z]:|(.*/)?\.\.(/|$))[^\s:\\]+)$",
        "write an address that starts with https://, or a file inside the workspace",
    ),
]
Url = Annotated[
    str,
    _matching(r"^https?://[^\s/]+\S*$", "write a whole address that starts with https:// or http://"),
]
Picture = Annotated[
    str,
    _matching(
        r"^(https://[^\s/]+\S*|(?!/|~|[A-Za-z]:|(.*/)?\.\.(/|$))[^\s:\\]+\.(gif|jpe?g|png|webp))$",
        "write an address that starts with https://, or a picture in templates/ (.jpg, .png, .gif or .webp)",
    ),
]
RelativePath = Annotated[
    str,
    _matching(
        r"^(?![/\\~])(?!(.*[/\\])?\.\.([/\\]|$))(?![A-Za-z]:).*\S.*$",
        "write a path inside the workspace, like `digest.html`, without `..`",
    ),
]
SecretText = Annotated[Secret, Worded(Secret, read_secret, "write `!secret NAME`", numbers=True)]
Scalars = Annotated[
    tuple[Scalar, ...],
    Worded(
        (), read_scalars, "a value or a list of values", json_type=("string", "number", "boolean", "array")
    ),
]
Count = Annotated[int, Field(ge=0, strict=True)]
Positive = Annotated[int, Field(ge=1, strict=True)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
