"""Writes docs/reference/campaign.md from the models: every file and key, what it means, how it is written.

Run `python -m engine.definitions.reference` after changing a model; a test compares the page with the models.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from engine.definitions.checks.not_yet import CONSTRUCTS
from engine.definitions.files import KINDS, Kind
from engine.definitions.schema.base import Definition, Worded
from engine.definitions.schema.customers import KINDS_HELP, FieldType
from engine.definitions.schema.values import Secret
from engine.definitions.shapes import alternatives, extra_shape, is_definition, settings_of

PAGE = Path("docs") / "reference" / "campaign.md"
OPENING = """\
# The files a marketer edits

Every file, every key. This page is written from the models that check the files
(`python -m engine.definitions.reference`), so it cannot fall behind them.

One top-level key says what a file is. Groups (segments, senders, feeds, offers …) lie in `config/` and may
share a file; each campaign has its own file in `campaigns/`. Sentences, not encodings: `3 days`, `5%`, `tue`,
`first tuesday`, `"09:30"`. A key that is not on this page is an error; keys that begin with `x-` are notes.
`!secret NAME` takes a value from the environment or from `config/secrets.yaml` (keep that file out of
git), `!env NAME` one from the environment, `!include FILE` the contents of another file of the workspace.

A list of conditions means all of them; `any:` and `not:` are explicit. A test on a missing value is false,
`is_not` included; `known: false` finds those customers. An empty or unknown segment means nobody.
"""


def page() -> str:
    """The whole page as Markdown."""
    parts = [OPENING]
    seen: set[type[Definition]] = set()
    for kind in sorted(KINDS, key=lambda kind: kind.name != "campaign"):
        parts.extend(_file(kind, seen))
    parts.extend(_not_yet())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(parts))


def _not_yet() -> Iterator[str]:
    yield "\n## Understood, but not carried out yet\n"
    yield "`check` says so where one of these is written.\n"
    yield "| key | `send` |"
    yield "|---|---|"
    for construct in CONSTRUCTS:
        answer = "refuses the campaigns it concerns" if construct.blocking else construct.help
        yield f"| `{construct.key}` | {answer} |"
    yield ""


def _file(kind: Kind, seen: set[type[Definition]]) -> Iterator[str]:
    yield f"\n## {kind.glob}\n"
    waiting: list[type[Definition]] = [kind.model]
    while waiting:
        model = waiting.pop(0)
        if model in seen:
            continue
        seen.add(model)
        if model is not kind.model:
            yield f"\n### {_title(model)}\n"
        about = inspect.getdoc(model) or ""
        if about != kind.glob:
            yield f"{about}\n"
        yield from _table(model)
        waiting = [*_inside(model), *waiting]


def _table(model: type[Definition]) -> Iterator[str]:
    yield "| key | what it says | written as | without it |"
    yield "|---|---|---|---|"
    for key, field in settings_of(model).items():
        about = _cell(field.description or "") + _examples(field)
        yield f"| `{key}` | {about} | {_cell(written_as(_annotated(field)))} | {_default(field)} |"
    extras = extra_shape(model)
    if extras is not None:
        yield f"| any other key | For this value of the field. | {_cell(written_as(extras))} | `otherwise` |"
    yield ""


def _examples(field: FieldInfo) -> str:
    shown = [f"`{_yaml(example)}`" for example in field.examples or ()]
    return f" Like {', '.join(shown)}." if shown else ""


def _yaml(example: object) -> str:
    if isinstance(example, list):
        return f"[{', '.join(_yaml(item) for item in example)}]"
    text = str(example)
    return f'"{text}"' if re.search(r"\d:\d|\{\{", text) else text


def _annotated(field: FieldInfo) -> Any:
    """The field's type with its marks, which pydantic keeps apart."""
    return Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**needed**"
    value = field.get_default(call_default_factory=True)
    if value is None or value in ("", (), {}) or isinstance(value, Definition):
        return ""
    if isinstance(value, Secret):
        return f"`{value.value}`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def written_as(shape: Any) -> str:
    """How a value of this type is written, in words."""
    if get_origin(shape) is Annotated:
        marks = [mark for mark in get_args(shape)[1:] if isinstance(mark, Worded)]
        return _worded(marks[0]) if marks else written_as(get_args(shape)[0])
    branches = [branch for branch in get_args(shape) if branch is not NoneType]
    if get_origin(shape) is Literal:
        return " or ".join(f"`{choice}`" for choice in get_args(shape))
    if get_origin(shape) is tuple:
        return f"a list: {written_as(get_args(shape)[0])}"
    if get_origin(shape) is dict:
        return f"by name: {written_as(get_args(shape)[1])}"
    if alternatives(shape) and len(alternatives(shape)) > 2:
        return " or ".join(_link(branch) for branch in _models(shape))
    if branches:
        return " or ".join(written_as(branch) for branch in branches)
    return _simple(shape)


def _simple(shape: Any) -> str:
    if is_definition(shape):
        return _link(shape)
    if shape is FieldType:
        return KINDS_HELP
    words = {bool: "`true` or `false`", int: "a whole number", float: "a number", str: "text"}
    if shape in words:
        return words[shape]
    return " or ".join(f"`{choice}`" for choice in shape)


def _worded(mark: Worded) -> str:
    if mark.help.startswith("use letters"):
        return f"a name, {mark.help.partition(', ')[2].rpartition(', ')[2]}"
    return re.sub(r"^(write|use) (it |them )?(like )?", "", mark.help).replace("choose from: ", "one of ")


def _inside(model: type[Definition]) -> list[type[Definition]]:
    shapes = [*(field.annotation for field in settings_of(model).values()), extra_shape(model)]
    return list(dict.fromkeys(found for shape in shapes for found in _models(shape)))


def _models(shape: Any) -> list[type[Definition]]:
    if is_definition(shape):
        return [shape]
    return [found for part in get_args(shape) for found in _models(part)]


def _title(model: type[Definition]) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", model.__name__).capitalize()


def _link(model: type[Definition]) -> str:
    title = _title(model)
    return f"[{title.lower()}](#{title.lower().replace(' ', '-')})"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
