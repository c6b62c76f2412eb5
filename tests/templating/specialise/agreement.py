"""The one property: a letter made in two stages is the letter made in one, byte for byte."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jinja2 import DictLoader, Template

from engine.errors import TemplateError
from engine.templating.environment import LetterEnvironment, escaping, make_environment
from engine.templating.specialise import CannotSplit, Residual, specialise

FAILED = object()
ADDRESS = re.compile("0x[0-9a-f]+", re.IGNORECASE)
"""Of an object that a template wrote out, such as a method: never the same twice."""


def environment_for(templates: Mapping[str, str], **options: Any) -> LetterEnvironment:
    """An environment over templates in memory."""
    environment = make_environment(None, loader=DictLoader(dict(templates)))
    for name, value in options.items():
        setattr(environment, name, value)
    return environment


def rendered(find: Callable[[], Template], people: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Each person's text, or FAILED where rendering raises."""
    texts: list[Any] = []
    for values in people:
        try:
            texts.append(ADDRESS.sub("0x", find().render(dict(values))))
        except Exception:
            texts.append(FAILED)
    return texts


def check(
    templates: Mapping[str, str],
    context: Mapping[str, Any],
    people: Sequence[Mapping[str, Any]],
    *,
    autoescape: bool = True,
    name: str = "main.html",
    **options: Any,
) -> Residual | CannotSplit | TemplateError:
    """Asserts the property for everybody; gives back the residual, or why there is none."""
    environment = environment_for(templates, **options)
    plain = escaping(environment, autoescape)
    before = copy.deepcopy(dict(context))
    expected = rendered(lambda: plain.get_template(name), [{**context, **person} for person in people])
    try:
        residual = specialise(environment, name, context, autoescape=autoescape)
    except CannotSplit as refusal:
        return refusal
    except TemplateError as error:
        assert set(expected) == {FAILED}, f"failed in stage 1 only: {error}"
        return error
    assert before == dict(context)
    source = residual.stage2()
    stage2 = plain.from_string(source)
    assert rendered(lambda: stage2, [{**person, **residual.constants} for person in people]) == expected, (
        source
    )
    return residual
