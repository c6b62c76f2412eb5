"""What all definitions share: frozen, no unknown keys, `x-…` keys as notes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Worded:
    """Marks a type that is written as a phrase and read by a function.

    `read` takes the written value and returns the noun or raises `mistake(…)`; the noun itself passes.
    `pattern` is the same rule for editors (None where only the reader can tell); `numbers` says that a bare
    number is fine too.
    """

    noun: type | tuple[type, ...]
    read: Callable[[object], Any]
    help: str
    pattern: str | None = None
    numbers: bool = False
    choices: tuple[str, ...] = ()

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
        answer: JsonSchemaValue = {"type": ["string", "number"] if self.numbers else "string"}
        if self.pattern is not None:
            answer["pattern"] = self.pattern
            answer["patternErrorMessage"] = self.help
        if self.choices:
            answer["enum"] = list(self.choices)
        return answer
