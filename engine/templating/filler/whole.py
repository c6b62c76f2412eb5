"""Letters that could not be divided: each person's is rendered, inlined and turned to text from the beginning."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from jinja2 import DictLoader, nodes
from jinja2.exceptions import UndefinedError

from engine.errors import LetterError
from engine.templating.environment import LetterEnvironment, escaping
from engine.templating.filler.expressions import FAILURES, Expression, Jinja
from engine.templating.filler.nodes import Body, Let, Value
from engine.templating.filler.paths import nested
from engine.templating.filler.values import missing
from engine.templating.program import Whole

LETTER = "whole"
"""The variable that holds both finished bodies between rendering them and laying them into slots."""


def whole_bodies(
    whole: Whole, inputs: Sequence[str], environment: LetterEnvironment, slot: int, *, finished: bool = True
) -> dict[str, Body]:
    """The skeletons of an undivided letter: each body is one slot, the first of them `slot`.

    `finished`: False only renders, to learn whether a person's letter can be made, and leaves both bodies empty.
    """
    names = tuple(inputs)
    render = cast(Jinja, renderer(whole, names, environment, finished=finished))
    make = Expression("whole", names, (), None, render, nodes.Const(""), True)
    return {
        "html": (Let(LETTER, make), Value(slot, part(0), final=True)),
        "text": (Let(LETTER, make), Value(slot + 1, part(1), final=True)),
    }


def part(index: int) -> Expression:
    """One of the two finished bodies."""

    def take(_: Sequence[object], variables: Mapping[str, object]) -> Any:
        bodies = variables[LETTER]
        assert isinstance(bodies, tuple)
        return bodies[index]

    return Expression(f"whole {index}", (), (LETTER,), None, cast(Jinja, take), nodes.Const(""), True)


def renderer(
    whole: Whole, names: tuple[str, ...], environment: LetterEnvironment, *, finished: bool = True
) -> Callable[[Sequence[object], Mapping[str, object]], tuple[str, str]]:
    """Renders both bodies for a person's values."""
    loading = cast(LetterEnvironment, environment.overlay(loader=DictLoader(dict(whole.templates))))
    loading.__dict__.pop("_by_escaping", None)
    html_template = escaping(loading, True).get_template(whole.html)
    text_template = escaping(loading, False).get_template(whole.text) if whole.text else None

    def render(values: Sequence[object], _: Mapping[str, object]) -> tuple[str, str]:
        from engine.templating.inline import inline
        from engine.templating.plaintext import plain_text

        context = {**whole.context, **nested(names, values, whole.context)}
        try:
            page = html_template.render(context)
            text = text_template.render(context) if text_template else ""
            if not finished:
                return "", ""
            html = inline(page).html
            text = text if text_template else plain_text(html)
        except UndefinedError as error:
            absent = [name for name, value in zip(names, values, strict=True) if value is None]
            if len(absent) == 1 and absent[0].rpartition(".")[2] in str(error.message):
                missing(absent[0])
            raise LetterError(str(error.message), reason="missing_value") from error
        except FAILURES as error:
            raise LetterError(
                f"the template fails for this customer: {error}", reason="template_error"
            ) from error
        return html, text

    return render
