"""The reference page is the models, in words."""

from __future__ import annotations

from pathlib import Path

from engine.definitions import reference
from engine.definitions.files import KINDS
from engine.definitions.schema.base import Definition
from engine.definitions.shapes import settings_of

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_up_to_date() -> None:
    written = (ROOT / reference.PAGE).read_text(encoding="utf-8")
    assert written == reference.page(), "run `python -m engine.definitions.reference`"


def test_every_key_of_every_file_is_explained() -> None:
    seen: set[type[Definition]] = set()
    waiting = [kind.model for kind in KINDS]
    while waiting:
        model = waiting.pop()
        if model in seen:
            continue
        seen.add(model)
        waiting.extend(reference._inside(model))
        for key, field in settings_of(model).items():
            assert field.description, f"{model.__name__}.{key}"
    assert len(seen) > 40
    page = reference.page()
    assert all(f"`{key}`" in page for model in seen for key in settings_of(model))
