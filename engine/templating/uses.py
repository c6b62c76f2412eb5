"""Which names of the context a template reads, with file and line: `customer.first_nam` at digest.html:14."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jinja2 import nodes
from jinja2.exceptions import TemplateNotFound, TemplateSyntaxError
from jinja2.meta import find_referenced_templates

from engine.templating.environment import LetterEnvironment


@dataclass(frozen=True, slots=True)
class Use:
    """One attribute read of a name: `path` is ("customer", "first_nam"). `file` "" for a text of its own."""

    path: tuple[str, ...]
    file: str
    line: int


def uses_in_text(environment: LetterEnvironment, source: str) -> list[Use]:
    """The uses of a subject, preheader or header; none where it cannot be read at all."""
    try:
        return list(_uses(environment.parse(source), ""))
    except TemplateSyntaxError:
        return []


def uses_in_templates(environment: LetterEnvironment, names: Sequence[str]) -> list[Use]:
    """The uses of these templates and of all they extend, include and import."""
    assert environment.loader is not None
    found: list[Use] = []
    seen: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            parsed = environment.parse(environment.loader.get_source(environment, name)[0])
        except (TemplateNotFound, TemplateSyntaxError):
            # Told with its place when the letter is made.
            continue
        found.extend(_uses(parsed, name))
        waiting.extend(other for other in find_referenced_templates(parsed) if other is not None)
    return found


def _uses(parsed: nodes.Template, file: str) -> Iterator[Use]:
    own = {name.name for name in parsed.find_all(nodes.Name) if name.ctx in ("store", "param")}
    for node in parsed.find_all(nodes.Getattr):
        path = _path(node)
        if path and path[0] not in own:
            yield Use(path, file, node.lineno)


def _path(node: nodes.Expr) -> tuple[str, ...]:
    if isinstance(node, nodes.Name):
        return (node.name,)
    if isinstance(node, nodes.Getattr):
        before = _path(node.node)
        return (*before, node.attr) if before else ()
    return ()
