"""JSON Schemas for editors, made from the same models that check the files.

Written for yaml-language-server (draft-07 is what all its versions read): the editor then shows a problem on
the line where `check` shows it, completes keys and explains them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from engine.definitions.files import KINDS, Kind
from engine.definitions.loader import TAGS
from engine.definitions.schema.providers import PROVIDER_TYPES
from engine.definitions.shapes import is_tag

DRAFT = "http://json-schema.org/draft-07/schema#"
FOLDER = ".schema"
CUSTOM_TAGS = [f"{tag} scalar" for tag in TAGS]
DEFINITIONS = "definitions"

Schema = dict[str, Any]


def write_schemas(folder: Path) -> list[Path]:
    """One schema a kind of file, into `folder` (made when it is not there); the paths written."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, schema in schemas().items():
        path = folder / name
        path.write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        written.append(path)
    return written


def schema_globs() -> dict[str, list[str]]:
    """Which files each schema is for: schema file name, globs from the workspace's folder."""
    return {f"{kind.name}.json": [kind.glob, kind.glob.removesuffix(".yaml") + ".yml"] for kind in KINDS}


def editor_settings(folder: str = FOLDER) -> Schema:
    """What `.vscode/settings.json` needs; `folder`: where the schemas lie, from the workspace's folder."""
    return {
        "yaml.customTags": CUSTOM_TAGS,
        "yaml.schemas": {f"./{folder}/{name}": globs for name, globs in schema_globs().items()},
    }


def write_editor_settings(root: Path, folder: str = FOLDER) -> Path | None:
    """Makes `.vscode/settings.json` in a workspace that has none; None where one is there, which stays as it is."""
    path = root / ".vscode" / "settings.json"
    if path.exists():
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(editor_settings(folder), indent=2) + "\n", encoding="utf-8")
    return path


def schemas() -> dict[str, Schema]:
    """The schemas by file name."""
    return {f"{kind.name}.json": schema_of(kind) for kind in KINDS}


def schema_of(kind: Kind) -> Schema:
    """The schema of one kind of file. Files of groups may hold any of the groups, as `check` allows."""
    if kind.flat:
        return _finished(_generated(kind), f"Touchbase: {kind.name}")
    merged: Schema = {"type": "object", "properties": {}, "$defs": {}, "additionalProperties": False}
    for part in (other for other in KINDS if not other.flat):
        schema = _generated(part)
        merged["properties"].update(schema["properties"])
        merged["$defs"].update(schema.get("$defs", {}))
        merged["patternProperties"] = schema["patternProperties"]
    merged["description"] = _generated(kind)["description"]
    return _finished(merged, f"Touchbase: {kind.name}")


def _generated(kind: Kind) -> Schema:
    return kind.model.model_json_schema(by_alias=True, schema_generator=_Generator, mode="validation")


class _Generator(GenerateJsonSchema):
    """Says a choice of groups as if … then … else, so that an editor blames the one that was meant."""

    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> JsonSchemaValue:
        branches = {str(tag): self.generate_inner(choice) for tag, choice in schema["choices"].items()}
        if not all(is_tag(tag) for tag in branches):
            return super().tagged_union_schema(schema)
        if "<steps>" in branches:
            return {"if": {"type": "array"}, "then": branches["<steps>"], "else": branches["<words>"]}
        keys = [tag[1:-1] for tag in branches]
        chain: JsonSchemaValue = _any_of_keys(keys)
        for key, branch in reversed(list(zip(keys, branches.values(), strict=True))):
            chain = {"if": _says(key), "then": branch, "else": chain}
        return chain


def _says(key: str) -> Schema:
    """True for a group that has this key, or this type of provider."""
    if key in PROVIDER_TYPES:
        return {"properties": {"type": {"const": key}}, "required": ["type"]}
    return {"required": [key]}


def _any_of_keys(keys: list[str]) -> Schema:
    """The last `else`: a group that says none of them; the keys are still offered for completion."""
    if set(keys) == set(PROVIDER_TYPES):
        return {"type": "object", "properties": {"type": {"enum": keys}}, "required": ["type"]}
    return {
        "type": "object",
        "properties": {key: {} for key in keys},
        "anyOf": [{"required": [key]} for key in keys],
    }


def _finished(schema: Schema, title: str) -> Schema:
    definitions = schema.pop("$defs", {})
    finished = {"$schema": DRAFT, "title": title, **_plain(schema)}
    finished["title"] = title
    finished[DEFINITIONS] = {name: _plain(part) for name, part in sorted(definitions.items())}
    return finished


def _plain(part: Any) -> Any:
    """The same without what editors show badly: null as a choice, titles made of names, newer keywords."""
    if isinstance(part, list):
        return [_plain(item) for item in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part and isinstance(part["$ref"], str):
        reference = {"$ref": part["$ref"].replace("#/$defs/", f"#/{DEFINITIONS}/")}
        about = {key: part[key] for key in ("description",) if key in part}
        return {"allOf": [reference], **_explained(about)} if about else reference
    part = _without_null(part)
    answer = {key: _inner(key, value) for key, value in part.items()}
    if isinstance(answer.get("title"), str):
        del answer["title"]
    if answer.get("default", 0) is None:
        del answer["default"]
    if "prefixItems" in answer:
        answer["items"] = answer.pop("prefixItems")
    if "patternProperties" in answer and "properties" not in answer:
        answer.setdefault("additionalProperties", False)
    return _explained(answer)


def _inner(key: str, value: Any) -> Any:
    """Below `properties` and the like, keys are names, not keywords."""
    if key in ("properties", "patternProperties") and isinstance(value, dict):
        return {name: _plain(schema) for name, schema in value.items()}
    return value if key in ("examples", "default", "enum", "required", "const") else _plain(value)


def _without_null(part: Schema) -> Schema:
    choices = part.get("anyOf")
    if not isinstance(choices, list) or {"type": "null"} not in choices:
        return part
    rest = [choice for choice in choices if choice != {"type": "null"}]
    others = {key: value for key, value in part.items() if key != "anyOf"}
    if len(rest) > 1:
        return {**others, "anyOf": rest}
    only = rest[0]
    return {**others, "allOf": [only]} if "$ref" in only else {**only, **others}


def _explained(schema: Schema) -> Schema:
    """With the description as Markdown too, so that hover shows key names as such."""
    about = schema.get("description")
    if isinstance(about, str):
        schema["markdownDescription"] = about
    return schema
