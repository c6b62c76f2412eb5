"""What is personal in a variant's context, and what stage 2 needs of the rest."""

from __future__ import annotations

from collections.abc import Mapping

from engine.templating.environment import LetterEnvironment
from engine.templating.filler.paths import chains
from engine.templating.filler.values import LINE_END
from engine.templating.program import Source
from engine.templating.specialise import Personal, Residual


def personal_paths(value: object) -> list[str]:
    """The dotted names of everything personal in a context, each once."""
    found: dict[str, None] = {}
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Personal):
            found[item.path] = None
        elif isinstance(item, Mapping):
            waiting.extend(reversed(list(item.values())))
        elif isinstance(item, (list, tuple)):
            waiting.extend(reversed(item))
    return list(found)


def without_personal(value: object) -> object:
    """A context without its personal leaves, which each person brings; in lists their places stay, empty."""
    if isinstance(value, Mapping):
        return {
            name: without_personal(item) for name, item in value.items() if not isinstance(item, Personal)
        }
    if isinstance(value, (list, tuple)):
        return type(value)(None if isinstance(item, Personal) else without_personal(item) for item in value)
    return value


def stage2_source(
    environment: LetterEnvironment, residual: Residual, context: Mapping[str, object], text: str | None = None
) -> Source:
    """A residual as a source, with the static values it reads.

    A piece that reads a container with something personal in it, such as `offer[customer.choice]`, is given the
    container's static part as well; the person's values are laid over it. Fixed text has plain line ends.
    """
    source = residual.stage2(LINE_END.sub("\n", residual.text if text is None else text))
    constants = dict(residual.constants)
    mixed = {
        name: value
        for name, value in context.items()
        if name not in constants and not isinstance(value, Personal) and personal_paths(value)
    }
    leaves = [tuple(path.split(".")) for path in personal_paths(context)]
    if mixed and residual.pieces:
        # The pieces in the order they were written, which is a template without its text.
        for path in chains(environment.parse("".join(residual.pieces.values()))):
            beyond_a_leaf = any(path[: len(leaf)] == leaf for leaf in leaves)
            if path[0] in mixed and not beyond_a_leaf:
                constants[path[0]] = without_personal(mixed[path[0]])
    return Source(source, constants, residual.autoescape)
