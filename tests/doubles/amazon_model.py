"""Amazon's own service model (the JSON of its SDKs), asked what is wrong with a call."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any


class Model:
    """The shapes of one service."""

    def __init__(self, path: Path) -> None:
        self.document = opened(path)

    def faults(self, operation: str, value: object) -> list[str]:
        """What is wrong with an operation's body."""
        shape = self.document["operations"][operation]["input"]["shape"]
        return list(self.wrong(shape, value, operation))

    def operation(self, path: str) -> str:
        """The operation that a POST to a path calls; "" where there is none."""
        for name, each in self.document["operations"].items():
            if each["http"] == {"method": "POST", "requestUri": path}:
                return name
        return ""

    def wrong(self, name: str, value: Any, place: str) -> Iterator[str]:
        """What is wrong with a value of a shape."""
        shape = self.document["shapes"][name]
        kinds = {"structure": dict, "list": list, "string": str, "blob": str, "boolean": bool, "map": dict}
        if not isinstance(value, kinds[shape["type"]]):
            yield f"{place} is no {shape['type']}"
        elif shape["type"] == "structure":
            yield from (f"{place} lacks {each}" for each in shape.get("required", ()) if each not in value)
            for key, inner in value.items():
                member = shape["members"].get(key)
                if member is None:
                    yield f"{place} does not know {key}"
                else:
                    yield from self.wrong(member["shape"], inner, f"{place}.{key}")
        elif shape["type"] == "list":
            if len(value) > shape.get("max", 10**9):
                yield f"{place} has {len(value)} entries"
            for number, inner in enumerate(value):
                yield from self.wrong(shape["member"]["shape"], inner, f"{place}[{number}]")
        elif shape["type"] == "blob":
            base64.b64decode(value, validate=True)
        elif shape["type"] == "string":
            yield from wrong_text(shape, value, place)


def wrong_text(shape: dict[str, Any], value: str, place: str) -> Iterator[str]:
    """What is wrong with a text."""
    if not shape.get("min", 0) <= len(value) <= shape.get("max", 10**9):
        yield f"{place} has {len(value)} characters"
    if "pattern" in shape and not re.fullmatch(shape["pattern"], value):
        yield f"{place} does not match {shape['pattern']}"
    if "enum" in shape and value not in shape["enum"]:
        yield f"{place} is none of {shape['enum']}"


@cache
def opened(path: Path) -> dict[str, Any]:
    """The document, read once."""
    return json.loads(path.read_text())
