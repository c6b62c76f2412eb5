"""What all definitions share: frozen, no unknown keys, `x-…` keys as notes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

NOTE_PREFIX = "x-"


def _allow_notes(schema: dict[str, Any]) -> None:
    schema["patternProperties"] = {f"^{NOTE_PREFIX}": {"description": "A note; Touchbase does not read it."}}


class Definition(BaseModel):
    """A mapping in a file. Attributes named like Python words end in an underscore (`is_`)."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        validate_by_alias=True,
        validate_by_name=True,
        use_attribute_docstrings=False,
        json_schema_extra=_allow_notes,
        defer_build=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _without_notes(cls, written: object) -> object:
        if isinstance(written, Mapping) and any(str(key).startswith(NOTE_PREFIX) for key in written):
            return {key: value for key, value in written.items() if not str(key).startswith(NOTE_PREFIX)}
        return written


def mistake(message: str, help: str = "", *, at: tuple[str | int, ...] = ()) -> PydanticCustomError:
    """A validation error in the marketer's words. `at`: keys below the value that are to blame."""
    return PydanticCustomError("mistake", "{message}", {"message": message, "help": help, "at": list(at)})


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"(?<!\\)\$", r"\\Z", pattern))


def matches(pattern: str, text: str) -> bool:
    """Whether a text has a pattern as editors read it: `$` is the very end, not before a last line break."""
    return _compiled(pattern).search(text) is not None


@dataclass(frozen=True)
class OneOrMany:
    """Marks a tuple whose single item may be written without a list around it."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_as_tuple, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        many = handler(schema)
        return {"if": {"type": "array"}, "then": many, "else": many["items"]}


def _as_tuple(written: object) -> object:
    return (written,) if isinstance(written, Mapping | Definition) else written


@dataclass(frozen=True)
class Worded:
    """Marks a type that is written as a phrase and read by a function.

    `read` takes the written value and returns the noun or raises `mistake(…)`; the noun itself passes.
    `pattern` is the same rule for editors (None where only the reader can tell); `numbers` says that a bare
    number is fine too; `json_type` names the types for editors where text and number do not say it.
    """

    noun: type | tuple[type, ...]
    read: Callable[[object], Any]
    help: str
    pattern: str | None = None
    numbers: bool = False
    choices: tuple[str, ...] = ()
    json_type: tuple[str, ...] = ()

    def _validate(self, written: object) -> Any:
        if isinstance(written, self.noun) and not isinstance(written, str):
            return written
        return self.read(written)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self._validate, serialization=core_schema.to_string_ser_schema()
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        types = self.json_type or (("string", "number") if self.numbers else ("string",))
        answer: JsonSchemaValue = {"type": types[0] if len(types) == 1 else list(types)}
        if "array" in types:
            answer["items"] = {"type": [kind for kind in types if kind != "array"]}
        if self.pattern is not None:
            for texts in (answer, *([answer["items"]] if "array" in types else [])):
                texts["pattern"] = self.pattern
                texts["patternErrorMessage"] = self.help
        if self.choices:
            answer["enum"] = list(self.choices)
        return answer
