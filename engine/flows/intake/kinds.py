"""From a field's kind in the definitions to the kind of column the store keeps it in."""

from __future__ import annotations

from collections.abc import Mapping

from engine.definitions.schema.customers import FieldKind, FieldType

COLUMN_KINDS = {
    FieldKind.TEXT: "text",
    FieldKind.NUMBER: "number",
    FieldKind.DATE: "date",
    FieldKind.MOMENT: "moment",
    FieldKind.LIST: "list",
    FieldKind.YES_OR_NO: "boolean",
    FieldKind.ONE_OF: "one_of",
}


def stored_kinds(fields: Mapping[str, FieldType]) -> dict[str, str]:
    """The column kind of every declared field."""
    return {name: COLUMN_KINDS[kind.kind] for name, kind in fields.items()}
