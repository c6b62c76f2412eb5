"""Loads and parses templates; Jinja's own compiler checks each of them first."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from weakref import WeakKeyDictionary

from jinja2 import TemplateNotFound, TemplateSyntaxError, nodes

from engine.errors import TemplateError
from engine.templating.environment import LetterEnvironment
from engine.templating.specialise.place import Source
from engine.templating.specialise.residual import CannotSplit

# The shape of the names handed out in stage 2; a template using one itself could clash.
_RESERVED = re.compile(r".*__\d+\Z")

_parsed: WeakKeyDictionary[LetterEnvironment, dict[str, tuple[str, Source]]] = WeakKeyDictionary()
_texts: WeakKeyDictionary[LetterEnvironment, dict[str, Source]] = WeakKeyDictionary()
# Subjects, preheaders and headers of the campaigns being worked on.
_MOST_TEXTS = 512


def load(environment: LetterEnvironment, name: str) -> Source:
    """The template of that name. Raises jinja2.TemplateNotFound, TemplateError or CannotSplit."""
    if environment.loader is None:
        raise TemplateNotFound(name)
    text, _, _ = environment.loader.get_source(environment, name)
    cache = _parsed.setdefault(environment, {})
    if name not in cache or cache[name][0] != text:
        compiled(name, lambda: environment.get_template(name))
        cache[name] = (text, parse(environment, text, name))
    return cache[name][1]


def read(environment: LetterEnvironment, text: str) -> Source:
    """A template given as text, read once. Raises TemplateError or CannotSplit."""
    cache = _texts.setdefault(environment, {})
    if text not in cache:
        if len(cache) >= _MOST_TEXTS:
            cache.clear()
        compiled("", lambda: environment.from_string(text))
        cache[text] = parse(environment, text, None)
    return cache[text]


def load_first(environment: LetterEnvironment, names: Iterable[str]) -> Source:
    """The first of these templates that exists. Raises jinja2.TemplateNotFound when none does."""
    tried = list(names)
    for name in tried:
        try:
            return load(environment, name)
        except TemplateNotFound:
            continue
    raise TemplateNotFound(", ".join(map(str, tried)))


def parse(environment: LetterEnvironment, text: str, name: str | None) -> Source:
    """The tree of a template. Raises TemplateError with file and line, or CannotSplit."""
    tree = environment.parse(text, name)
    for used in tree.find_all(nodes.Name):
        if _RESERVED.match(used.name):
            raise CannotSplit(
                f"the name `{used.name}` looks like those made for stage 2", used.lineno, file=name or ""
            )
    blocks = {block.name: block for block in tree.find_all(nodes.Block)}
    return Source(name, tree, blocks, tree.find(nodes.Extends) is not None)


def compiled(name: str, compile: Callable[[], object]) -> None:
    """Lets Jinja's own compiler judge a template. Raises TemplateError."""
    try:
        compile()
    except TemplateNotFound:
        raise
    except TemplateSyntaxError as error:
        raise syntax_error(error) from error
    except RecursionError:
        raise CannotSplit("the template is too deeply nested", file=name) from None
    except Exception as error:
        # Folding constants may already fail: `{{ 1[2] ~ "a" }}`.
        raise TemplateError(str(error) or type(error).__name__, file=name) from error


def syntax_error(error: TemplateSyntaxError) -> TemplateError:
    """Jinja's complaint with its place."""
    return TemplateError(
        error.message or "the template cannot be read",
        file=error.name or error.filename or "",
        line=error.lineno,
    )


def not_found(error: TemplateNotFound, file: str, line: int) -> TemplateError:
    """A template that another one asks for is not there."""
    if not file:
        return TemplateError(f"there is no template `{error.name}`", file=str(error.name or ""))
    return TemplateError(f"there is no template `{error.name}`", file=file, line=line)
