"""Customers: the key column, the fields, and how a spreadsheet's columns are called."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from engine.definitions.schema.base import Definition, mistake
from engine.definitions.schema.values import EventName, FieldName, Text, as_written, describe


class FieldKind(StrEnum):
    """What a field holds."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    MOMENT = "moment"
    LIST = "list"
    YES_OR_NO = "yes_or_no"
    ONE_OF = "one_of"


KINDS = tuple(kind.value for kind in FieldKind if kind is not FieldKind.ONE_OF)
KINDS_HELP = "choose from: " + ", ".join(KINDS) + "; or `{ one_of: [gold, silver] }`"


@dataclass(frozen=True, slots=True)
class FieldType:
    """A field's kind; `choices` only for ONE_OF, best first."""

    kind: FieldKind
    choices: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"one of {', '.join(self.choices)}" if self.choices else str(self.kind)


def read_field_type(written: object) -> FieldType:
    """`text`, or `{ one_of: [platinum, gold] }`."""
    if isinstance(written, FieldType):
        return written
    if isinstance(written, str):
        if written not in KINDS:
            raise mistake(f"`{written}` is not a kind of field", KINDS_HELP)
        return FieldType(FieldKind(written))
    if not isinstance(written, dict):
        raise mistake(f"expected a kind of field, found {describe(written)}", KINDS_HELP)
    unknown = [key for key in written if key != "one_of"]
    if unknown or "one_of" not in written:
        raise mistake("only `one_of` can stand here", KINDS_HELP, at=(unknown[0],) if unknown else ())
    choices = written["one_of"]
    if not isinstance(choices, list | tuple) or not choices:
        raise mistake("`one_of` needs a list of values", "write `{ one_of: [gold, silver] }`", at=("one_of",))
    words = tuple(as_written(choice) for choice in choices)
    if len(set(words)) != len(words):
        raise mistake("a value is written twice", "keep each value once", at=("one_of",))
    return FieldType(FieldKind.ONE_OF, words)


class _FieldTypeSchema:
    """Lets pydantic read a field type and describe it to editors."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(read_field_type)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        one_of = {
            "type": "array",
            "items": {"type": ["string", "number"]},
            "minItems": 1,
            "uniqueItems": True,
        }
        return {
            "if": {"type": "object"},
            "then": {"properties": {"one_of": one_of}, "required": ["one_of"], "additionalProperties": False},
            "else": {"type": "string", "enum": list(KINDS)},
        }


FieldTypeText = Annotated[FieldType, _FieldTypeSchema()]

BUILT_IN: dict[str, FieldType] = {
    "email": FieldType(FieldKind.TEXT),
    "customer_id": FieldType(FieldKind.TEXT),
    "time_zone": FieldType(FieldKind.TEXT),
    "language": FieldType(FieldKind.TEXT),
    "tags": FieldType(FieldKind.LIST),
    "topics": FieldType(FieldKind.LIST),
}


class Accounts(Definition):
    """Customers who belong together: the people of one company. Who has no value in `by` is an account of their own."""

    by: FieldName = Field(
        description="A field of the customer that is the same for all people of an account.",
        examples=["company_id"],
    )
    name: FieldName | None = Field(
        None, description="A field with the account's name, for people to read.", examples=["company"]
    )
    role: FieldName | None = Field(
        None, description="A field with what somebody is there.", examples=["role"]
    )


class Customers(Definition):
    """What is known about a person. Built in: email, customer_id, time_zone, language, tags, topics."""

    key: FieldName = Field(
        "customer_id", description="The column that identifies a person; the email may change."
    )
    fields: dict[FieldName, FieldTypeText] = Field(
        default_factory=dict,
        description="Your own fields and what they hold: " + ", ".join(KINDS) + " or one_of.",
    )
    events: dict[EventName, dict[FieldName, FieldTypeText]] = Field(
        default_factory=dict,
        description="Events and their fields, where you want their names and values checked.",
    )
    accounts: Accounts | None = Field(
        None, description="Which customers belong together, as a company's people do."
    )
    csv: dict[Text, FieldName] = Field(
        default_factory=dict,
        description="Columns whose names differ: the spreadsheet's name, then the field's.",
    )

    def field_type(self, name: str) -> FieldType | None:
        """The type of a field or built-in; None when there is none of that name."""
        return self.fields.get(name) or BUILT_IN.get(name)

    @property
    def role_field(self) -> str:
        """The field with what somebody is in their account; "" where none is named."""
        return (self.accounts.role if self.accounts is not None else None) or ""


class CustomersFile(Definition):
    """config/customers.yaml"""

    customers: Customers = Field(description="What is known about a person.")
