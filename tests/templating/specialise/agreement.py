"""The one property: a letter made in two stages is the letter made in one, byte for byte."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import DictLoader

from engine.errors import TemplateError
from engine.templating.environment import LetterEnvironment, escaping, make_environment
from engine.templating.specialise import CannotSplit, Residual, specialise

FAILED = object()


def environment_for(templates: Mapping[str, str], **options: Any) -> LetterEnvironment:
    """An environment over templates in memory."""
    environment = make_environment(None, loader=DictLoader(dict(templates)))
    for name, value in options.items():
        setattr(environment, name, value)
    return environment


def rendered(
    environment: LetterEnvironment, source: str | None, values: Mapping[str, Any], name: str = ""
) -> Any:
    """The text, or FAILED where rendering raises."""
    try:
        template = environment.get_template(name) if source is None else environment.from_string(source)
        return template.render(dict(values))
    except Exception:
        return FAILED


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
    before = copy.deepcopy({key: value for key, value in context.items()})
    try:
        residual = specialise(environment, name, context, autoescape=autoescape)
    except CannotSplit as refusal:
        return refusal
    except TemplateError as error:
        for person in people:
            assert rendered(plain, None, {**context, **person}, name) is FAILED, (
                f"failed in stage 1 only: {error}"
            )
        return error
    assert before == dict(context)
    stage2 = residual.stage2()
    for person in people:
        expected = rendered(plain, None, {**context, **person}, name)
        assert rendered(plain, stage2, {**person, **residual.constants}) == expected, stage2
    return residual
