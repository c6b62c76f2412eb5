"""Walks the models by the path of a value: which settings could stand there, and what they are called."""

from __future__ import annotations

from collections.abc import Sequence
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import Tag
from pydantic.fields import FieldInfo

from engine.definitions.schema.base import Definition


def is_tag(element: object) -> bool:
    """True for the parts of an error's location that name a branch of a union, not a key."""
    return isinstance(element, str) and element.startswith("<") and element.endswith(">")


def shape_at(model: type[Definition], location: Sequence[str | int]) -> Any:
    """The annotation of the value at an error's location, or None where the models know nothing."""
    shape: Any = model
    for element in location:
        shape = _below(_bare(shape), element)
        if shape is None:
            return None
    return _bare(shape)


def definition_at(model: type[Definition], location: Sequence[str | int]) -> type[Definition] | None:
    """The model of the mapping at an error's location."""
    shape = shape_at(model, location)
    return shape if is_definition(shape) else None


def is_definition(shape: Any) -> bool:
    """True for a model class."""
    return isinstance(shape, type) and issubclass(shape, Definition)


def settings_of(model: type[Definition]) -> dict[str, FieldInfo]:
    """The keys a mapping may have, as written in files, with their fields."""
    model.model_rebuild()
    return {field.alias or name: field for name, field in model.model_fields.items()}


def alternatives(shape: Any) -> dict[str, Any]:
    """The branches of a tagged union by tag, empty for any other shape."""
    bare = _bare(shape)
    if not _is_union(bare):
        return {}
    return {mark.tag: branch for branch in get_args(bare) for mark in _marks(branch)}


def extra_shape(model: type[Definition]) -> Any:
    """The shape of the values under free keys (a tier's name), or None where there are none."""
    if model.model_config.get("extra") != "allow":
        return None
    extras = get_type_hints(model, include_extras=True).get("__pydantic_extra__")
    return get_args(extras)[1] if extras is not None else None


def _below(shape: Any, element: str | int) -> Any:
    if is_tag(element):
        return alternatives(shape).get(str(element))
    if is_definition(shape):
        field = settings_of(shape).get(str(element))
        return field.annotation if field is not None else extra_shape(shape)
    if get_origin(shape) is dict:
        return get_args(shape)[1]
    if get_origin(shape) is tuple:
        return get_args(shape)[0]
    return None


def _bare(shape: Any) -> Any:
    """Without Annotated and without None."""
    while True:
        if get_origin(shape) is Annotated:
            shape = get_args(shape)[0]
        elif _is_union(shape) and type(None) in get_args(shape):
            rest = [branch for branch in get_args(shape) if branch is not type(None)]
            shape = rest[0] if len(rest) == 1 else Union[tuple(rest)]  # noqa: UP007
        else:
            return shape


def _marks(branch: Any) -> list[Tag]:
    return [mark for mark in get_args(branch)[1:] if isinstance(mark, Tag)] if _annotated(branch) else []


def _annotated(shape: Any) -> bool:
    return get_origin(shape) is Annotated


def _is_union(shape: Any) -> bool:
    return get_origin(shape) in (Union, UnionType)
