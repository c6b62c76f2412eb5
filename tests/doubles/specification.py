"""A provider's own OpenAPI document, asked what is wrong with a call."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml


class Specification:
    """The document, and the address its paths are meant for. `base`: the server's URL without the path."""

    def __init__(self, path: Path, base: str) -> None:
        self.openapi = opened(path)
        self.base = base

    def faults(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> list[str]:
        """What the document says is wrong with a call."""
        from openapi_core.exceptions import OpenAPIError
        from openapi_core.testing import MockRequest

        request = MockRequest(
            self.base,
            method.lower(),
            path,
            headers=dict(headers),
            data=body,
            content_type=headers.get("content-type", ""),
        )
        try:
            self.openapi.validate_request(request)
        except OpenAPIError as error:
            return [f"{type(error).__name__}: {error.__cause__ or error}"]
        return []


@cache
def opened(path: Path) -> Any:
    """The document, read once: some take seconds."""
    from openapi_core import OpenAPI

    text = path.read_text()
    return OpenAPI.from_dict(json.loads(text) if path.suffix == ".json" else yaml.safe_load(text))
